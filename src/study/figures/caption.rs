//! What in a figure was put in, and what comes out: every caption tells fitted from predicted and measured.

use serde::Serialize;

/// Words of which a caption has at least one: what comes out of a model is predicted, what comes out of data
/// measured.
pub(super) const KINDS: [&str; 2] = ["predicted", "measured"];

/// The caption of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caption {
    /// Its file below `paper-figures/`, without ending.
    pub figure: String,
    /// What in it was fitted to published numbers; empty if nothing was.
    pub fitted: String,
    /// What else is drawn, and whether it is predicted or measured.
    pub drawn: String,
}

impl Caption {
    /// The caption as it stands below the figure.
    pub fn text(&self) -> String {
        let drawn = sentence(&self.drawn);
        if self.fitted.is_empty() {
            format!("Nothing is fitted. {drawn}")
        } else {
            format!("Fitted: {} {drawn}", sentence(&self.fitted))
        }
    }

    /// What it fails to say.
    pub(super) fn lacks(&self) -> Option<String> {
        let words = self.drawn.split(|c: char| !c.is_alphabetic());
        let told = words.into_iter().any(|word| KINDS.contains(&word));
        (!told).then(|| {
            format!(
                "says neither what is {} nor what is {}; say it in these words",
                KINDS[0], KINDS[1]
            )
        })
    }
}

/// `text` with a full stop.
fn sentence(text: &str) -> String {
    text.trim_end_matches('.').to_owned() + "."
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caption(fitted: &str, drawn: &str) -> Caption {
        Caption {
            figure: "f".to_owned(),
            fitted: fitted.to_owned(),
            drawn: drawn.to_owned(),
        }
    }

    #[test]
    fn a_caption_says_what_is_fitted_or_that_nothing_is() {
        let text = caption("", "All is predicted").text();
        assert_eq!(text, "Nothing is fitted. All is predicted.");
        let text = caption("one row.", "the rest is measured.").text();
        assert_eq!(text, "Fitted: one row. the rest is measured.");
    }

    #[test]
    fn a_caption_that_does_not_say_what_comes_out_lacks_it() {
        for (drawn, lacks) in [
            ("Curves are predicted", false),
            ("Points are measured, on logs", false),
            ("Curves of a model", true),
            ("An unpredicted, unmeasured thing", true),
            ("", true),
        ] {
            assert_eq!(caption("", drawn).lacks().is_some(), lacks, "{drawn}");
        }
    }
}

//! The page beside the figures: every caption says what is fitted, or that nothing is, and what is predicted or
//! measured; and what is fitted anywhere is said wherever it is drawn.

use std::fs;

use foldem::study::figures::Spec;

use super::cli::root;

/// Scenarios that are fitted to published numbers.
const FITTED: [&str; 3] = ["llama-gsm8k-row", "gsm8k-like", "gsm8k-published"];

/// A figure of the page: its name, its words and its caption.
struct Shown<'p> {
    name: &'p str,
    alt: &'p str,
    caption: &'p str,
}

/// The figures of `page`, as `![words](name.svg)` with the line `*name* caption` below.
fn shown(page: &str) -> Vec<Shown<'_>> {
    let mut lines = page.lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        let Some((alt, file)) = line
            .strip_prefix("![")
            .and_then(|line| line.rsplit_once("]("))
        else {
            continue;
        };
        let name = file.trim_end_matches(".svg)");
        let below = lines.by_ref().find(|line| !line.is_empty());
        let caption = below.and_then(|line| line.strip_prefix(&format!("*{name}* ")));
        all.push(Shown {
            name,
            alt,
            caption: caption.unwrap_or_default(),
        });
    }
    all
}

/// What the captions of `page` fail to say.
fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for Shown { name, alt, caption } in shown(page) {
        let nothing = caption.starts_with("Nothing is fitted. ");
        if !nothing && !caption.starts_with("Fitted: ") {
            faults.push(format!("{name}: is anything fitted?"));
        }
        if !caption.contains("predicted") && !caption.contains("measured") {
            faults.push(format!("{name}: predicted or measured?"));
        }
        let fitted = FITTED.iter().filter(|scenario| alt.contains(**scenario));
        if nothing && fitted.count() > 0 {
            faults.push(format!("{name}: shows what is fitted"));
        }
    }
    faults
}

fn list() -> String {
    fs::read_to_string(root().join("experiments/paper/figures.toml")).unwrap()
}

#[test]
fn every_caption_tells_fitted_from_predicted_and_measured() {
    let page = fs::read_to_string(root().join("paper-figures/README.md")).unwrap();
    assert!(shown(&page).len() >= 18, "the page has its figures");
    assert_eq!(faults(&page), Vec::<String>::new());
}

/// Each fault that is planted into a sound page is seen.
#[test]
fn planted_faults_of_captions_are_seen() {
    let sound = "![rows, llama-gsm8k-row: 1](a.svg)\n\n*a* Fitted: the row llama-gsm8k-row. The rest is measured.\n\n\
                 ![curves](b.svg)\n\n*b* Nothing is fitted. All is predicted.\n";
    assert_eq!(faults(sound), Vec::<String>::new());
    for (from, to, seen) in [
        ("Nothing is fitted. ", "", "b: is anything fitted?"),
        (
            "All is predicted.",
            "All is drawn.",
            "b: predicted or measured?",
        ),
        (
            "Fitted: the row llama-gsm8k-row.",
            "Nothing is fitted.",
            "a: shows what is fitted",
        ),
        (
            "curves]",
            "curves of gsm8k-like]",
            "b: shows what is fitted",
        ),
    ] {
        assert_eq!(faults(&sound.replacen(from, to, 1)), [seen]);
    }
    let bare = sound.replacen("*b* Nothing", "Nothing", 1);
    let seen = ["b: is anything fitted?", "b: predicted or measured?"];
    assert_eq!(faults(&bare), seen);
}

/// The list is refused where a figure has no caption, or one that says nothing.
#[test]
fn a_figure_without_a_sound_caption_is_a_mistake() {
    let sound = list();
    Spec::parse("figures.toml", &sound).unwrap();
    for (from, to, seen) in [
        (
            "[[caption]]\nfigure = \"sweep-cutoff\"",
            "[[caption]]\nfigure = \"sweep-cut\"",
            "names \"sweep-cutoff\", which has no [[caption]]",
        ),
        (
            "[[caption]]\nfigure = \"sweep-cutoff\"",
            "[[caption]]\nfigure = \"errors-by-group\"",
            "is \"errors-by-group\", which has a caption already",
        ),
        (
            "Shares and intervals are measured on drawn logs.",
            "Shares and intervals.",
            "says neither what is predicted nor what is measured",
        ),
    ] {
        assert!(sound.contains(from), "{from}");
        let faulty = sound.replacen(from, to, 1);
        let error = Spec::parse("figures.toml", &faulty)
            .unwrap_err()
            .to_string();
        assert!(error.contains(seen), "{error}");
    }
    let unused = sound + "\n[[caption]]\nfigure = \"none\"\ndrawn = \"All is measured.\"\n";
    let error = Spec::parse("figures.toml", &unused)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("is \"none\", which no entry names"),
        "{error}"
    );
}

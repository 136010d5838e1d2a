//! A progress bar on stderr, only where a person watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Context;
use crate::study::part::Progress;

/// A bar over `total` attempts, with rate and time left; invisible where nobody watches.
pub(super) fn attempts(context: &Context, total: u64, what: &str) -> ProgressBar {
    bar(context, total, what, "attempts")
}

/// The same over logs.
pub(super) fn logs(context: &Context, total: u64, what: &str) -> ProgressBar {
    bar(context, total, what, "logs")
}

/// The same over resamples of a log.
pub(super) fn resamples(context: &Context, total: u64, what: &str) -> ProgressBar {
    bar(context, total, what, "resamples")
}

/// The same over points of a grid.
pub(super) fn points(context: &Context, total: u64, what: &str) -> ProgressBar {
    bar(context, total, what, "points")
}

fn bar(context: &Context, total: u64, what: &str, of: &str) -> ProgressBar {
    if !context.output.progress {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let template = format!(
        "{{prefix}} {{wide_bar}} {{human_pos}}/{{human_len}} {of}, {{per_sec}}, {{eta}} left{{msg}}"
    );
    // The template is a constant; the default style is a fair answer to a mistake in it.
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Moves a bar over attempts, of which `before` belong to earlier runs, as a run goes on.
pub(super) fn follow(bar: &ProgressBar, before: u64) -> impl Fn(Progress) + Sync {
    move |progress| match progress {
        Progress::Attempts(done) => {
            bar.set_message("");
            bar.set_position(before + done);
        }
        Progress::Retried(done, of) => bar.set_message(format!(", {done}/{of} prompts retried")),
    }
}

/// A bar from nothing to all, with time left; invisible where nobody watches.
pub(super) fn share(context: &Context, what: &str) -> ProgressBar {
    bar(context, WHOLE, what, "‰")
}

/// Steps of a bar that shows a share.
const WHOLE: u64 = 1000;

/// Moves such a bar to `share`, in [0, 1].
pub(super) fn to_share(bar: &ProgressBar, share: f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a thousand steps"
    )]
    let steps = (share.clamp(0.0, 1.0) * WHOLE as f64) as u64;
    // Threads report in any order.
    if steps > bar.position() {
        bar.set_position(steps);
    }
}

/// A counter of records, whose total nobody knows before a log is read.
pub(super) fn records(context: &Context, what: &str) -> ProgressBar {
    if !context.output.progress {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) =
        ProgressStyle::with_template("{prefix} {spinner} {human_pos} records, {per_sec}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

//! Figures from findings, as SVG and PNG.
//!
//! Each file beside this one that is named after a figure lays it out as a `scene` of lines,
//! marks and text; the scene alone knows how to draw itself, so both forms show the same picture.
//! Every figure follows one `theme`. Shapes carry the meaning and colours repeat it: a figure
//! reads in greyscale and with any colour vision. Identical findings give identical bytes.
//! A value that is undefined is written as such; it is never drawn at some other place.

mod axis;
mod bound_and_truth;
mod curve_panel;
mod dashes;
mod differences;
mod draw;
mod early_exit_arms;
mod feasible_region;
mod funnel;
mod funnel_bar;
mod funnel_steps;
mod group_errors;
mod increment_panel;
mod increments;
mod key_words;
mod log_name;
#[cfg(test)]
mod made_up;
mod martingale_paths;
mod paired_panels;
mod path_ends;
mod png;
mod policy_and_coin;
mod policy_costs;
mod position_columns;
mod position_curve;
mod power_curves;
mod published_arms;
mod reliability;
mod row;
mod savings;
mod scene;
mod sensitivity_bars;
mod side_names;
mod stress_curves;
mod sweep_curves;
mod sweep_lines;
mod sweep_quantities;
mod theme;
mod tick_texts;
mod tradeoff;
mod tuning_front;
mod value;
mod violations;
mod waterfall;

pub use bound_and_truth::bound_and_truth;
pub use differences::differences_from_first;
pub use early_exit_arms::early_exit_arms;
pub use feasible_region::feasible_region;
pub use funnel::rejection_funnel;
pub use group_errors::errors_by_group;
pub use increments::martingale_increments;
pub use martingale_paths::martingale_paths;
pub use policy_costs::policy_costs;
pub use position_curve::savings_by_checkpoint_position;
pub use power_curves::power_curves;
pub use reliability::reliability;
pub use row::Row;
pub use savings::savings_and_cost;
pub(crate) use scene::capitalised;
pub use sensitivity_bars::sensitivity_bars;
pub use stress_curves::{log_stress_curves, stress_curves};
pub use sweep_curves::sweep_curves;
pub use tradeoff::savings_against_false_rejections;
pub use tuning_front::cost_against_false_rejections;
pub use violations::violations;
pub use waterfall::{waterfall_of_logs, waterfall_of_scenarios};

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is called: a file name without its ending.
    pub name: String,
    /// The picture as SVG whose text is text.
    pub svg: String,
    /// The same picture as PNG, with twice as many pixels each way as the SVG has units.
    pub png: Vec<u8>,
    /// What it shows, in words.
    pub alt: String,
}

/// A figure that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The findings hold nothing to draw.
    #[error("there is nothing to draw: {0}")]
    Nothing(&'static str),
    /// More than fits a readable figure.
    #[error("a figure shows at most {most} {what}, not {given}: give it fewer")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many were given.
        given: usize,
        /// How many fit.
        most: usize,
    },
    /// The built-in font was refused.
    #[error("the built-in font cannot be used: {0}")]
    Font(String),
    /// The drawing library failed.
    #[error("the figure cannot be drawn: {0}")]
    Drawing(String),
    /// The picture could not be compressed.
    #[error("the figure cannot be written as PNG: {0}")]
    Png(#[from] std::io::Error),
}

//! Know what in-flight rejection of language-model generations saves, costs and does to the data.
//!
//! Three nouns. A [`Scenario`](scenario::Scenario) is a generation process with a policy: stages
//! of tokens, faults that may start in each, validators that may see them at checkpoints, a final
//! filter. [`Exact`](theory::Exact) evaluates it without sampling. [`Simulation`](engine::Simulation)
//! draws [outcomes](outcome::OutcomeBatch) – what happened to each generation – which
//! [`estimate`] reduces to estimates with intervals.
//!
//! ```
//! use foldem::scenario::Scenario;
//! use foldem::theory::Exact;
//!
//! let scenario = Scenario::parse("example", r#"
//!     schema = "foldem.scenario/1"
//!     name = "example"
//!     [[fault]]
//!     kind = "wrong"
//!     hazard = [0.2, 0.0]
//!     [[stage]]
//!     name = "reasoning"
//!     tokens = { dist = "fixed", value = 40 }
//!     [[stage]]
//!     name = "answer"
//!     tokens = { dist = "fixed", value = 60 }
//!     [[validator]]
//!     name = "check"
//!     detects = { wrong = 0.5 }
//!     false_alarm = 0.1
//!     [[policy.checkpoint]]
//!     at = "reasoning"
//!     validators = ["check"]
//! "#, std::path::Path::new("."))?;
//! let exact = Exact::new(&scenario);
//!
//! // 18 % are rejected and save 60 of 100 tokens each …
//! assert!((exact.savings().unwrap() - 0.18 * 0.60).abs() < 1e-12);
//! // … but a tenth of what would be accepted goes, so a retained sample is hardly cheaper.
//! assert!((exact.cost_ratio().unwrap() - 0.892 / 0.9).abs() < 1e-12);
//! # Ok::<(), foldem::input::InputError>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`scenario`], [`policy`] | the world and what may be decided in it |
//! | [`theory`] | exact figures; the Bayes filter |
//! | [`engine`], [`outcome`], [`estimate`] | drawing, what was drawn, what it says |
//! | [`study`] | one file per question: simulation, sweeps, replay, verification |
//! | [`report`], [`plot`], [`cli`] | findings as text and figures; the command line |
//! | [`log`], [`rules`], [`replay`] | generations on disk; text rules; what a policy would have done |
//! | [`input`], [`columnar`], [`stats`], [`rng`] | reading with line numbers; Parquet; statistics; random streams |

pub mod cli;
pub mod columnar;
pub mod digest;
pub mod engine;
pub mod estimate;
pub mod input;
pub mod log;
pub mod outcome;
pub mod plot;
pub mod policy;
pub mod replay;
pub mod report;
pub mod rng;
pub mod rules;
pub mod scenario;
pub mod stats;
pub mod study;
pub mod theory;

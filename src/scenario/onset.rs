//! First onsets of faults, at δ = 0: how often each kind is the first to start, and in which stage.
//!
//! Hazards follow from them: h_kj is the probability of the first onset of j in stage k over that of none
//! before. So any rates go with any timing, as long as all rates together are at most 1.

use super::spec::ScenarioSpec;

/// The probability of the first onset by fault kind and stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Onsets(pub Vec<Vec<f64>>);

impl Onsets {
    /// Those of a scenario.
    pub fn of(spec: &ScenarioSpec) -> Self {
        let mut clean = 1.0;
        let mut by_stage = vec![vec![0.0; spec.stages.len()]; spec.faults.len()];
        for k in 0..spec.stages.len() {
            let mut starts = 0.0;
            for (fault, row) in spec.faults.iter().zip(&mut by_stage) {
                row[k] = clean * fault.hazard[k];
                starts += row[k];
            }
            clean -= starts;
        }
        Self(by_stage)
    }

    /// The probability that kind number `fault` is the first to start, in any stage.
    pub fn rate(&self, fault: usize) -> f64 {
        self.0[fault].iter().sum()
    }

    /// In which stage kind number `fault` starts, given that it is the first to; none where it never is.
    pub fn timing(&self, fault: usize) -> Option<Vec<f64>> {
        let rate = self.rate(fault);
        (rate > 0.0).then(|| self.0[fault].iter().map(|x| x / rate).collect())
    }

    /// The hazards by kind and stage. Onsets that are together more than 1 have hazards above 1, which no
    /// scenario accepts.
    pub fn hazards(&self) -> Vec<Vec<f64>> {
        let stages = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let mut hazards = vec![vec![0.0; stages]; self.0.len()];
        let mut clean = 1.0_f64;
        for k in 0..stages {
            let all: f64 = self.0.iter().map(|row| row[k]).sum();
            // Rounding may leave a little less than starts.
            let before = if all - clean < 1e-9 {
                clean.max(all)
            } else {
                clean
            };
            for (row, starts) in hazards.iter_mut().zip(&self.0) {
                row[k] = if before > 0.0 {
                    starts[k] / before
                } else if starts[k] > 0.0 {
                    1.0 + starts[k]
                } else {
                    starts[k]
                };
            }
            clean -= all;
        }
        hazards
    }
}

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

    /// Moves all first onsets of kind number `fault` to stage `at`, counted from 1; a number between two
    /// stages shares them between these. Beyond the first or the last stage come onsets that no scenario
    /// accepts.
    pub fn gather(&mut self, fault: usize, at: f64) {
        let rate = self.rate(fault);
        let row = &mut self.0[fault];
        // The stage before the place, counted from 0, but never the last: what follows it must exist.
        let first = (2..row.len()).filter(|&stage| at >= stage as f64).count();
        let later = at - (first + 1) as f64;
        row.fill(0.0);
        row[first] = rate * (1.0 - later);
        match row.get_mut(first + 1) {
            Some(next) => *next = rate * later,
            None if later == 0.0 => {}
            None => row[first] = f64::NAN,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onsets_gather_in_one_stage_or_between_two_and_nowhere_else() {
        let spread = || Onsets(vec![vec![0.1, 0.2, 0.1], vec![0.05, 0.0, 0.05]]);
        let gathered = |at: f64| {
            let mut onsets = spread();
            onsets.gather(0, at);
            assert_eq!(onsets.0[1], spread().0[1], "the other kind stays");
            onsets.0[0].clone()
        };
        let close = |a: &[f64], b: [f64; 3]| {
            let far = a.iter().zip(b).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f64::max) < 1e-15, "{a:?} {b:?}");
        };
        close(&gathered(1.0), [0.4, 0.0, 0.0]);
        close(&gathered(2.0), [0.0, 0.4, 0.0]);
        close(&gathered(3.0), [0.0, 0.0, 0.4]);
        close(&gathered(2.25), [0.0, 0.3, 0.1]);
        for beyond in [0.5, 3.5] {
            assert!(gathered(beyond).iter().any(|&x| x < 0.0), "{beyond}");
        }
        let mut one = Onsets(vec![vec![0.3]]);
        one.gather(0, 1.0);
        close(&[one.0[0][0], 0.0, 0.0], [0.3, 0.0, 0.0]);
        one.gather(0, 2.0);
        assert!(one.0[0][0].is_nan());
    }
}

//! An axis: where a value lies, and which round values are marked.

/// A range of values along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    lo: f64,
    hi: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
    decimals: usize,
    /// What stands at the ticks in place of numbers, if anything does.
    names: Vec<String>,
}

/// A place on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Before its beginning.
    Before,
    /// At this share of its length.
    On(f64),
    /// Beyond its end.
    Beyond,
}

impl Place {
    /// The place itself or the nearer end.
    pub(super) fn clamped(self) -> f64 {
        match self {
            Self::Before => 0.0,
            Self::On(share) => share,
            Self::Beyond => 1.0,
        }
    }
}

impl Axis {
    /// From `lo` to `hi` > `lo`, with at most `most` ticks at round values.
    pub(super) fn linear(lo: f64, hi: f64, most: usize) -> Self {
        let least = (hi - lo) / most.max(1) as f64;
        let power = libm::pow(10.0, libm::log10(least).floor());
        let step = [1.0, 2.0, 2.5, 5.0]
            .map(|m| m * power)
            .into_iter()
            .find(|&step| step >= least * (1.0 - 1e-9))
            .unwrap_or(10.0 * power);
        let first = (lo / step - 1e-9).ceil();
        let ticks: Vec<f64> = (0..=most)
            .map(|i| (first + i as f64) * step)
            .take_while(|&tick| tick <= hi + 1e-9 * step)
            .collect();
        Self {
            lo,
            hi,
            logarithmic: false,
            decimals: decimals(&ticks),
            ticks,
            names: Vec::new(),
        }
    }

    /// From `lo` > 0 to `hi` > `lo`, equal ratios equally far apart.
    pub(super) fn logarithmic(lo: f64, hi: f64) -> Self {
        // Ratios of what is farther from 1 would be no numbers.
        let (lo, hi) = (lo.max(1e-150), hi.min(1e150));
        // Few enough ticks to be told apart on the widest range that is left.
        let decades = libm::log10(hi / lo);
        let every = (decades / 4.0).ceil().max(1.0);
        let steps: &[f64] = match decades {
            ..1.5 => &[1.0, 2.0, 5.0],
            ..3.0 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let first = (libm::log10(lo) / every).floor() * every;
        let ticks: Vec<f64> = (0..8)
            .flat_map(|i| {
                steps
                    .iter()
                    .map(move |m| m * libm::pow(10.0, first + every * f64::from(i)))
            })
            .filter(|&tick| lo <= tick && tick <= hi)
            .collect();
        Self {
            lo,
            hi,
            logarithmic: true,
            decimals: decimals(&ticks),
            ticks,
            names: Vec::new(),
        }
    }

    /// One place for each of `names`, at 0, 1, 2 and so on.
    pub(super) fn named(names: &[String]) -> Self {
        Self {
            lo: -0.5,
            hi: names.len() as f64 - 0.5,
            logarithmic: false,
            ticks: (0..names.len()).map(|i| i as f64).collect(),
            decimals: 0,
            names: names.to_vec(),
        }
    }

    /// The least value on the axis.
    pub(super) fn start(&self) -> f64 {
        self.lo
    }

    /// The greatest value on the axis.
    pub(super) fn end(&self) -> f64 {
        self.hi
    }

    /// Whether equal ratios are equally far apart.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Where `value` lies.
    pub(super) fn place(&self, value: f64) -> Place {
        if value < self.lo {
            return Place::Before;
        }
        if value > self.hi {
            return Place::Beyond;
        }
        Place::On(if self.logarithmic {
            libm::log(value / self.lo) / libm::log(self.hi / self.lo)
        } else {
            (value - self.lo) / (self.hi - self.lo)
        })
    }

    /// The marked values, each with its text.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        self.ticks.iter().enumerate().map(|(i, &tick)| {
            if let Some(name) = self.names.get(i) {
                return (tick, name.clone());
            }
            let decimals = if self.logarithmic {
                decimals(&[tick])
            } else {
                self.decimals
            };
            let long = tick.abs() >= 1e6 || decimals > 5;
            let text = if long && tick != 0.0 {
                format!("{tick:.1e}").replace(".0e", "e").replace('-', "−")
            } else {
                number(tick, decimals)
            };
            (tick, text)
        })
    }
}

/// Decimals that show all `values`, at most nine.
fn decimals(values: &[f64]) -> usize {
    let shown = |decimals: i32| {
        let shift = libm::pow(10.0, f64::from(decimals));
        values.iter().all(|v| {
            let shifted = v * shift;
            (shifted - shifted.round()).abs() <= 1e-6 * shifted.abs()
        })
    };
    (0..9)
        .find(|&decimals| shown(decimals))
        .map_or(9, |decimals| decimals.unsigned_abs() as usize)
}

/// `value` with a true minus sign, and none before a zero; a dash if it is not finite.
pub(super) fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// `count` with its digits in groups of three.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<String> {
        axis.ticks().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(&Axis::linear(0.0, 17.3, 6)), ["0", "5", "10", "15"]);
        assert_eq!(
            texts(&Axis::linear(0.93, 1.06, 5)),
            ["0.95", "1.00", "1.05"]
        );
        assert_eq!(
            texts(&Axis::linear(-0.004, 0.004, 4)),
            ["−0.004", "−0.002", "0.000", "0.002", "0.004"]
        );
        assert_eq!(texts(&Axis::linear(0.0, 1.0, 2)), ["0.0", "0.5", "1.0"]);
        assert_eq!(
            texts(&Axis::logarithmic(0.4, 12.0)),
            ["0.5", "1", "2", "5", "10"]
        );
        assert_eq!(
            texts(&Axis::logarithmic(1e-7, 2.0)),
            ["1e−6", "0.0001", "0.01", "1"]
        );
        assert!(texts(&Axis::logarithmic(1e-6, 1e200)).len() <= 6);
        assert!(texts(&Axis::logarithmic(0.0, f64::MAX)).len() <= 6);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(-1.25, 1), "−1.2");
        assert_eq!(number(-0.01, 1), "0.0");
        assert_eq!(number(f64::NAN, 1), "–");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
    }

    #[test]
    fn places_lie_between_the_ends() {
        let axis = Axis::linear(-1.0, 3.0, 4);
        assert_eq!(axis.place(1.0), Place::On(0.5));
        assert_eq!(axis.place(-1.1), Place::Before);
        assert_eq!(axis.place(3.5), Place::Beyond);
        assert_eq!(Axis::logarithmic(0.01, 100.0).place(1.0), Place::On(0.5));
    }
}

//! First and second moments of the columns of a sample of clusters, as exact integers.
//!
//! Every value is rounded once, to a multiple of its column's power-of-two unit; from there on
//! sums and products are integers. Adding is therefore associative: any split of a sample over
//! threads or machines, merged in any order, gives the same bits. Columns of one cluster (all
//! generations of a prompt) are summed before products are taken, so that standard errors
//! respect the dependence within a cluster.

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::{Linear, Scale};

/// What rounding leaves of terms that cancel, relative to their size.
const ROUNDING: f64 = 1e-14;

/// Sums and sums of products of columns over clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossProducts {
    scales: Vec<Scale>,
    clusters: u64,
    sums: Vec<i128>,
    /// Smallest and largest value of each column among those that are not 0.
    range: Vec<(i64, i64)>,
    /// Clusters in which each column is not 0.
    nonzero: Vec<u64>,
    /// Upper triangle by rows.
    products: Vec<i128>,
}

/// The integers of [`CrossProducts`], as a file holds them: sums as decimal texts, since they may
/// exceed what other programs take for a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    clusters: u64,
    #[serde(with = "decimal")]
    sums: Vec<i128>,
    range: Vec<(i64, i64)>,
    nonzero: Vec<u64>,
    #[serde(with = "decimal")]
    products: Vec<i128>,
}

mod decimal {
    //! Wide integers as decimal texts.

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(values: &[i128], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i128>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let number = |text: &String| {
            let number: Option<i128> = text.parse().ok();
            // Sums of many parts must not overflow either.
            number
                .filter(|x| x.unsigned_abs() < 1 << 120)
                .ok_or_else(|| D::Error::custom(format!("\"{text}\" is not a sum")))
        };
        texts.iter().map(number).collect()
    }
}

impl CrossProducts {
    /// Nothing observed yet; one scale per column.
    pub fn new(scales: Vec<Scale>) -> Self {
        let width = scales.len();
        Self {
            clusters: 0,
            sums: vec![0; width],
            range: vec![(i64::MAX, i64::MIN); width],
            nonzero: vec![0; width],
            products: vec![0; width * (width + 1) / 2],
            scales,
        }
    }

    /// What adding clusters one by one would have brought, for whoever knows it already: sums,
    /// the upper triangle of sums of products, and of each column the smallest and largest value
    /// that is not 0 and how many are not.
    pub fn from_sums(
        scales: Vec<Scale>,
        clusters: u64,
        sums: Vec<i128>,
        products: Vec<i128>,
        range: Vec<(i64, i64)>,
        nonzero: Vec<u64>,
    ) -> Self {
        let width = scales.len();
        assert!(
            [sums.len(), range.len(), nonzero.len()] == [width; 3]
                && products.len() == width * (width + 1) / 2,
            "one entry per column, one product per pair"
        );
        Self {
            scales,
            clusters,
            sums,
            range,
            nonzero,
            products,
        }
    }

    /// Those of some of the columns, `kept` in ascending order.
    pub fn of_columns(&self, kept: &[usize]) -> Self {
        let pairs = kept.iter().enumerate();
        let pairs = pairs.flat_map(|(n, &j)| kept[n..].iter().map(move |&k| (j, k)));
        Self {
            clusters: self.clusters,
            scales: kept.iter().map(|&j| self.scales[j]).collect(),
            sums: kept.iter().map(|&j| self.sums[j]).collect(),
            range: kept.iter().map(|&j| self.range[j]).collect(),
            nonzero: kept.iter().map(|&j| self.nonzero[j]).collect(),
            products: pairs.map(|(j, k)| self.products[self.row(j) + k]).collect(),
        }
    }

    /// Those of as many columns of which column `j` is column `of[j]` of these, in the same unit, or 0
    /// throughout.
    pub fn equated(&self, of: &[Option<usize>]) -> Self {
        assert_eq!(of.len(), self.width(), "one entry per column");
        let same_unit =
            |(j, k): (usize, &Option<usize>)| k.is_none_or(|k| self.scales[k] == self.scales[j]);
        assert!(
            of.iter().enumerate().all(same_unit),
            "columns keep their units"
        );
        let mut equated = Self::new(self.scales.clone());
        equated.clusters = self.clusters;
        for (j, from) in of.iter().enumerate() {
            let Some(from) = *from else { continue };
            equated.sums[j] = self.sums[from];
            equated.range[j] = self.range[from];
            equated.nonzero[j] = self.nonzero[from];
            let row = self.row(j);
            for (k, other) in of.iter().enumerate().skip(j) {
                if let Some(other) = *other {
                    let (a, b) = (from.min(other), from.max(other));
                    equated.products[row + k] = self.products[self.row(a) + b];
                }
            }
        }
        equated
    }

    /// The sums without their units, to be stored.
    pub fn stored(&self) -> Stored {
        Stored {
            clusters: self.clusters,
            sums: self.sums.clone(),
            range: self.range.clone(),
            nonzero: self.nonzero.clone(),
            products: self.products.clone(),
        }
    }

    /// Takes up what was stored of sums in the units of `self`, in place of what it has; whether
    /// it fits.
    pub fn restore(&mut self, stored: Stored) -> bool {
        let fits = stored.sums.len() == self.sums.len()
            && stored.range.len() == self.range.len()
            && stored.nonzero.len() == self.nonzero.len()
            && stored.products.len() == self.products.len();
        if fits {
            self.clusters = stored.clusters;
            self.sums = stored.sums;
            self.range = stored.range;
            self.nonzero = stored.nonzero;
            self.products = stored.products;
        }
        fits
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.scales.len()
    }

    /// Number of clusters.
    pub fn clusters(&self) -> u64 {
        self.clusters
    }

    /// Sum of column `j` in its units; exact.
    pub fn sum(&self, j: usize) -> i128 {
        self.sums[j]
    }

    /// Unit of column `j`.
    pub fn scale(&self, j: usize) -> Scale {
        self.scales[j]
    }

    fn row(&self, j: usize) -> usize {
        j * self.width() - j * j.saturating_sub(1) / 2 - j
    }

    /// Adds one cluster, given as the non-zero columns in ascending order with their sums over
    /// the cluster, in units.
    pub fn add(&mut self, nonzero: &[(usize, i64)]) {
        self.clusters += 1;
        for (n, &(j, x)) in nonzero.iter().enumerate() {
            self.sums[j] += i128::from(x);
            let (low, high) = self.range[j];
            self.range[j] = (low.min(x), high.max(x));
            self.nonzero[j] += 1;
            let row = self.row(j);
            for &(k, y) in &nonzero[n..] {
                self.products[row + k] += i128::from(x) * i128::from(y);
            }
        }
    }

    /// Adds clusters, given as columns of their sums, in units: one per column, a value per cluster.
    pub fn add_columns(&mut self, columns: &[Vec<i64>]) {
        assert_eq!(columns.len(), self.width(), "one entry per column");
        self.clusters += columns.first().map_or(0, Vec::len) as u64;
        let columns: Vec<Column<'_>> = columns.iter().map(|values| Column::new(values)).collect();
        for (j, x) in columns.iter().enumerate().filter(|(_, x)| x.nonzero > 0) {
            self.sums[j] += x.sum();
            let (low, high) = self.range[j];
            self.range[j] = (low.min(x.range.0), high.max(x.range.1));
            self.nonzero[j] += x.nonzero as u64;
            let row = self.row(j);
            for (k, y) in columns.iter().enumerate().skip(j) {
                if y.nonzero > 0 {
                    self.products[row + k] += x.product(y);
                }
            }
        }
    }

    /// Adds what another part of the same sample has gathered.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.scales, other.scales,
            "parts of one sample share their units"
        );
        self.clusters += other.clusters;
        let pairs = |a: &mut Vec<i128>, b: &Vec<i128>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        };
        pairs(&mut self.sums, &other.sums);
        pairs(&mut self.products, &other.products);
        for ((low, high), other) in self.range.iter_mut().zip(&other.range) {
            *low = (*low).min(other.0);
            *high = (*high).max(other.1);
        }
        for (count, other) in self.nonzero.iter_mut().zip(&other.nonzero) {
            *count += other;
        }
    }

    /// The mean of column `j` per cluster, as the start of a delta-method calculation.
    /// NaN before the first cluster.
    pub fn mean(&self, j: usize) -> Linear {
        let mean = self.sums[j] as f64 / self.clusters as f64 * self.scales[j].unit();
        Linear::column(mean, j, self.width())
    }

    /// Covariance of columns `j` ≤ `k` between clusters, in natural units.
    fn covariance(&self, j: usize, k: usize) -> f64 {
        let n = i128::from(self.clusters);
        // Centring in integers keeps all digits where the variance is far below the squared mean.
        let centre = |j: usize| (2 * self.sums[j] + n).div_euclid(2 * n);
        let (a, b) = (centre(j), centre(k));
        let product =
            self.products[self.row(j) + k] - a * self.sums[k] - b * self.sums[j] + n * a * b;
        let (da, db) = (self.sums[j] - n * a, self.sums[k] - n * b);
        let centred = product as f64 - da as f64 * (db as f64 / n as f64);
        centred / (n - 1) as f64 * self.scales[j].unit() * self.scales[k].unit()
    }

    /// Largest value of column `j`, at least 0.
    pub fn largest(&self, j: usize) -> f64 {
        self.range[j].1.max(0) as f64 * self.scales[j].unit()
    }

    /// Share of the sum of squared deviations of a column that the cluster furthest from the mean
    /// brings: where it is not small, the mean hangs on a few clusters and its normal interval is
    /// too narrow. For an event it is about 1 over the number of events; 0 for a constant column.
    pub fn dominance(&self, j: usize) -> f64 {
        if self.clusters < 2 {
            return 1.0;
        }
        let deviations = self.covariance(j, j) * (self.clusters - 1) as f64;
        let mean = self.sums[j] as f64 / self.clusters as f64;
        let (mut low, mut high) = self.range[j];
        if self.nonzero[j] < self.clusters {
            (low, high) = (low.min(0), high.max(0));
        }
        let unit = self.scales[j].unit();
        let furthest = (mean - low as f64).max(high as f64 - mean) * unit;
        // A spread of less than the unit is that of the rounding, from which counts are free.
        let rounding = if self.scales[j] == Scale::COUNT {
            0.0
        } else {
            self.clusters as f64 * unit * unit
        };
        if deviations > rounding {
            furthest * furthest / deviations
        } else {
            0.0
        }
    }

    /// Standard error of a function of the means; NaN with fewer than two clusters, and where the
    /// function has no value.
    pub fn stderr(&self, function: &Linear) -> f64 {
        if self.clusters < 2 || !function.value.is_finite() {
            return f64::NAN;
        }
        let used: Vec<usize> = (0..self.width())
            .filter(|&j| function.gradient[j] != 0.0)
            .collect();
        let (mut variance, mut size) = (0.0, 0.0);
        for (n, &j) in used.iter().enumerate() {
            for &k in &used[n..] {
                let twice = if j == k { 1.0 } else { 2.0 };
                let term =
                    twice * function.gradient[j] * function.gradient[k] * self.covariance(j, k);
                variance += term;
                size += term.abs();
            }
        }
        // Terms that cancel leave their rounding; that is no spread.
        if variance <= ROUNDING * size {
            return 0.0;
        }
        (variance / self.clusters as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn sample(values: &[(f64, f64)]) -> CrossProducts {
        let scales = vec![Scale::for_values_near(100.0), Scale::for_values_near(1.0)];
        let mut moments = CrossProducts::new(scales.clone());
        for &(x, y) in values {
            moments.add(&[(0, scales[0].round(x)), (1, scales[1].round(y))]);
        }
        moments
    }

    #[test]
    fn ratio_has_the_textbook_standard_error() {
        let values = [
            (101.0, 0.5),
            (99.5, 0.7),
            (100.25, 0.4),
            (98.0, 0.9),
            (103.0, 0.6),
        ];
        let moments = sample(&values);
        let ratio = moments.mean(0) / moments.mean(1);
        // Cochran (1977), eq. 6.13: residuals x − r y over n − 1.
        let n = values.len() as f64;
        let mean_y = values.iter().map(|v| v.1).sum::<f64>() / n;
        let r = values.iter().map(|v| v.0).sum::<f64>() / n / mean_y;
        let residuals: f64 = values.iter().map(|v| (v.0 - r * v.1).powi(2)).sum();
        let expected = (residuals / (n - 1.0) / n).sqrt() / mean_y;
        assert_relative_eq!(ratio.value, r, max_relative = 1e-10);
        assert_relative_eq!(moments.stderr(&ratio), expected, max_relative = 1e-9);
    }

    #[test]
    fn a_tiny_spread_around_a_large_mean_is_not_lost() {
        let values: Vec<(f64, f64)> = (0..1000)
            .map(|i| (1e6 + f64::from(i % 2) * 0.1, 0.0))
            .collect();
        let scales = vec![Scale::for_values_near(1e6), Scale::COUNT];
        let mut moments = CrossProducts::new(scales.clone());
        for &(x, _) in &values {
            moments.add(&[(0, scales[0].round(x))]);
        }
        let expected = 0.05 * (1000.0f64 / 999.0).sqrt() / 1000.0f64.sqrt();
        assert_relative_eq!(
            moments.stderr(&moments.mean(0)),
            expected,
            max_relative = 1e-2
        );
    }

    #[test]
    fn one_monster_dominates_and_equals_do_not() {
        let mut values = vec![(100.0, 0.0); 999];
        values.push((1e6, 0.0));
        assert!(sample(&values).dominance(0) > 0.99);
        let values: Vec<_> = (0..1000).map(|i| (f64::from(i % 7), 0.0)).collect();
        assert!(sample(&values).dominance(0) < 0.01);
        assert!(sample(&[(5.0, 0.0); 10]).dominance(0) <= 0.0);
        // The last bit of one of a hundred equal values is no spread.
        let mut values = vec![(5.0, 0.0); 99];
        values.push((5.0 + Scale::for_values_near(100.0).unit(), 0.0));
        assert!(sample(&values).dominance(0) <= 0.0);
    }

    #[test]
    fn columns_are_the_same_as_clusters_one_by_one() {
        let scales = vec![Scale::COUNT, Scale::for_values_near(8.0), Scale::COUNT];
        let columns: Vec<Vec<i64>> = vec![
            (0..50).map(|i| i % 4).collect(),
            (0..50).map(|i| i << 30).collect(),
            (0..50).map(|i| -i64::from(i == 7)).collect(),
        ];
        let mut by_column = CrossProducts::new(scales.clone());
        by_column.add_columns(&columns);
        let mut one_by_one = CrossProducts::new(scales);
        for i in 0..50 {
            let row = columns.iter().map(|column| column[i]).enumerate();
            one_by_one.add(&row.filter(|(_, x)| *x != 0).collect::<Vec<_>>());
        }
        assert_eq!(by_column, one_by_one);
    }

    #[test]
    fn any_split_merged_in_any_order_gives_the_same_bits() {
        let values: Vec<(f64, f64)> = (0..500)
            .map(|i| (f64::from(i).sqrt() * 7.3, (f64::from(i) * 0.37).sin()))
            .collect();
        let whole = sample(&values);
        let (a, rest) = values.split_at(123);
        let (b, c) = rest.split_at(200);
        let mut merged = sample(c);
        merged.merge(&sample(a));
        merged.merge(&sample(b));
        assert_eq!(merged, whole);
    }
}

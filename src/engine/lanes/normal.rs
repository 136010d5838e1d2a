//! Normal variates and exponentials for whole columns, in single precision.
//!
//! Box and Muller's method (1958) with branch-free polynomials. Every step is one correctly rounded
//! operation: no fused multiply-add, no approximate reciprocal, no library function, so the bits are the same
//! on every instruction set. The polynomials are minimax fits; their errors (relative 1e-7 for the
//! exponential and the radius, absolute 3e-8 for the angle) swing around 0 and are far below what
//! any number of attempts can see. Normals reach to 6.56 standard deviations, beyond which lies a share of 5e-11.

use super::column::Column;
use crate::rng::LaneStream;

/// No normal is larger.
pub(super) const LARGEST: f64 = 6.6;

/// 1.5·2^23: added to a number below 2^22 it rounds it to the nearest integer, ties to even, and
/// leaves that integer in the low bits.
pub(super) const MAGIC: f32 = 12_582_912.0;

/// 2^f on [−1/2, 1/2], exact at 0.
#[expect(
    clippy::approx_constant,
    reason = "a coefficient of the fit, close to ln 2"
)]
pub(super) const EXP2: [f32; 6] = [
    1.0,
    0.693_147,
    0.240_222_42,
    0.055_507_33,
    0.009_671_526,
    0.001_326_517_1,
];

/// 2^x times the factor by which `c` exceeds [`EXP2`], for |x| ≤ 100.
#[inline(always)]
pub(super) fn exp2(x: f32, c: &[f32; 6]) -> f32 {
    let k = x + MAGIC;
    let f = x - (k - MAGIC);
    let mut p = c[5];
    p = p * f + c[4];
    p = p * f + c[3];
    p = p * f + c[2];
    p = p * f + c[1];
    p = p * f + c[0];
    f32::from_bits(p.to_bits().wrapping_add(k.to_bits() << 23))
}

/// A number in (0, 1] from the low 31 bits of a word: an odd multiple of 2^-31.
#[inline(always)]
pub(super) fn unit(word: u32) -> f32 {
    odd(word) * 4.656_613e-10
}

#[inline(always)]
fn odd(word: u32) -> f32 {
    ((word & 0x7fff_ffff) | 1).cast_signed() as f32
}

/// −2 ln of the number that [`unit`] makes of a word.
#[inline(always)]
pub(super) fn squared_radius(word: u32) -> f32 {
    minus_two_ln(unit(word))
}

/// −2 ln x of a positive number; of no meaning for others.
#[inline(always)]
pub(super) fn minus_two_ln(x: f32) -> f32 {
    // The bits of sqrt(1/2): mantissas are taken from [sqrt(1/2), sqrt(2)).
    const START: u32 = 0x3f35_04f3;
    let d = x.to_bits().wrapping_sub(START);
    let e = (d.cast_signed() >> 23) as f32;
    let m = f32::from_bits((d & 0x7f_ffff) + START) - 1.0;
    let m2 = m * m;
    let m4 = m2 * m2;
    let low = (0.499_398_17 * m - 0.666_701_2) * m2 + (1.000_007_3 * m - 1.999_999_9);
    let high = (0.202_135_56 * m - 0.324_451_1) * m2 + (0.345_017_02 * m - 0.398_003_37);
    (high * m4 + low) * m - e * 1.386_294_4
}

/// Cosine and sine of an angle that is uniform over the circle: up to π/4 to either side by the
/// word as a signed number; two of its low bits, which the angle cannot feel, turn it.
#[inline(always)]
fn direction(word: u32) -> (f32, f32) {
    let t = word.cast_signed() as f32 * 3.657_349e-10;
    let q = t * t;
    let q2 = q * q;
    let sine = t * ((-1.950_400_2e-4 * q + 0.008_332_036) * q2 + (-0.166_666_51 * q + 1.0));
    let cosine = (-0.001_358_590_9 * q + 0.041_655_026) * q2 + (-0.499_998_57 * q + 1.0);
    let cosine = f32::from_bits(cosine.to_bits() ^ (word << 31));
    if word & 2 == 0 {
        (cosine, sine)
    } else {
        (sine, cosine)
    }
}

/// Two independent standard normals from two words.
#[inline(always)]
pub(super) fn pair(radius: u32, angle: u32) -> (f32, f32) {
    let r = squared_radius(radius).sqrt();
    let (c, s) = direction(angle);
    (r * c, r * s)
}

/// Columns of standard normals; each pair of word columns gives two.
#[derive(Debug)]
pub(super) struct Normals {
    words: [Column<u32>; 2],
    spare: Column<f32>,
    spared: bool,
}

impl Normals {
    pub(super) fn new() -> Self {
        Self {
            words: [Column::new(0), Column::new(0)],
            spare: Column::new(0.0),
            spared: false,
        }
    }

    /// Forgets what is left over: another batch begins.
    pub(super) fn reset(&mut self) {
        self.spared = false;
    }

    #[inline(always)]
    pub(super) fn fill(&mut self, rng: &mut LaneStream, out: &mut Column<f32>) {
        if self.spared {
            out.copy_from_slice(&*self.spare);
        } else {
            let [radius, angle] = &mut self.words;
            rng.fill(&mut **radius);
            rng.fill(&mut **angle);
            let (out, spare) = (&mut **out, &mut *self.spare);
            for l in 0..out.len() {
                (out[l], spare[l]) = pair(radius[l], angle[l]);
            }
        }
        self.spared = !self.spared;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_radius_agree_with_libm() {
        let mut worst = 0.0_f64;
        for i in -40_000..=40_000 {
            let x = i as f32 * 2.5e-4;
            worst = worst.max((f64::from(exp2(x, &EXP2)) / libm::exp2(f64::from(x)) - 1.0).abs());
        }
        assert!(worst < 3e-7, "{worst}");
        let mut worst = 0.0_f64;
        let mut word = 1_u32;
        for i in 0..200_000_u32 {
            word = word.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            // All magnitudes, the smallest included.
            let word = word >> (i % 32);
            let exact = -2.0 * libm::log(f64::from(unit(word)));
            // Next to 0 the rounding of the word itself counts.
            let error = (f64::from(squared_radius(word)) - exact).abs() / (exact + 1e-6);
            worst = worst.max(error);
        }
        assert!(worst < 5e-7, "{worst}");
        assert!(f64::from(squared_radius(0).sqrt()) < LARGEST);
    }

    #[test]
    fn directions_lie_on_the_circle_and_fill_it() {
        let mut quadrants = [0_u32; 8];
        for i in 0..100_000_u32 {
            let word = i.wrapping_mul(2_654_435_769);
            let (c, s) = direction(word);
            let (c, s) = (f64::from(c), f64::from(s));
            assert!((c * c + s * s - 1.0).abs() < 3e-7, "{c} {s}");
            let octant = usize::from(c < 0.0)
                + 2 * usize::from(s < 0.0)
                + 4 * usize::from(s.abs() > c.abs());
            quadrants[octant] += 1;
        }
        assert!(
            quadrants.iter().all(|&n| n.abs_diff(12_500) < 500),
            "{quadrants:?}"
        );
    }

    /// 4 million normals: each moment within 4.4 of its standard errors (1 in 10^5 for each).
    #[test]
    fn moments_and_tails_are_those_of_the_normal_law() {
        let mut stream = crate::rng::stream(5, crate::rng::Purpose::Control, 0);
        let mut rng = LaneStream::new(&mut stream);
        let (mut normals, mut column) = (Normals::new(), Column::new(0.0));
        let mut sums = [0.0_f64; 4];
        let mut tails = [0_u32; 3];
        let mut cross = 0.0;
        let blocks = 8000;
        let mut previous = column.clone();
        for _ in 0..blocks {
            normals.fill(&mut rng, &mut column);
            for (l, &z) in column.iter().enumerate() {
                let z = f64::from(z);
                for (power, sum) in (1..).zip(&mut sums) {
                    *sum += z.powi(power);
                }
                for (tail, count) in [1.0, 2.0, 4.0].into_iter().zip(&mut tails) {
                    *count += u32::from(z.abs() > tail);
                }
                cross += z * f64::from(previous[l]);
            }
            previous.clone_from(&column);
        }
        let n = (blocks * column.len()) as f64;
        let within = |name: &str, mean: f64, expected: f64, variance: f64| {
            let z = (mean - expected) / (variance / n).sqrt();
            assert!(z.abs() < 4.4, "{name}: {mean}, {z} standard errors off");
        };
        for (power, (expected, variance)) in [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)]
            .into_iter()
            .enumerate()
        {
            within(
                &format!("moment {}", power + 1),
                sums[power] / n,
                expected,
                variance,
            );
        }
        for (p, count) in [0.317_310_508, 0.045_500_264, 6.334_25e-5]
            .into_iter()
            .zip(tails)
        {
            within("tail", f64::from(count) / n, p, p * (1.0 - p));
        }
        within("product of neighbours", cross / n, 0.0, 1.0);
    }
}

//! A line cut into dashes, along its length and round its corners.

use super::scene::Point;

/// The drawn parts of the line through `points`; `pattern` is how much is drawn and left out in turn.
pub(super) fn dashes(points: &[Point], pattern: &[(f64, f64)]) -> Vec<Vec<Point>> {
    let mut lengths = pattern.iter().flat_map(|&(on, off)| [on, off]).cycle();
    let Some(mut left) = lengths.next() else {
        return vec![points.to_vec()];
    };
    let mut drawing = true;
    let mut done = Vec::new();
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    for ends in points.windows(2) {
        let (mut from, to) = (ends[0], ends[1]);
        loop {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let rest = libm::hypot(dx, dy);
            if rest < left {
                left -= rest;
                if drawing && rest > 0.0 {
                    dash.push(to);
                }
                break;
            }
            let share = left / rest;
            from = (from.0 + share * dx, from.1 + share * dy);
            if drawing {
                dash.push(from);
                done.push(std::mem::take(&mut dash));
            } else {
                dash = vec![from];
            }
            drawing = !drawing;
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
    }
    if drawing && dash.len() > 1 {
        done.push(dash);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::{Point, dashes};

    fn apart(a: Point, b: Point) -> f64 {
        libm::hypot(a.0 - b.0, a.1 - b.1)
    }

    /// How far along the line through `points` the place `at` lies, if it lies on it.
    fn along(points: &[Point], at: Point) -> Option<f64> {
        let mut before = 0.0;
        for ends in points.windows(2) {
            let length = apart(ends[0], ends[1]);
            let part = apart(ends[0], at);
            if (part + apart(at, ends[1]) - length).abs() < 1e-6 {
                return Some(before + part);
            }
            before += length;
        }
        None
    }

    /// Whether `cut` are the dashes of the line through `points`: they lie on it, are drawn and left out as long
    /// as `pattern` says, and go on to its end.
    fn follows(points: &[Point], pattern: &[(f64, f64)], cut: &[Vec<Point>]) -> Result<(), String> {
        let whole: f64 = points.windows(2).map(|p| apart(p[0], p[1])).sum();
        let mut at = 0.0;
        for (i, (dash, (on, off))) in cut.iter().zip(pattern.iter().cycle()).enumerate() {
            let ends = [dash[0], dash[dash.len() - 1]].map(|end| along(points, end));
            let [Some(from), Some(to)] = ends else {
                return Err(format!("dash {i} leaves the line"));
            };
            let drawn: f64 = dash.windows(2).map(|p| apart(p[0], p[1])).sum();
            let expected = on.min(whole - at);
            if (from - at).abs() > 1e-6 || (to - from - expected).abs() > 1e-6 {
                return Err(format!("dash {i} is drawn from {from} to {to}"));
            }
            if (drawn - expected).abs() > 1e-6 {
                return Err(format!("dash {i} cuts a corner"));
            }
            at = to + off;
        }
        if at < whole - 1e-6 {
            return Err(format!("nothing is drawn after {at} of {whole}"));
        }
        Ok(())
    }

    const BENT: [Point; 4] = [(0.0, 0.0), (10.0, 0.0), (10.0, 7.0), (3.0, 31.0)];

    #[test]
    fn dashes_go_round_corners_and_end_with_the_line() {
        let cut = dashes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 7.0)], &[(4.0, 4.0)]);
        assert_eq!(
            cut,
            [
                vec![(0.0, 0.0), (4.0, 0.0)],
                vec![(8.0, 0.0), (10.0, 0.0), (10.0, 2.0)],
                vec![(10.0, 6.0), (10.0, 7.0)],
            ]
        );
        assert_eq!(dashes(&[(0.0, 0.0), (1.0, 0.0)], &[]).len(), 1);
        for pattern in crate::plot::theme::DASHES.into_iter().skip(1) {
            follows(&BENT, pattern, &dashes(&BENT, pattern)).unwrap();
        }
    }

    /// The check sees each fault that is planted into sound dashes.
    #[test]
    fn planted_faults_are_seen() {
        let pattern = [(9.0, 2.0), (2.0, 2.0)];
        let sound = dashes(&BENT, &pattern);
        assert_eq!(follows(&BENT, &pattern, &sound), Ok(()));
        let planted = |fault: fn(&mut Vec<Vec<Point>>)| {
            let mut cut = sound.clone();
            fault(&mut cut);
            follows(&BENT, &pattern, &cut).unwrap_err()
        };
        for (fault, seen) in [
            (planted(|cut| cut[1][0].1 += 0.5), "dash 1 is drawn"),
            (planted(|cut| cut[0][1].1 += 0.5), "dash 0 leaves the line"),
            (planted(|cut| drop(cut.remove(2))), "dash 2 is drawn"),
            (planted(|cut| drop(cut.pop())), "nothing is drawn after"),
            (planted(|cut| cut[0][1].0 -= 1.0), "dash 0 is drawn"),
        ] {
            assert!(fault.starts_with(seen), "{fault}");
        }
        // A dash that goes straight where the line has a corner.
        let corner = vec![vec![(8.0, 0.0), (10.0, 2.0)]];
        let line = [(8.0, 0.0), (10.0, 0.0), (10.0, 2.0)];
        let fault = follows(&line, &[(4.0, 1.0)], &corner).unwrap_err();
        assert_eq!(fault, "dash 0 cuts a corner");
        // Another pattern is another line.
        assert!(follows(&BENT, &[(9.0, 2.0)], &sound).is_err());
    }
}

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
    use super::dashes;

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
    }
}

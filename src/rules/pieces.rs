//! Pieces of a text that can be read by themselves, because white space ends every number.

use memchr::memrchr2;

/// The first byte of `²` and `³`, which are numbers, too.
const SUPERSCRIPT: u8 = 0xc2;

/// Where the last piece between white space that holds a number begins; nothing but text stands
/// behind it.
pub(super) fn last_with_number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let number = |b: &u8| b.is_ascii_digit() || *b == SUPERSCRIPT;
    let place = bytes.iter().rposition(number)?;
    Some(memrchr2(b' ', b'\n', &bytes[..place]).map_or(0, |space| space + 1))
}

/// Where, from `from` on, the first piece begins that may hold a number above `limit`, whose whole
/// part has at least `digits` digits, 2 to 64. No number above it is left out.
pub(super) fn next_above(text: &str, from: usize, limit: f64, digits: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let start = next_run(bytes, at, digits)?;
        let length = bytes[start..].iter().position(|b| !may_be_within(*b));
        let end = length.map_or(bytes.len(), |length| start + length);
        // No number of the run is larger than all its digits in a row.
        let written = bytes[start..end].iter().filter(|b| b.is_ascii_digit());
        let most = written.fold(0_u64, |n, b| {
            n.saturating_mul(10).saturating_add(u64::from(b - b'0'))
        });
        if most as f64 > limit || most == u64::MAX {
            let space = memrchr2(b' ', b'\n', &bytes[from..start]);
            return Some(space.map_or(from, |space| from + space + 1));
        }
        at = end;
    }
}

/// Where, from `from` on, the first run begins of at least `length` bytes, at most 64, that may
/// stand within a number; one that begins before counts from there.
///
/// Looks at 64 bytes at once, one bit each.
fn next_run(bytes: &[u8], from: usize, length: usize) -> Option<usize> {
    // Bytes of a run that reach the end of the block before.
    let mut open = 0;
    for (block, at) in bytes[from..].chunks(64).zip((from..).step_by(64)) {
        let within = if let Some(block) = block.first_chunk() {
            bits_within(block)
        } else {
            let mut padded = [0; 64];
            padded[..block.len()].copy_from_slice(block);
            bits_within(&padded)
        };
        if open + within.trailing_ones() as usize >= length {
            return Some(at - open);
        }
        // Bits that are the first of as many set ones as have been asked for.
        let (mut runs, mut asked) = (within, 1);
        while asked < length {
            let more = asked.min(length - asked);
            runs &= runs >> more;
            asked += more;
        }
        if runs != 0 {
            return Some(at + runs.trailing_zeros() as usize);
        }
        open = within.leading_ones() as usize;
    }
    None
}

/// A bit for each byte that may stand within a number, the lowest one for the first byte.
fn bits_within(block: &[u8; 64]) -> u64 {
    // Compilers turn this into comparisons of many bytes at once.
    let flags = block.map(|b| u8::from(may_be_within(b)));
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, &flags| {
        // Moves the lowest bit of each byte to the highest byte, in order, without a carry.
        let gathered = u64::from_le_bytes(flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits << 8 | gathered
    })
}

/// Whether a byte may stand between the first and the last digit of a number.
#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "what branches is not done for many bytes at once"
)]
fn may_be_within(b: u8) -> bool {
    // The colon stands right behind the digits.
    (b.wrapping_sub(b'0') < 11) | (b == b',') | (b == b'.') | (b == b'{') | (b == b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_from_both_ends() {
        let text = "so 12 + (7) = 1,234,567.\nThen x5² of it";
        assert_eq!(last_with_number(text), Some(30));
        assert_eq!(last_with_number(&text[..30]), Some(14));
        assert_eq!(last_with_number("none"), None);
        let cases = [
            (9.0, 2, Some(3)),
            (12.0, 2, Some(14)),
            (1_234_566.0, 7, Some(14)),
            (1_234_567.0, 7, None),
            (1e9, 10, None),
        ];
        for (limit, digits, expected) in cases {
            assert_eq!(next_above(text, 0, limit, digits), expected, "{limit}");
        }
        assert_eq!(next_above(text, 25, 9.0, 2), None);
        assert_eq!(next_above("", 0, 9.0, 2), None);
        let endless = "9".repeat(400);
        for limit in [1e15, 1e30] {
            assert_eq!(next_above(&endless, 0, limit, 16), Some(0));
        }
    }

    #[test]
    fn runs_are_found_across_blocks() {
        // The other way: every place, byte by byte.
        let found = |bytes: &[u8], length: usize| {
            let mut windows = bytes.windows(length);
            windows.position(|run| run.iter().all(|b| may_be_within(*b)))
        };
        for before in 0..140 {
            for run in [1, 2, 7, 63, 64, 65, 130] {
                let text = format!(
                    "{}12{}{}x",
                    "1 ".repeat(before / 2),
                    "a".repeat(before % 2),
                    "7".repeat(run)
                );
                for length in [2, 3, 5, 8, 30, 64] {
                    let expected = found(text.as_bytes(), length);
                    assert_eq!(
                        next_run(text.as_bytes(), 0, length),
                        expected,
                        "{text} {length}"
                    );
                }
            }
        }
        for b in 0..=u8::MAX {
            let within = b.is_ascii_digit() || b",.:{}".contains(&b);
            assert_eq!(may_be_within(b), within, "{b}");
            assert_eq!(
                bits_within(&std::array::from_fn(|k| if k == 9 { b } else { b' ' })),
                u64::from(within) << 9
            );
        }
    }

    #[test]
    fn no_number_is_passed_over() {
        for digits in 2..7 {
            for before in 0..20 {
                let text = format!("{} {}", "a".repeat(before), "1".repeat(digits));
                let limit = 10_f64.powi(i32::try_from(digits).unwrap() - 1);
                let found = |limit, digits| next_above(&text, 0, limit, digits);
                assert_eq!(found(limit, digits), Some(before + 1), "{text}");
                assert_eq!(found(10.0 * limit, digits + 1), None, "{text}");
            }
        }
    }
}

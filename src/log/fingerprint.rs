//! Texts told apart by their fingerprints, so that they need not be kept.
//!
//! A fingerprint has 128 bits, those of XXH3. Two different texts among n share one with
//! a probability of about n² / 2^129: 1.5e-27 for a million, 1.5e-21 for a billion. Texts that were
//! made up to collide are not guarded against; the hash has no secret key, so that results do not
//! depend on chance.

use xxhash_rust::xxh3::xxh3_128;

/// What stands for a text, or for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64, u64);

impl Fingerprint {
    /// Of texts in this order; `None` is a text that differs from all others.
    pub fn of(texts: &[Option<&str>]) -> Self {
        // Each is hashed by itself, so that texts cannot run into each other.
        let joined = texts.iter().fold(0, |before: u128, text| {
            let hash = text.map_or(0, |text| xxh3_128(text.as_bytes()));
            let mut both = [0; 33];
            both[..16].copy_from_slice(&before.to_le_bytes());
            both[16..32].copy_from_slice(&hash.to_le_bytes());
            both[32] = text.is_some().into();
            xxh3_128(&both)
        });
        let [low, high] = [joined, joined >> 64].map(|bits| {
            #[expect(clippy::cast_possible_truncation, reason = "the halves of it")]
            let half = bits as u64;
            half
        });
        Self(low, high)
    }
}

/// Numbers by fingerprint, in 24 bytes each and room to grow.
///
/// Open addressing with linear probing. Nothing depends on where an entry stands.
#[derive(Debug, Default)]
pub struct Numbers {
    entries: Vec<Option<(Fingerprint, Number)>>,
    len: usize,
}

/// A number that leaves room for "nothing here".
type Number = std::num::NonZeroU64;

impl Numbers {
    /// How many fingerprints there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of a fingerprint, which is `number` if it has none yet; whether it had one.
    pub fn get_or_insert(&mut self, fingerprint: Fingerprint, number: u64) -> (u64, bool) {
        // Filled up to 4 in 5.
        if 5 * (self.len + 1) > 4 * self.entries.len() {
            self.grow();
        }
        let place = self.place(fingerprint);
        if let Some((_, number)) = self.entries[place] {
            return (number.get() - 1, true);
        }
        let stored = Number::MIN.saturating_add(number);
        self.entries[place] = Some((fingerprint, stored));
        self.len += 1;
        (number, false)
    }

    /// Where a fingerprint stands or would.
    fn place(&self, fingerprint: Fingerprint) -> usize {
        let room = self.entries.len();
        let scaled = (u128::from(fingerprint.0) * room as u128) >> 64;
        let mut place = usize::try_from(scaled).unwrap_or_default();
        while self.entries[place].is_some_and(|(other, _)| other != fingerprint) {
            place = if place + 1 == room { 0 } else { place + 1 };
        }
        place
    }

    /// Makes room by a half; entries are in the order of their fingerprints and stay so.
    fn grow(&mut self) {
        let room = self.entries.len() + self.entries.len() / 2 + 1024;
        let entries = std::mem::replace(&mut self.entries, vec![None; room]);
        for entry in entries.into_iter().flatten() {
            let place = self.place(entry.0);
            self.entries[place] = Some(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn texts_cannot_run_into_each_other() {
        let differ = [
            Fingerprint::of(&[Some("ab"), Some("c")]),
            Fingerprint::of(&[Some("a"), Some("bc")]),
            Fingerprint::of(&[Some("abc")]),
            Fingerprint::of(&[None, Some("abc")]),
            Fingerprint::of(&[Some(""), Some("abc")]),
            Fingerprint::of(&[Some("abc"), None]),
        ];
        for (i, a) in differ.iter().enumerate() {
            assert!(a.0 != a.1);
            assert!(differ[..i].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn numbers_are_those_of_an_ordered_map() {
        let (mut numbers, mut map) = (Numbers::default(), BTreeMap::new());
        for i in 0..20_000_u64 {
            // Some texts again.
            let text = (i - i % 3).to_string();
            let expected = *map.entry(text.clone()).or_insert(i);
            let (number, known) = numbers.get_or_insert(Fingerprint::of(&[Some(&text)]), i);
            assert_eq!((number, known), (expected, expected != i), "{text}");
        }
        assert_eq!(numbers.len(), map.len());
        assert!(!numbers.is_empty());
    }

    #[test]
    fn fingerprints_that_begin_alike_are_told_apart() {
        let mut numbers = Numbers::default();
        for i in 0..3000 {
            // All of them want the last place.
            assert_eq!(
                numbers.get_or_insert(Fingerprint(u64::MAX, i), i),
                (i, false)
            );
        }
        for i in 0..3000 {
            assert_eq!(
                numbers.get_or_insert(Fingerprint(u64::MAX, i), 9),
                (i, true)
            );
        }
    }
}

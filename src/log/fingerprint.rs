//! Texts told apart by their fingerprints, so that they need not be kept.
//!
//! A fingerprint has 128 bits, those of XXH3. Two different texts among n share one with
//! a probability of about n² / 2^129: 1.5e-27 for a million, 1.5e-21 for a billion. Texts that were
//! made up to collide are not guarded against; the hash has no secret key, so that results do not
//! depend on chance.

use hashbrown::HashTable;
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

/// Numbers by fingerprint, at most 2^32 of them: in 24 bytes each, with room to grow, and
/// 6 to 23 of a table of their places.
///
/// They stand one behind the other, and the table alone is looked up at random: it is small enough to
/// be near. Nothing depends on where an entry of the table stands.
#[derive(Debug, Default)]
pub struct Numbers {
    known: Vec<(Fingerprint, u64)>,
    places: HashTable<u32>,
}

impl Numbers {
    /// How many fingerprints there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The number of a fingerprint, which is `number` if it has none yet; whether it had one.
    pub fn get_or_insert(&mut self, fingerprint: Fingerprint, number: u64) -> (u64, bool) {
        let known = &self.known;
        let same = |&place: &u32| known[place as usize].0 == fingerprint;
        if let Some(&place) = self.places.find(fingerprint.0, same) {
            return (known[place as usize].1, true);
        }
        self.known.push((fingerprint, number));
        if self.places.len() == self.places.capacity() {
            self.grow();
        } else {
            self.place(self.known.len() - 1);
        }
        (number, false)
    }

    /// Makes room for four times as many: the table is small, and filling it anew takes long. The
    /// last fingerprint has no place yet.
    fn grow(&mut self) {
        self.places = HashTable::with_capacity(4 * self.places.capacity().max(1));
        for place in 0..self.known.len() {
            self.place(place);
        }
    }

    /// Adds the place of a fingerprint to the table, which has room for it.
    fn place(&mut self, place: usize) {
        let number = u32::try_from(place).expect("at most 2^32 fingerprints");
        let hash = |&place: &u32| self.known[place as usize].0.0;
        self.places.insert_unique(hash(&number), number, hash);
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

//! Some checkpoints under every subset of the validators at once.
//!
//! A generation stops where the first of the validators that are present rejects it. Lined up by
//! when they would, it goes beyond the stop of the j-th exactly if none of the first j is present.
//! So all that is counted is a sum of terms x · 1{none of E is present}: terms are gathered by
//! their set E, and one pass of subset sums (Yates's algorithm) turns them into the sums of all 2ⁿ
//! subsets. It holds for any checkpoints; a generation on which nobody alarms has a single term.
//! The sums are those of [`Candidates::evaluate`], to the last bit.

use super::block::NEVER;
use super::places::{Places, Stand, due_after, due_at_end, due_every, visits};
use super::sums::{Sums, Total, Valued};
use super::{CandidateFigures, Candidates, CandidatesError, steps};
use crate::policy::{Checkpoint, Position};

/// Validators of which all subsets are held at once, at most.
pub const MOST_IN_LATTICE: usize = 20;

/// Sums of a set come in this order: three of survivors, two of tokens, two by costly checkpoint,
/// two of utility, and one by watched level.
const SURVIVING: usize = 0;
const SURVIVING_ACCEPTED: usize = 1;
const SURVIVING_REFUSED: usize = 2;
const GENERATED: usize = 3;
const GENERATED_KNOWN: usize = 4;
const VISITS: usize = 5;

/// Columns made ready for the subsets of validators at any of the checkpoints of a grid.
pub struct Lattices<'c> {
    columns: &'c Candidates<'c>,
    grid: &'c [Checkpoint<Position>],
    places: Places,
    stands: Vec<Stand>,
    /// Numbers of the generations on which somebody alarms.
    alarmed: Vec<u32>,
    /// Where the alarms of each of them end.
    ends: Vec<usize>,
    /// Validator and first alarm.
    alarms: Vec<(u8, i32)>,
    /// Numbers of all other generations, and what they hold.
    silent: Vec<u32>,
    silent_tokens: Total,
}

/// The sums of every subset of the validators at some checkpoints.
pub struct Lattice<'c> {
    columns: &'c Candidates<'c>,
    checkpoints: Vec<Checkpoint<Position>>,
    width: usize,
    /// By set of absent validators, `width` sums each.
    sums: Vec<i64>,
}

impl<'c> Lattices<'c> {
    /// Makes ready for the checkpoints of `grid`, of at most [`MOST_IN_LATTICE`] validators.
    pub fn new(
        columns: &'c Candidates<'c>,
        grid: &'c [Checkpoint<Position>],
    ) -> Result<Self, CandidatesError> {
        let validators = columns.alarms.len();
        assert!(validators <= MOST_IN_LATTICE, "{validators} validators");
        let places = Places::new(columns, grid.iter().map(|c| c.at))?;
        let stands = columns.stands(&places, grid);
        let mut lattices = Self {
            columns,
            grid,
            places,
            stands,
            alarmed: Vec::new(),
            ends: Vec::new(),
            alarms: Vec::new(),
            silent: Vec::new(),
            silent_tokens: Total::default(),
        };
        for (row, number) in (0..columns.tokens.len()).zip(0_u32..) {
            let before = lattices.alarms.len();
            for (column, v) in columns.alarms.iter().zip(0_u8..) {
                if column[row] < NEVER {
                    lattices.alarms.push((v, column[row]));
                }
            }
            if lattices.alarms.len() > before {
                lattices.alarmed.push(number);
                lattices.ends.push(lattices.alarms.len());
            } else {
                let tokens = u64::from(columns.tokens[row].unsigned_abs());
                let known = u64::from((columns.accepted[row] | columns.refused[row]) != 0);
                lattices.silent.push(number);
                lattices.silent_tokens.add(Total {
                    all: tokens,
                    known: known * tokens,
                });
            }
        }
        Ok(lattices)
    }

    /// The subsets at the checkpoints number `chosen` of the grid.
    pub fn at(&self, chosen: &[usize]) -> Lattice<'c> {
        let checkpoints = chosen.iter().map(|&c| self.grid[c].clone()).collect();
        let mut lattice = Lattice::new(self.columns, checkpoints);
        let sums = lattice.of_mut(0);
        sums[GENERATED] += signed(self.silent_tokens.all);
        sums[GENERATED_KNOWN] += signed(self.silent_tokens.known);
        let stands: Vec<Stand> = chosen.iter().map(|&c| self.stands[c]).collect();
        let costly = lattice.costly();
        if !costly.is_empty() {
            for &row in &self.silent {
                self.add_visits(&mut lattice, &costly, &stands, row as usize, &[]);
            }
        }
        let mut start = 0;
        let mut stops: Vec<(i32, i32, u8)> = Vec::new();
        for (&row, &end) in self.alarmed.iter().zip(&self.ends) {
            let row = row as usize;
            stops.clear();
            for &(v, first) in &self.alarms[start..end] {
                if let Some((place, c)) = self.first_stop(&lattice, &stands, row, v, first) {
                    stops.push((place, c, v));
                }
            }
            stops.sort_unstable();
            lattice.add(row, &stops);
            if !costly.is_empty() {
                self.add_visits(&mut lattice, &costly, &stands, row, &stops);
            }
            start = end;
        }
        lattice.transform();
        lattice
    }

    /// Where, and by which checkpoint, validator `v` alone would stop a generation.
    fn first_stop(
        &self,
        lattice: &Lattice<'_>,
        stands: &[Stand],
        row: usize,
        v: u8,
        first: i32,
    ) -> Option<(i32, i32)> {
        let n = self.columns.tokens[row];
        let consulting = (0_i32..).zip(&lattice.checkpoints).zip(stands);
        let consulting = consulting.filter(|((_, c), _)| c.validators.contains(&usize::from(v)));
        let dues = consulting.map(|((c, _), &stand)| {
            let due = match stand {
                Stand::Nowhere => NEVER,
                Stand::After(_) | Stand::Own(_) => due_after(self.places.own(stand, row), first, n),
                Stand::Every(step) => due_every(step, first, n),
                Stand::End => due_at_end(first),
            };
            (due, c)
        });
        dues.min().filter(|(due, _)| *due < NEVER)
    }

    /// Adds how often each costly checkpoint is reached: whatever is reached where nobody of E is
    /// present is not charged where nobody that the checkpoint consults is.
    fn add_visits(
        &self,
        lattice: &mut Lattice<'_>,
        costly: &[(usize, usize)],
        stands: &[Stand],
        row: usize,
        stops: &[(i32, i32, u8)],
    ) {
        let columns = self.columns;
        let n = columns.tokens[row];
        let known = i64::from(columns.accepted[row] | columns.refused[row]);
        for (k, &(c, consulted)) in costly.iter().enumerate() {
            let number = i32::try_from(c).unwrap_or(NEVER);
            let own = self.places.own(stands[c], row);
            let (mut absent, mut before) = (0, 0);
            let each = stops.iter().map(|&(place, by, v)| ((place, by), 1 << v));
            for (stop, bit) in each.chain([((NEVER, NEVER), 0)]) {
                let until = signed(visits(stands[c], own, number, stop, n));
                let more = until - before;
                if more != 0 {
                    for (set, more) in [(absent, more), (absent | consulted, -more)] {
                        let sums = lattice.of_mut(set);
                        sums[VISITS + 2 * k] += more;
                        sums[VISITS + 2 * k + 1] += known * more;
                    }
                }
                before = until;
                absent |= bit;
            }
        }
    }
}

impl<'c> Lattice<'c> {
    fn new(columns: &'c Candidates<'c>, checkpoints: Vec<Checkpoint<Position>>) -> Self {
        let mut lattice = Self {
            columns,
            checkpoints,
            width: 0,
            sums: Vec::new(),
        };
        let watched = if columns.is_watching() {
            2 + columns.levels()
        } else {
            0
        };
        lattice.width = VISITS + 2 * lattice.costly().len() + watched;
        lattice.sums = vec![0; lattice.width * lattice.subsets()];
        lattice
    }

    /// Number of subsets: set number B holds validator v if bit v of B is set.
    pub fn subsets(&self) -> usize {
        1 << self.columns.alarms.len()
    }

    /// Checkpoints that charge, with the set of those they consult.
    fn costly(&self) -> Vec<(usize, usize)> {
        let checkpoints = self.checkpoints.iter().enumerate();
        let costly = checkpoints.filter(|(_, c)| c.cost_tokens > 0.0);
        let set = |c: &Checkpoint<Position>| c.validators.iter().fold(0, |set, v| set | 1 << v);
        costly.map(|(number, c)| (number, set(c))).collect()
    }

    fn of_mut(&mut self, set: usize) -> &mut [i64] {
        let width = self.width;
        &mut self.sums[set * width..(set + 1) * width]
    }

    /// Adds generation number `row` with the stops of the validators that reject it, in order.
    fn add(&mut self, row: usize, stops: &[(i32, i32, u8)]) {
        let columns = self.columns;
        let n = columns.tokens[row];
        let accepted = i64::from(columns.accepted[row]);
        let refused = i64::from(columns.refused[row]);
        let known = accepted | refused;
        let (mut absent, mut before) = (0, 0);
        for &(place, _, v) in stops {
            let until = i64::from(place.min(n));
            if until > before {
                let sums = self.of_mut(absent);
                sums[GENERATED] += until - before;
                sums[GENERATED_KNOWN] += known * (until - before);
                before = until;
            }
            absent |= 1 << v;
        }
        let more = i64::from(n) - before;
        let sums = self.of_mut(absent);
        sums[GENERATED] += more;
        sums[GENERATED_KNOWN] += known * more;
        sums[SURVIVING] += 1;
        sums[SURVIVING_ACCEPTED] += accepted;
        sums[SURVIVING_REFUSED] += refused;
        if accepted == 1
            && let Some(watched) = &columns.watched
        {
            let levels = self.width - columns.levels();
            if let Some(utility) = columns.table.rows()[row].utility {
                self.of_mut(absent)[levels - 2] += 1;
                self.of_mut(absent)[levels - 1] += signed(steps(utility));
            }
            for &(covariate, first) in &watched.covariates {
                let level = columns.table.level(covariate, row) as usize;
                self.of_mut(absent)[levels + first + level] += 1;
            }
        }
    }

    /// From terms by set to sums over the subsets of each set.
    fn transform(&mut self) {
        let width = self.width;
        for v in 0..self.columns.alarms.len() {
            let half = width << v;
            for pair in self.sums.chunks_exact_mut(2 * half) {
                let (without, with) = pair.split_at_mut(half);
                for (with, without) in with.iter_mut().zip(without) {
                    *with += *without;
                }
            }
        }
    }

    /// The checkpoints with those of their validators that are in the set `present`; one without
    /// any is not there.
    pub fn checkpoints(&self, present: usize) -> Vec<Checkpoint<Position>> {
        let mut checkpoints = self.checkpoints.clone();
        for checkpoint in &mut checkpoints {
            checkpoint.validators.retain(|v| present >> v & 1 == 1);
        }
        checkpoints.retain(|c| !c.validators.is_empty());
        checkpoints
    }

    /// The figures where exactly the validators of the set `present` are consulted.
    pub fn figures(&self, present: usize) -> CandidateFigures {
        self.columns
            .figures(&self.of_present(present), &self.checkpoints)
    }

    fn of_present(&self, present: usize) -> Sums {
        let absent = (self.subsets() - 1) & !present;
        let at = &self.sums[absent * self.width..(absent + 1) * self.width];
        let mut sums = Sums::new(self.checkpoints.len(), self.columns.levels());
        // Where all are absent everything survives: what is missing is rejected.
        let every = &self.sums[(self.subsets() - 1) * self.width..];
        let missing = |k: usize| unsigned(every[k] - at[k]);
        sums.rejected = missing(SURVIVING);
        sums.rejected_accepted = missing(SURVIVING_ACCEPTED);
        sums.rejected_refused = missing(SURVIVING_REFUSED);
        sums.generated = Total {
            all: unsigned(at[GENERATED]),
            known: unsigned(at[GENERATED_KNOWN]),
        };
        for (k, (c, _)) in self.costly().into_iter().enumerate() {
            sums.visits[c] = Total {
                all: unsigned(at[VISITS + 2 * k]),
                known: unsigned(at[VISITS + 2 * k + 1]),
            };
        }
        if self.columns.is_watching() {
            let levels = self.width - self.columns.levels();
            sums.lost = Valued {
                count: missing(levels - 2),
                utility: missing(levels - 1),
            };
            for (level, sum) in sums.lost_by_level.iter_mut().enumerate() {
                *sum = missing(levels + level);
            }
        }
        sums
    }
}

fn signed(sum: u64) -> i64 {
    i64::try_from(sum).expect("counts of a log fit 63 bits")
}

fn unsigned(sum: i64) -> u64 {
    u64::try_from(sum).expect("a count is at least 0")
}

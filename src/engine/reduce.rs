//! Numbered pieces of work in parallel, merged in their order.
//!
//! Merging goes on while others work, and nobody runs far ahead of it: so the memory in use depends
//! on the number of threads and not on the number of pieces.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};

/// Pieces in work or not yet merged, per thread.
const AHEAD: u64 = 2;

/// What has been done of the pieces `0..number`.
struct State<T, W> {
    begun: u64,
    merged: u64,
    total: T,
    /// Results that wait for an earlier one.
    early: BTreeMap<u64, W>,
    /// Whether no further piece is begun.
    stopped: bool,
}

struct Queue<T, W> {
    number: u64,
    ahead: u64,
    state: Mutex<State<T, W>>,
    moved: Condvar,
}

/// A piece that was begun. Dropped without a result, in a panic too, it stops the queue: those who
/// wait for it would wait for ever.
struct Piece<'q, T, W> {
    queue: &'q Queue<T, W>,
    number: u64,
    done: bool,
}

impl<T, W> Queue<T, W> {
    fn state(&self) -> MutexGuard<'_, State<T, W>> {
        self.state.lock().expect("merging does not panic")
    }

    /// The next piece, as soon as it is not too far ahead; `None` when there is none.
    fn begin(&self) -> Option<Piece<'_, T, W>> {
        let early = |state: &mut State<T, W>| {
            !state.stopped && state.begun < self.number && state.begun >= state.merged + self.ahead
        };
        let waited = self.moved.wait_while(self.state(), early);
        let mut state = waited.expect("merging does not panic");
        if state.stopped || state.begun == self.number {
            return None;
        }
        state.begun += 1;
        Some(Piece {
            queue: self,
            number: state.begun - 1,
            done: false,
        })
    }
}

impl<T, W> Piece<'_, T, W> {
    /// Merges what can be merged now, in order.
    fn finish(mut self, result: W, merge: &impl Fn(&mut T, W), progress: &(dyn Fn(u64) + Sync)) {
        let mut state = self.queue.state();
        state.early.insert(self.number, result);
        loop {
            let next = state.merged;
            let Some(result) = state.early.remove(&next) else {
                break;
            };
            merge(&mut state.total, result);
            state.merged += 1;
        }
        progress(state.merged);
        drop(state);
        self.done = true;
        self.queue.moved.notify_all();
    }
}

impl<T, W> Drop for Piece<'_, T, W> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if let Ok(mut state) = self.queue.state.lock() {
            state.stopped = true;
        }
        self.queue.moved.notify_all();
    }
}

/// Works on so many pieces and merges their results in order into `total`; returns how many were
/// merged. Where `work` gives none, that piece and those after it are left out. `progress` hears
/// of merged pieces.
pub(crate) fn reduce<T: Send, W: Send>(
    number: u64,
    work: impl Fn(u64) -> Option<W> + Sync,
    total: T,
    merge: impl Fn(&mut T, W) + Sync,
    progress: &(dyn Fn(u64) + Sync),
) -> (T, u64) {
    let threads = rayon::current_num_threads();
    let queue = Queue {
        number,
        ahead: threads as u64 * AHEAD,
        state: Mutex::new(State {
            begun: 0,
            merged: 0,
            total,
            early: BTreeMap::new(),
            stopped: false,
        }),
        moved: Condvar::new(),
    };
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                while let Some(piece) = queue.begin() {
                    let Some(result) = work(piece.number) else {
                        return;
                    };
                    piece.finish(result, &merge, progress);
                }
            });
        }
    });
    let state = queue.state.into_inner().expect("merging does not panic");
    (state.total, state.merged)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn on_threads<R: Send>(threads: usize, test: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads").install(test)
    }

    /// Appends the numbers of the pieces that `work` finishes.
    fn list(number: u64, work: impl Fn(u64) -> Option<u64> + Sync) -> (Vec<u64>, u64) {
        reduce(number, work, Vec::new(), Vec::push, &|_| ())
    }

    #[test]
    fn pieces_are_merged_in_order_whoever_is_late() {
        for threads in [1, 2, 8] {
            let late = |n: u64| {
                if n.is_multiple_of(5) {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
                Some(n)
            };
            let (merged, number) = on_threads(threads, || list(40, late));
            assert_eq!(merged, (0..40).collect::<Vec<_>>(), "{threads} threads");
            assert_eq!(number, 40);
        }
    }

    #[test]
    fn nobody_runs_far_ahead() {
        let (begun, furthest) = (AtomicU64::new(0), AtomicU64::new(0));
        let merged = AtomicU64::new(0);
        on_threads(4, || {
            let work = |n: u64| {
                if n == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(30));
                }
                let ahead =
                    begun.fetch_add(1, Ordering::SeqCst) + 1 - merged.load(Ordering::SeqCst);
                furthest.fetch_max(ahead, Ordering::SeqCst);
                Some(())
            };
            reduce(200, work, (), |(), ()| (), &|n| {
                merged.store(n, Ordering::SeqCst);
            })
        });
        assert!(furthest.into_inner() <= 4 * AHEAD);
    }

    #[test]
    fn what_comes_after_a_gap_is_left_out() {
        for threads in [1, 2, 8] {
            let (merged, number) = on_threads(threads, || list(100, |n| (n != 13).then_some(n)));
            assert_eq!(merged, (0..13).collect::<Vec<_>>());
            assert_eq!(number, 13);
        }
        assert_eq!(list(0, Some), (vec![], 0));
    }

    #[test]
    #[should_panic(expected = "piece 7")]
    fn a_panic_is_passed_on_and_leaves_nobody_waiting() {
        let fails = |n: u64| {
            assert!(n != 7, "piece 7");
            Some(n)
        };
        on_threads(2, || list(100, fails));
    }
}

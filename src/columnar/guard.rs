//! The Parquet library panics on some damaged pages and schemas; here that is an error of the file.
//!
//! The process's panic hook is told to be silent about such panics, and about no others.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::FileError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns; what it was working on must not be used after an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                others(panic);
            }
        }));
    });
    GUARDED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    done.unwrap_or_else(|_| {
        let message = "a page or the directory makes no sense";
        Err(FileError::Damaged(message.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_a_result_stays() {
        let damaged = guarded(|| -> Result<u8, FileError> { panic!("inside the library") });
        assert!(matches!(damaged, Err(FileError::Damaged(_))));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
        assert!(!GUARDED.get(), "panics elsewhere are shown again");
    }
}

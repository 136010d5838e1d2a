//! Long work that does not look whether it is interrupted, done where an interrupt is heard all the
//! same.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::error::CliError;
use crate::study::Interrupt;

/// How long an interrupt may go unheard.
const LISTEN: Duration = Duration::from_millis(50);

/// What `work` comes to, done on a thread of its own. An interrupt meanwhile ends the command: the
/// caller goes back to `main`, whose end ends the work, which therefore must write no files. One that
/// was raised before, so that part of a log is to be evaluated, does not count.
pub(super) fn evaluated<T: Send + 'static>(
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CliError> {
    let raised_before = interrupt.raised();
    let (sender, result) = channel();
    // Nobody receives what comes after an interrupt.
    let worker = thread::spawn(move || drop(sender.send(work())));
    loop {
        match result.recv_timeout(LISTEN) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) if interrupt.raised() && !raised_before => {
                return Err(CliError::InterruptedWork);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => return Err(CliError::Internal("the evaluation was lost".to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn work_that_does_not_listen_is_left() {
        let interrupt = Interrupt::default();
        assert!(matches!(evaluated(&interrupt, || 7), Ok(7)));
        let begun = Instant::now();
        let heard = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                interrupt.raise();
            });
            evaluated(&interrupt, || thread::sleep(Duration::from_secs(30)))
        });
        assert!(matches!(heard, Err(CliError::InterruptedWork)));
        assert!(begun.elapsed() < Duration::from_secs(10));
        // What was read before an interrupt is evaluated all the same.
        let slow = || thread::sleep(Duration::from_millis(120));
        assert!(evaluated(&interrupt, slow).is_ok());
    }

    #[test]
    #[should_panic(expected = "a fault of the work")]
    fn a_fault_of_the_work_is_one_of_the_caller() {
        let _ = evaluated(&Interrupt::default(), || panic!("a fault of the work"));
    }
}

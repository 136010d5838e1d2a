//! The `foldem` command: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    foldem::cli::main()
}

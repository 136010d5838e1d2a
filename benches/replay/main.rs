//! `cargo bench --bench replay`: megabytes per second at which `foldem replay` reads a log – all rules
//! of the paper, four checkpoints, every estimate – beside Python with orjson and two processes,
//! where `python3` (or `FOLDEM_PYTHON`) has that.
//!
//! Both are timed as whole commands on two threads or processes, with the log in the page cache;
//! the best of several runs is shown. On a busy machine compare processor times instead, as `perf stat`
//! tells them; what findings cost apart from reading shows `foldem replay --table`. On two idle cores of 2026
//! 1,000,000 records of prose were read at 405 MB/s, 20 times as fast as by Python, in 220 MB of memory;
//! 200,000 of dense text at 280 MB/s. Rules take half of the processor time, findings a quarter.
//! `FOLDEM_RECORDS` sets the number of records, by default 1,000,000 (1.1 GB for each of the two
//! styles, in the folder for temporary files).

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints what it finds"
)]

mod chat_log;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use chat_log::Style;

const RUNS: usize = 3;
const THREADS: &str = "2";
const RULES: [&str; 7] = [
    "well-posed",
    "hallucination-phrase",
    "answer-marker",
    "false-equation",
    "magnitude",
    "unexpected-negative",
    "convergence",
];

/// Megabytes per second of a command that reads `log`, the best of several runs; `None` if it
/// cannot run.
fn rate(log: &Path, command: &mut Command) -> Option<f64> {
    let bytes = log.metadata().ok()?.len();
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.ok().filter(std::process::ExitStatus::success)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Some(bytes as f64 / 1e6 / best)
}

fn foldem(log: &Path, policy: &Path) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foldem"));
    command.args(["--threads", THREADS, "--format", "json", "replay"]);
    rate(log, command.arg(log).arg("--policy").arg(policy)).expect("the log and policy are valid")
}

/// A policy of one rule at the same checkpoints.
fn alone(folder: &Path, rule: &str) -> PathBuf {
    let mut policy = format!(
        "schema = \"foldem.policy/1\"\nname = \"{rule}\"\n\
         [[validator]]\nname = \"rule\"\nrule = \"{rule}\"\n"
    );
    for at in [
        "{ tokens = 64 }",
        "{ tokens = 128 }",
        "{ tokens = 192 }",
        "\"solution\"",
    ] {
        let _ = write!(
            policy,
            "[[checkpoint]]\nat = {at}\nvalidators = [\"rule\"]\n"
        );
    }
    let path = folder.join(format!("{rule}.toml"));
    std::fs::write(&path, policy).expect("the folder for temporary files takes it");
    path
}

fn main() {
    let records = match std::env::var("FOLDEM_RECORDS") {
        Ok(number) => number.parse().expect("FOLDEM_RECORDS is a number"),
        Err(_) => 1_000_000,
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let policy = root.join("benches/replay/four-checkpoints.toml");
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let python = std::env::var_os("FOLDEM_PYTHON").unwrap_or_else(|| "python3".into());
    for (name, style) in [("prose", Style::Prose), ("dense", Style::Dense)] {
        let log = folder.path().join(format!("{name}.jsonl"));
        chat_log::write(&log, style, records).expect("the folder for temporary files has room");
        let text = std::fs::read(&log).expect("just written");
        let signs = memchr::memchr_iter(b'=', &text).count();
        println!(
            "{name}: {records} records of {:.2} KB, {:.1} `=` per KB",
            text.len() as f64 / 1e3 / records as f64,
            signs as f64 / (text.len() as f64 / 1e3),
        );
        drop(text);
        let all = foldem(&log, &policy);
        println!("  foldem, all rules: {all:.0} MB/s");
        for rule in RULES {
            let one = foldem(&log, &alone(folder.path(), rule));
            println!("  foldem, {rule} alone: {one:.0} MB/s");
        }
        let script = root.join("benches/peers/replay_orjson.py");
        match rate(&log, Command::new(&python).arg(script).arg(&log)) {
            Some(peer) => println!(
                "  Python, orjson, two processes: {peer:.1} MB/s, {:.1} times slower",
                all / peer
            ),
            None => println!("  Python: not run (orjson is missing)"),
        }
    }
}

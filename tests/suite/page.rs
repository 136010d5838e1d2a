//! The page of a replay in a browser: it loads without an error, its tables sort, nothing makes a
//! phone scroll sideways; and what stands in it without one.
//!
//! The browser is Chromium, found on PATH or named by FOLDEM_CHROMIUM; where there is none, the
//! tests that need it are skipped and say so.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::{code, foldem, stderr};

const LOG: &str = "experiments/logs/qwen2.5-coder-1.5b.jsonl.zst";

/// A replay of the shipped log as a page.
fn page(folder: &Path) -> String {
    let file = folder.join("report.html");
    let output = foldem(&[
        "replay",
        LOG,
        "--policy",
        "paper",
        "--report",
        file.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    fs::read_to_string(file).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "which browser there is depends on the machine; a skipped test must be seen"
)]
fn browser() -> Option<OsString> {
    let named = std::env::var("FOLDEM_CHROMIUM").ok().map(OsString::from);
    let program = named.unwrap_or_else(|| "chromium".into());
    if Command::new(&program).arg("--version").output().is_ok() {
        return Some(program);
    }
    eprintln!("SKIPPED: no browser; install chromium or name it in FOLDEM_CHROMIUM");
    None
}

/// What runs before the page: remembers errors.
const WATCH: &str = "<script>window.problems=[];\
    addEventListener('error',e=>problems.push(String(e.message)),true);\
    addEventListener('unhandledrejection',e=>problems.push(String(e.reason)));\
    for(const kind of ['error','warn']){const say=console[kind];\
    console[kind]=(...all)=>{problems.push(all.join(' '));say(...all)}}</script>";

/// What runs around the page, in a frame as wide as a phone: sorts every table by every column,
/// twice, and tells what it saw.
const PROBE: &str = r#"
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, seen = {};
  seen.width = page.documentElement.clientWidth;
  seen.scroll = page.documentElement.scrollWidth;
  seen.figures = [...page.querySelectorAll("figure svg")].map(
    (svg) => svg.querySelector("title").textContent.length);
  seen.marks = [...page.querySelectorAll("mark")].map((mark) => mark.textContent);
  seen.columns = [];
  for (const table of page.querySelectorAll("table")) {
    const cells = (i) => [...table.tBodies[0].rows].map((row) => row.cells[i].textContent);
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      const before = cells(i).sort().join("|");
      head.querySelector("button").click();
      const up = cells(i), first = head.getAttribute("aria-sort");
      head.querySelector("button").click();
      const down = cells(i), second = head.getAttribute("aria-sort");
      seen.columns.push({ up, down, first, second, same: before === [...down].sort().join("|") });
    });
  }
  seen.problems = frame.contentWindow.problems;
  const told = document.createElement("pre");
  told.id = "seen";
  told.textContent = JSON.stringify(seen);
  document.body.append(told);
});
"#;

/// What a browser sees of `page`.
fn seen(browser: &OsString, folder: &Path, page: &str) -> Value {
    let watched = page.replacen("<head>", &format!("<head>{WATCH}"), 1);
    let framed = watched.replace('&', "&amp;").replace('"', "&quot;");
    let harness = format!(
        "<!doctype html><meta charset=\"utf-8\"><body>\
         <iframe style=\"width:390px;height:844px;border:0\"></iframe>\
         <script>{PROBE}\nframe.srcdoc = document.querySelector('template').dataset.page;</script>\
         <template data-page=\"{framed}\"></template>"
    );
    // The script comes before what it reads, so it waits for the rest of the page.
    let harness = harness.replace(
        "frame.srcdoc = ",
        "addEventListener('DOMContentLoaded', () => { frame.srcdoc = ",
    );
    let harness = harness.replace(".dataset.page;", ".dataset.page; });");
    let file = folder.join("harness.html");
    fs::write(&file, harness).unwrap();
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=20000",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = dom.split_once("<pre id=\"seen\">");
    let (_, told) = told.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let (json, _) = told.split_once("</pre>").unwrap();
    let json = json
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&");
    serde_json::from_str(&json).unwrap()
}

/// Cells as the sorting should see them: a number, or `None` where there is none.
fn numbers(cells: &Value) -> Vec<Option<f64>> {
    let number = |cell: &Value| {
        let text = cell.as_str().unwrap().trim_start_matches('[');
        let end = text.find(|c: char| !"0123456789.-e".contains(c));
        text[..end.unwrap_or(text.len())].parse().ok()
    };
    cells.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn the_page_works_in_a_browser_on_a_phone() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let found = seen(&browser, folder.path(), &page);
    assert_eq!(found["problems"], serde_json::json!([]));
    assert_eq!(found["scroll"], found["width"], "the page scrolls sideways");
    let figures = found["figures"].as_array().unwrap();
    assert!(figures.len() >= 3 && figures.iter().all(|length| length.as_u64() > Some(40)));
    let marks = found["marks"].as_array().unwrap();
    assert!(
        marks
            .iter()
            .any(|mark| mark.as_str().unwrap().contains('='))
    );
    let columns = found["columns"].as_array().unwrap();
    assert!(columns.len() > 20);
    let mut numeric = 0;
    for column in columns {
        assert_eq!(column["same"], true, "no cell is lost: {column}");
        assert_eq!(
            (&column["first"], &column["second"]),
            (&"ascending".into(), &"descending".into())
        );
        let (up, down) = (numbers(&column["up"]), numbers(&column["down"]));
        if up.iter().all(Option::is_some) {
            numeric += 1;
            assert!(up.is_sorted(), "{column}");
            assert!(down.iter().rev().is_sorted(), "{column}");
        }
    }
    assert!(numeric > 10);
}

/// The test above must be able to fail.
#[test]
fn a_broken_page_is_seen_to_be_broken() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let broken = page(folder.path())
        .replace("table.tBodies[0].append", "nothing.append")
        .replace("<h1>", "<div style=\"width:500px\">wide</div><h1>");
    let found = seen(&browser, folder.path(), &broken);
    assert_ne!(found["problems"], serde_json::json!([]));
    assert_ne!(found["scroll"], found["width"]);
}

#[test]
fn the_page_needs_no_network_and_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let links = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!links.contains(outside), "{outside}");
    }
    for told in [
        "Where this comes from",
        "SHA-256 ",
        "read from experiments/logs/",
        "wrong alarm",
        "right alarm",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

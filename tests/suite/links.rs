//! Links in the documentation: files and headings are there, in the repository and in the book.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::cli::root;
use super::readme::files;

/// All pages that a reader meets.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    pages.push(root().join("CHANGELOG.md"));
    for folder in ["docs", "experiments", "fuzz", "benches"] {
        // What a fuzzer or a build leaves behind is not ours.
        let found = files(&root().join(folder)).into_iter();
        let found = found.filter(|path| !path.components().any(|c| c.as_os_str() == "target"));
        pages.extend(found.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    pages
}

/// The targets of the inline links and pictures of a text, code left out.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        code ^= line.trim_start().starts_with("```");
        if code {
            continue;
        }
        // Every other piece between backticks is code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        let mut rest = prose.as_str();
        while let Some((_, behind)) = rest.split_once("](") {
            let (target, after) = behind.split_once(')').unwrap_or((behind, ""));
            found.push(target.to_owned());
            rest = after;
        }
    }
    found
}

/// The name under which a heading is linked: lower case, no punctuation, hyphens for blanks.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}

fn slugs(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let mut code = false;
    let headings = text.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code && line.starts_with('#')
    });
    headings
        .map(|line| slug(line.trim_start_matches('#')))
        .collect()
}

/// What is wrong with a link, if anything.
fn problem(page: &Path, target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("http://") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_owned(),
        file => page.parent().unwrap().join(file),
    };
    if !path.exists() {
        return Some("there is no such file".to_owned());
    }
    let docs = root().join("docs");
    let outside = path.canonicalize().unwrap();
    if page.starts_with(&docs)
        && !outside.starts_with(&docs)
        && path.extension().is_some_and(|e| e == "md")
    {
        return Some("the book has no such page; link its folder".to_owned());
    }
    if !heading.is_empty() && !slugs(&path).contains(heading) {
        return Some("there is no such heading".to_owned());
    }
    None
}

#[test]
fn every_link_of_the_docs_leads_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    for page in pages() {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            if let Some(problem) = problem(&page, &target) {
                broken.push(format!("{}: {target}: {problem}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 100, "{count} links");
}

#[test]
fn a_broken_link_is_found() {
    let page = root().join("docs/results.md");
    assert_eq!(
        targets("see [a](b.md) and `[c](d)`, ![e](f.svg)"),
        ["b.md", "f.svg"]
    );
    assert!(problem(&page, "theory.md").is_none());
    for wrong in ["no.md", "theory.md#no-heading", "../README.md", "#no"] {
        assert!(problem(&page, wrong).is_some(), "{wrong}");
    }
}

#[test]
fn the_book_has_every_page_of_the_docs() {
    let docs = root().join("docs");
    let summary = docs.join("SUMMARY.md");
    let listed: BTreeSet<_> = targets(&fs::read_to_string(&summary).unwrap())
        .iter()
        .map(|target| docs.join(target))
        .collect();
    let pages: BTreeSet<_> = pages()
        .into_iter()
        .filter(|page| page.starts_with(&docs) && *page != summary)
        .collect();
    assert_eq!(listed, pages);
}

//! An audit as people read it: what each row implies, what its numbers imply of each other, and what
//! contradicts itself; for programs every range at full precision.

use super::number::{exactly, number};
use super::{Section, Sheet};
use crate::study::audit::{Account, AuditFindings, Range, RowFindings};

/// The sheet of an audit.
pub fn sheet(findings: &AuditFindings) -> Sheet {
    let mut sections = vec![implied(findings), shares(findings)];
    let more = [failures(findings), readings(findings), early_exit(findings)];
    sections.extend(more.into_iter().filter(|section| !section.rows.is_empty()));
    Sheet {
        title: format!("What would have to hold: {}", findings.name),
        summary: summary(findings),
        sections,
        data: data(findings),
        warnings: warnings(),
        ..Sheet::default()
    }
}

fn summary(findings: &AuditFindings) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if !findings.description.is_empty() {
        lines.push(findings.description.clone());
    }
    let apart = findings
        .rows
        .iter()
        .filter(|row| !row.account.consistent)
        .count();
    lines.push(format!(
        "{} rows; the numbers of {apart} cannot all hold for one population under the account read first.",
        findings.rows.len()
    ));
    lines.push(
        "Figures are what would have to hold if the numbers given do. None of them says that a number is wrong: \
         it may be of another population, mean another \"good\", or be counted otherwise."
            .to_owned(),
    );
    lines
}

fn warnings() -> Vec<String> {
    let texts = [
        "accuracy is read as the share of good generations (before) and of good among the kept (after), with one \
         meaning of \"good\" for all numbers of a row",
        "savings are gross, without the cost of checkpoints; lengths are full lengths, what the rejected would \
         have run to",
    ];
    texts.map(str::to_owned).to_vec()
}

/// A range in units of 1/`unit`, to about `resolution`.
fn shown(range: Option<Range>, unit: f64, resolution: f64) -> String {
    let text = |x: f64| number(unit * x, resolution);
    match range {
        None => "–".to_owned(),
        Some(range) if range.lo.is_infinite() => "∞".to_owned(),
        Some(range) if range.is_point() => text(range.lo),
        Some(range) if range.hi.is_infinite() => format!("≥ {}", text(range.lo)),
        Some(range) => format!("[{}, {}]", text(range.lo), text(range.hi)),
    }
}

fn percent(range: Option<Range>) -> String {
    shown(range, 100.0, 0.1)
}

fn ratio(range: Option<Range>) -> String {
    shown(range, 1.0, 0.1)
}

/// The accounts under which a row was read.
fn accounts(row: &RowFindings) -> impl Iterator<Item = &Account> {
    [&row.account].into_iter().chain(&row.per_retained)
}

fn implied(findings: &AuditFindings) -> Section {
    let header = [
        "",
        "savings counted",
        "detection %",
        "rejected %",
        "length ratio, at least",
        "length ratio",
        "false rejections at equal lengths %",
        "cost ratio",
        "can all hold",
    ];
    let mut section = Section::new("Implied, under either account of savings", &header);
    for row in &findings.rows {
        section.rows.extend(accounts(row).map(|account| {
            let least = account.frr_min_equal_lengths;
            vec![
                row.name.clone(),
                account.accounting.key().to_owned(),
                percent(account.detection_implied),
                percent(account.rejected_share_implied),
                ratio(account.length_ratio_min),
                ratio(account.length_ratio_implied),
                if least.is_some_and(|r| r.lo >= 1.0) {
                    "none below 100".to_owned()
                } else {
                    percent(least)
                },
                shown(account.cost_ratio_implied, 1.0, 0.01),
                if account.consistent {
                    "yes".to_owned()
                } else if let Some(without) = account.implied_without {
                    format!("no; implied without {}", without.key())
                } else {
                    "no".to_owned()
                },
            ]
        }));
    }
    section
}

fn shares(findings: &AuditFindings) -> Section {
    let header = [
        "",
        "share",
        "given %",
        "by the other numbers %",
        "all together %",
    ];
    let mut section = Section::new("Each share by the other numbers of its row", &header);
    for row in &findings.rows {
        section.rows.extend(row.account.shares.iter().map(|share| {
            vec![
                row.name.clone(),
                share.name.key().to_owned(),
                percent(share.published),
                percent(share.by_others),
                percent(share.together),
            ]
        }));
    }
    section
}

fn failures(findings: &AuditFindings) -> Section {
    let header = ["", "savings counted", "what cannot hold together"];
    let mut section = Section::new("Numbers that cannot hold together", &header);
    for row in &findings.rows {
        let mut told = Vec::new();
        for account in accounts(row) {
            for failure in &account.fails {
                // What does not depend on the account is told once.
                if !told.contains(&&failure.message) {
                    told.push(&failure.message);
                    section.rows.push(vec![
                        row.name.clone(),
                        account.accounting.key().to_owned(),
                        failure.message.clone(),
                    ]);
                }
            }
        }
    }
    section
}

fn readings(findings: &AuditFindings) -> Section {
    let header = [
        "",
        "without",
        "implied instead %",
        "rejected %",
        "length ratio",
    ];
    let mut section = Section::new("Such rows without one of their shares", &header);
    for row in &findings.rows {
        section
            .rows
            .extend(row.account.readings.iter().map(|reading| {
                vec![
                    row.name.clone(),
                    reading.without.key().to_owned(),
                    percent(Some(reading.implied)),
                    percent(reading.rejected_share),
                    ratio(reading.length_ratio),
                ]
            }));
    }
    section
}

fn early_exit(findings: &AuditFindings) -> Section {
    let header = [
        "",
        "saves of what rejection leaves %",
        "saves alone %",
        "both %",
        "both if independent %",
        "saved by each of the two %",
    ];
    let mut section = Section::new("Early exit beside rejection", &header);
    section.rows = findings
        .rows
        .iter()
        .filter_map(|row| Some((row, row.early_exit.as_ref()?)))
        .map(|(row, e)| {
            vec![
                row.name.clone(),
                percent(Some(e.of_what_rejection_leaves)),
                percent(e.alone),
                percent(Some(e.both)),
                percent(e.both_if_independent),
                match e.acts_alike {
                    Some(false) => format!("{}: not alike on what is kept", percent(e.overlap)),
                    _ => percent(e.overlap),
                },
            ]
        })
        .collect();
    section
}

fn data(findings: &AuditFindings) -> Section {
    let mut section = Section::new("", &["row", "accounting", "name", "lo", "hi"]);
    for row in &findings.rows {
        for account in accounts(row) {
            let figures = [
                ("detection_implied", account.detection_implied),
                ("rejected_share_implied", account.rejected_share_implied),
                ("length_ratio_implied", account.length_ratio_implied),
                ("length_ratio_min", account.length_ratio_min),
                ("frr_min_equal_lengths", account.frr_min_equal_lengths),
                ("savings_per_attempt", account.savings_per_attempt),
                ("cost_ratio_implied", account.cost_ratio_implied),
            ];
            let place = [row.name.as_str(), account.accounting.key()];
            let consistent = Range::point(f64::from(u8::from(account.consistent)));
            let figures = figures
                .into_iter()
                .chain([("consistent", Some(consistent))]);
            section
                .rows
                .extend(figures.map(|(name, range)| cells(place, name, range)));
            section.rows.extend(account.shares.iter().map(|share| {
                cells(
                    place,
                    &format!("{}.by_others", share.name.key()),
                    share.by_others,
                )
            }));
        }
        if let Some(e) = &row.early_exit {
            let place = [row.name.as_str(), ""];
            for (name, range) in [
                (
                    "early_exit.of_what_rejection_leaves",
                    Some(e.of_what_rejection_leaves),
                ),
                ("early_exit.both_if_independent", e.both_if_independent),
                ("early_exit.overlap", e.overlap),
            ] {
                section.rows.push(cells(place, name, range));
            }
        }
    }
    section
}

fn cells([row, accounting]: [&str; 2], name: &str, range: Option<Range>) -> Vec<String> {
    let end = |x: Option<f64>| exactly(x.filter(|x| x.is_finite()));
    vec![
        row.to_owned(),
        accounting.to_owned(),
        name.to_owned(),
        end(range.map(|r| r.lo)),
        end(range.map(|r| r.hi)),
    ]
}

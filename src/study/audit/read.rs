//! From a `foldem.audit/1` file to a [`Spec`]: types, ranges and unknown keys. Whether the numbers of a
//! row can hold together is not asked here: that is the audit.

use std::collections::BTreeSet;
use std::path::Path;

use super::joint::QUANTITIES;
use super::range::Range;
use super::spec::{Accounting, EarlyExitSpec, Published, RowSpec, Spec};
use crate::input::{Document, InputError, Item, Mistakes, Table, nearest, quoted_list};

/// Schema identifier of the file.
pub const SPEC_SCHEMA: &str = "foldem.audit/1";
/// Most rows of a file.
const MOST_ROWS: usize = 1000;
/// Token counts and length ratios above this are no counts.
const LARGEST: f64 = 1e18;
const ACCOUNTS: [Accounting; 2] = [Accounting::PerAttempt, Accounting::PerRetained];

/// What a published number may be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// In [0, 1].
    Share,
    /// In [0, 1).
    Saving,
    /// In [0, 1).
    PaidShare,
    /// Above 0.
    Positive,
}

impl Kind {
    fn holds(self, x: f64) -> bool {
        match self {
            Self::Share => (0.0..=1.0).contains(&x),
            Self::Saving | Self::PaidShare => (0.0..1.0).contains(&x),
            Self::Positive => x > 0.0 && x <= LARGEST,
        }
    }

    fn valid(self) -> &'static str {
        match self {
            Self::Share => "it must lie in [0, 1]: write 3.2 % as 0.032",
            Self::Saving => {
                "it must lie in [0, 1): write 43 % fewer tokens as 0.43; the audit is of gross savings, which \
                 are never negative"
            }
            Self::PaidShare => {
                "it must lie in [0, 1): what the rejected paid, as a share of their full lengths"
            }
            Self::Positive => "it must lie above 0, up to 1e18",
        }
    }
}

impl Spec {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads it from TOML text; `path` names it in messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let spec = read(&document, &mut mistakes);
        if mistakes.is_empty() {
            Ok(spec)
        } else {
            Err(document.error(mistakes))
        }
    }

    /// What the file says, in words.
    pub fn describe(&self) -> Vec<String> {
        let rows = self.rows.iter().map(|row| {
            let shares = row.shares.iter().map(|(quantity, _)| quantity.key());
            let others = [
                ("savings", row.savings.is_some()),
                ("tokens", row.tokens.is_some()),
                ("paid_share", row.paid_share.is_some()),
                ("length_ratio", row.length_ratio.is_some()),
                ("early_exit", row.early_exit.is_some()),
            ];
            let others = others
                .iter()
                .filter(|(_, given)| *given)
                .map(|(key, _)| *key);
            let all: Vec<&str> = shares.chain(others).collect();
            format!("Row `{}`: {}.", row.name, all.join(", "))
        });
        let head = format!("Audit `{}` of {} rows.", self.name, self.rows.len());
        [head].into_iter().chain(rows).collect()
    }
}

fn read(document: &Document<'_>, mistakes: &mut Mistakes) -> Spec {
    let mut root = document.root();
    let schema = root.required_string("schema", mistakes);
    if schema != SPEC_SCHEMA && root.keys().contains(&"schema".to_owned()) {
        let message = format!("is \"{schema}\"; an audit has schema = \"{SPEC_SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let name = root.required_string("name", mistakes);
    let description = root.string("description", mistakes).unwrap_or_default();
    let tables = root.tables("row", mistakes);
    if tables.is_empty() && !mistakes.touches("row") {
        mistakes.push("row", "is missing; an audit has at least one [[row]]");
    }
    if tables.len() > MOST_ROWS {
        let message = format!(
            "has {} rows; an audit has at most {MOST_ROWS}",
            tables.len()
        );
        mistakes.push("row", message);
    }
    let rows: Vec<RowSpec> = tables
        .into_iter()
        .map(|table| row(table, mistakes))
        .collect();
    root.finish(mistakes);
    let mut names = BTreeSet::new();
    for (i, row) in rows.iter().enumerate() {
        if !row.name.is_empty() && !names.insert(row.name.as_str()) {
            let message = format!("is \"{}\", the name of another row already", row.name);
            mistakes.push(format!("row[{i}].name"), message);
        }
    }
    Spec {
        name,
        description,
        rows,
    }
}

fn row(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> RowSpec {
    let name = table.required_string("name", mistakes);
    let source = table.string("source", mistakes).unwrap_or_default();
    let accounting = table
        .optional("accounting")
        .and_then(|item| accounting(&item, mistakes));
    let mut number = |key: &str, kind| {
        table
            .optional(key)
            .and_then(|item| range(&item, kind, mistakes))
    };
    let shares = QUANTITIES.into_iter();
    let shares: Vec<_> = shares
        .filter_map(|q| Some((q, number(q.key(), Kind::Share)?)))
        .collect();
    let savings = number("savings", Kind::Saving);
    let [full, paid] = ["tokens_full", "tokens_paid"].map(|key| number(key, Kind::Positive));
    let paid_share = number("paid_share", Kind::PaidShare);
    let length_ratio = number("length_ratio", Kind::Positive);
    let early_exit = table.table("early_exit", mistakes);
    let early_exit = early_exit.and_then(|table| self::early_exit(table, full.is_some(), mistakes));
    let has = |key: &str| table.keys().contains(&key.to_owned());
    let path = |key: &str| table.key(key);
    if has("tokens_paid") && !has("tokens_full") {
        mistakes.push(
            path("tokens_paid"),
            "stands without `tokens_full`, which it is to be held against",
        );
    }
    if let (Some(full), Some(paid)) = (full, paid)
        && paid.lo > full.hi
    {
        let message = format!(
            "is {}, above `tokens_full`, which is {}: gross savings are never negative; were the two exchanged?",
            paid.lo, full.hi
        );
        mistakes.push(path("tokens_paid"), message);
    }
    let tokens = full.zip(paid).map(|(full, paid)| [full, paid]);
    if has("early_exit") && !has("savings") && !has("tokens_paid") {
        let message = "stands without `savings` or `tokens_paid`: what rejection saves by itself is needed beside it";
        mistakes.push(path("early_exit"), message);
    }
    let numbers = ["savings", "tokens_paid", "length_ratio"].map(has);
    if !numbers.contains(&true) && !QUANTITIES.iter().any(|q| has(q.key())) {
        let message = format!(
            "has no published number; give at least one of {}, `savings`, `tokens_full` with `tokens_paid`",
            quoted_list(QUANTITIES.map(super::joint::Quantity::key))
        );
        mistakes.push(path("name").trim_end_matches(".name"), message);
    }
    table.finish(mistakes);
    RowSpec {
        name,
        source,
        accounting,
        shares,
        savings,
        tokens,
        paid_share,
        length_ratio,
        early_exit,
    }
}

fn early_exit(
    mut table: Table<'_, '_>,
    has_full: bool,
    mistakes: &mut Mistakes,
) -> Option<EarlyExitSpec> {
    let mut either = |savings: &str, tokens: &str| {
        let by_savings = table.optional(savings);
        let by_tokens = table.optional(tokens);
        if let (Some(_), Some(item)) = (&by_savings, &by_tokens) {
            mistakes.push(
                item.path(),
                format!("stands beside `{savings}`; give one of the two"),
            );
        }
        if let Some(item) = by_savings {
            return range(&item, Kind::Saving, mistakes).map(Published::Savings);
        }
        let item = by_tokens?;
        if !has_full {
            let message = "needs `tokens_full` of the row, which it is to be held against";
            mistakes.push(item.path(), message);
        }
        range(&item, Kind::Positive, mistakes).map(Published::Tokens)
    };
    let alone = either("savings", "tokens");
    let both = either("savings_both", "tokens_both");
    let written = ["savings_both", "tokens_both"]
        .iter()
        .any(|key| table.keys().contains(&(*key).to_owned()));
    if !written {
        let message = "is missing; give `savings_both` or `tokens_both`, what rejection and early exit save together";
        mistakes.push(table.key("savings_both"), message);
    }
    table.finish(mistakes);
    both.map(|both| EarlyExitSpec { alone, both })
}

fn accounting(item: &Item<'_, '_>, mistakes: &mut Mistakes) -> Option<Accounting> {
    let name = item.string(mistakes)?;
    let found = ACCOUNTS.into_iter().find(|a| a.key() == name);
    if found.is_none() {
        let keys = ACCOUNTS.map(Accounting::key);
        let hint = nearest(&name, keys).map(|meant| format!("did you mean `{meant}`? "));
        let message = format!(
            "is \"{name}\"; {}Known: {}. Leave it out where it was not stated",
            hint.unwrap_or_default(),
            quoted_list(keys)
        );
        mistakes.push(item.path(), message);
    }
    found
}

/// A number, or an interval `[lo, hi]`.
fn range(item: &Item<'_, '_>, kind: Kind, mistakes: &mut Mistakes) -> Option<Range> {
    let written = if item.is_list() {
        let ends = item.numbers(mistakes)?;
        let [lo, hi] = ends[..] else {
            let message = format!("has {} numbers; an interval is [lo, hi]", ends.len());
            mistakes.push(item.path(), message);
            return None;
        };
        Range { lo, hi }
    } else {
        Range::point(item.number(mistakes)?)
    };
    for x in [written.lo, written.hi] {
        if !kind.holds(x) {
            mistakes.push(item.path(), format!("is {x}; {}", kind.valid()));
            return None;
        }
    }
    if written.lo > written.hi {
        let message = format!(
            "is [{}, {}], whose ends are exchanged; an interval is [lo, hi] with lo at most hi",
            written.lo, written.hi
        );
        mistakes.push(item.path(), message);
        return None;
    }
    Some(written)
}

//! A first-alarm table in a file, so that no text is read twice.
//!
//! The file is Parquet: a row per generation; ids, tokens and labels, a column of first alarms per
//! validator, a column of levels per covariate. Its metadata say under [`SCHEMA`] what the numbers
//! refer to. A digest over both tells damage that decoding does not.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::alarms::Alarms;
use super::table::Ids;
use super::{Caveats, Definition, FirstAlarm, FirstError, Group, Rare, Row, Table};
use crate::columnar::{Column, Columns, FileError, Kind, Writer};
use crate::digest;
use crate::input::InputError;
use crate::log::LiveRejection;
use crate::outcome::Covariate;

/// Key of the metadata, and version of the file.
pub const SCHEMA: &str = "foldem.table/1";
/// Key of the digest over metadata and columns.
const DIGEST: &str = "foldem.table/1.sha256";
/// What stands for [`FirstAlarm::AtEnd`]; null stands for [`FirstAlarm::Never`].
const AT_END: i64 = -1;
/// What stands for [`FirstError::Never`]; null stands for [`FirstError::Unlabelled`].
const NONE_WRONG: i64 = -1;

/// The columns of what a live policy did, the last ones, where it rejected anything.
const LIVE: [(&str, Kind); 3] = [
    ("live.rejected_at", Kind::Integer),
    ("live.completed", Kind::Truth),
    ("live.pass_through", Kind::Number),
];

/// A log that a table was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLog {
    /// Its name, without folders.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal; nothing is known of a stream.
    pub sha256: Option<String>,
}

impl SourceLog {
    /// Reads the log once more for its digest.
    pub fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                file: "-".to_owned(),
                sha256: None,
            });
        }
        let sha256 = digest::of_source(File::open(path)?)?;
        Ok(Self {
            file: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            sha256: Some(sha256),
        })
    }
}

/// A table with what is known of its making.
#[derive(Debug)]
pub struct SavedTable {
    /// The table.
    pub table: Table,
    /// Malformed lines that were left out.
    pub skipped: u64,
    /// What was left out, added or not known on the way to records, one sentence each.
    pub remarks: Vec<String>,
    /// The logs, in their order.
    pub logs: Vec<SourceLog>,
    /// Version of foldem that read them.
    pub foldem: String,
}

/// The metadata: what the numbers in the columns refer to.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    foldem: String,
    logs: Vec<SourceLog>,
    records: usize,
    prompts: usize,
    skipped: u64,
    remarks: Vec<String>,
    caveats: Caveats,
    groups: Vec<Group>,
    validators: Vec<Definition>,
    covariates: Vec<Covariate>,
    /// Whether there are columns of what a live policy did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    live_policy: bool,
}

impl About {
    /// The columns in their order.
    fn columns(&self) -> Vec<(String, Kind)> {
        let fixed = [
            ("id", Kind::Text),
            ("prompt", Kind::Integer),
            ("group", Kind::Integer),
            ("tokens", Kind::Integer),
            ("problem_tokens", Kind::Integer),
            ("first_error", Kind::Integer),
            ("accepted", Kind::Truth),
            ("utility", Kind::Number),
        ];
        let fixed = fixed.map(|(name, kind)| (name.to_owned(), kind));
        let alarms = self.validators.iter().map(|v| format!("alarm.{}", v.name));
        let levels = self.covariates.iter().map(|c| format!("level.{}", c.name));
        let integers = alarms.chain(levels).map(|name| (name, Kind::Integer));
        let live = if self.live_policy { &LIVE[..] } else { &[] };
        let live = live.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
        fixed.into_iter().chain(integers).chain(live).collect()
    }
}

impl SavedTable {
    /// The table of these logs, read by this version.
    pub fn new(table: Table, skipped: u64, remarks: Vec<String>, logs: Vec<SourceLog>) -> Self {
        Self {
            table,
            skipped,
            remarks,
            logs,
            foldem: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The file: the same table, the same bytes.
    pub fn to_parquet(&self) -> Result<Vec<u8>, FileError> {
        let table = &self.table;
        let about = About {
            foldem: self.foldem.clone(),
            logs: self.logs.clone(),
            records: table.rows.len(),
            prompts: table.prompts,
            skipped: self.skipped,
            remarks: self.remarks.clone(),
            caveats: table.caveats,
            groups: table.groups.clone(),
            validators: table.validators.clone(),
            covariates: table.covariates.clone(),
            live_policy: table.is_censored(),
        };
        let text = serde_json::to_string(&about).map_err(|e| FileError::Io(e.into()))?;
        let columns = columns(table);
        let digest = digest(&text, &columns);
        let metadata = [(SCHEMA, text), (DIGEST, digest)];
        let mut writer = Writer::new(Vec::new(), &about.columns(), &metadata)?;
        writer.write(&columns)?;
        writer.finish()
    }

    /// Whether the file at `path` says that it is a table.
    pub fn is_one(path: &Path) -> bool {
        let parquet = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
        parquet && Columns::open(path).is_ok_and(|file| file.metadata(SCHEMA).is_some())
    }

    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let failed = |message: String| InputError::whole_file(&path.display().to_string(), message);
        let damaged = |e: FileError| failed(format!("cannot be read as a first-alarm table: {e}"));
        let file = Columns::open(path).map_err(damaged)?;
        let Some(text) = file.metadata(SCHEMA) else {
            return Err(failed(format!(
                "is a Parquet file, but no first-alarm table ({SCHEMA}); `foldem replay LOG \
                 --policy POLICY --save-table FILE` writes one"
            )));
        };
        let about: About = serde_json::from_str(text)
            .map_err(|e| failed(format!("its metadata {SCHEMA} are damaged: {e}")))?;
        let columns = about.columns().into_iter().map(|(name, kind)| {
            Ok(match kind {
                Kind::Text => Column::Text(file.texts(&name)?),
                Kind::Number => Column::Number(file.numbers(&name)?),
                Kind::Truth => Column::Truth(file.truths(&name)?),
                Kind::Integer | Kind::Integers => Column::Integer(file.integers(&name)?),
            })
        });
        let columns: Vec<Column> = columns.collect::<Result<_, _>>().map_err(damaged)?;
        if file.metadata(DIGEST) != Some(&digest(text, &columns)) {
            return Err(failed(
                "is damaged or was changed: its content does not have the digest that it was saved \
                 with; save it again from the logs"
                    .to_owned(),
            ));
        }
        let (foldem, logs) = (about.foldem.clone(), about.logs.clone());
        let (skipped, remarks) = (about.skipped, about.remarks.clone());
        let table = table(about, columns)
            .ok_or_else(|| failed("holds numbers that no first-alarm table has".to_owned()))?;
        Ok(Self {
            table,
            skipped,
            remarks,
            logs,
            foldem,
        })
    }

    /// What the table holds, one statement a line.
    pub fn describe(&self) -> Vec<String> {
        let logs = self.logs.iter().map(|log| match &log.sha256 {
            Some(sha256) => format!("{} (SHA-256 {sha256})", log.file),
            None => "a stream".to_owned(),
        });
        let table = &self.table;
        let mut lines = vec![
            format!(
                "First alarms on {} records of {} prompts, read by foldem {}.",
                table.rows.len(),
                table.prompts,
                self.foldem
            ),
            format!("From {}.", logs.collect::<Vec<_>>().join(", ")),
        ];
        let validators = table.validators.iter();
        lines.extend(validators.map(|v| format!("Validator {}.", v.in_words())));
        lines
    }
}

/// The cell of a first wrong step.
fn error_cell(error: FirstError) -> Option<i64> {
    match error {
        FirstError::Unlabelled => None,
        FirstError::Never => Some(NONE_WRONG),
        FirstError::After(tokens) => i64::try_from(tokens).ok(),
    }
}

/// The first wrong step of a cell, if it is one.
fn first_error(cell: Option<i64>) -> Option<FirstError> {
    Some(match cell {
        None => FirstError::Unlabelled,
        Some(NONE_WRONG) => FirstError::Never,
        Some(tokens) => FirstError::After(u64::try_from(tokens).ok()?),
    })
}

/// The columns of [`About::columns`].
fn columns(table: &Table) -> Vec<Column> {
    let rows = &table.rows;
    let integers = |of: &dyn Fn(&Row) -> u64| {
        let cell = |row: &Row| i64::try_from(of(row)).ok();
        Column::Integer(rows.iter().map(cell).collect())
    };
    let mut columns = vec![
        Column::Text(
            (0..rows.len())
                .map(|i| Some(table.id(i).to_owned()))
                .collect(),
        ),
        integers(&|row| row.prompt as u64),
        integers(&|row| row.group as u64),
        integers(&|row| row.tokens),
        integers(&|row| row.problem_tokens),
        Column::Integer(
            rows.iter()
                .map(|row| error_cell(row.first_error()))
                .collect(),
        ),
        Column::Truth(rows.iter().map(|row| row.accepted).collect()),
        Column::Number(rows.iter().map(|row| row.utility).collect()),
    ];
    columns.extend((0..table.validators.len()).map(|v| {
        let alarms = (0..rows.len()).map(|row| match table.alarms(row).of(v) {
            FirstAlarm::Tokens(tokens) => i64::try_from(tokens).ok(),
            FirstAlarm::AtEnd => Some(AT_END),
            FirstAlarm::Never => None,
        });
        Column::Integer(alarms.collect())
    }));
    columns.extend(table.levels.iter().map(|levels| {
        let levels = levels.iter().map(|level| Some(i64::from(*level)));
        Column::Integer(levels.collect())
    }));
    if table.is_censored() {
        let live = || rows.iter().map(Row::live);
        let at = |live: Option<LiveRejection>| i64::try_from(live?.at).ok();
        columns.push(Column::Integer(live().map(at).collect()));
        columns.push(Column::Truth(
            live().map(|l| l.map(|l| l.completed)).collect(),
        ));
        columns.push(Column::Number(live().map(|l| l?.pass_through).collect()));
    }
    columns
}

/// What a live policy did to each generation, by the last columns; `None` if they are not what they
/// should be.
fn live_rejections(columns: Vec<Column>) -> Option<Vec<Option<LiveRejection>>> {
    let columns: [Column; LIVE.len()] = columns.try_into().ok()?;
    let [
        Column::Integer(at),
        Column::Truth(completed),
        Column::Number(chances),
    ] = columns
    else {
        return None;
    };
    let cells = at.into_iter().zip(completed).zip(chances);
    let rejection =
        |((at, completed), pass_through): ((Option<i64>, Option<bool>), Option<f64>)| {
            let Some(at) = at else {
                return Some(None);
            };
            let in_range = pass_through.is_none_or(|p| p > 0.0 && p <= 1.0);
            in_range.then_some(())?;
            Some(Some(LiveRejection {
                at: u64::try_from(at).ok()?,
                completed: completed?,
                pass_through,
            }))
        };
    cells.map(rejection).collect()
}

/// The table of `columns`; `None` if they are not as long as they should be, or hold numbers that
/// refer to nothing.
fn table(about: About, mut columns: Vec<Column>) -> Option<Table> {
    let records = about.records;
    let live = if about.live_policy {
        live_rejections(columns.split_off(columns.len().checked_sub(LIVE.len())?))?
    } else {
        vec![None; records]
    };
    let (validators, covariates) = (about.validators.len(), about.covariates.len());
    let mut columns = columns.into_iter();
    let Column::Text(ids) = columns.next()? else {
        return None;
    };
    let mut integers: Vec<Vec<Option<i64>>> = Vec::new();
    let (mut accepted, mut utility) = (Vec::new(), Vec::new());
    for column in columns {
        match column {
            Column::Integer(cells) => integers.push(cells),
            Column::Truth(cells) => accepted = cells,
            Column::Number(cells) => utility = cells,
            Column::Text(_) | Column::Integers(_) => return None,
        }
    }
    let lengths = integers.iter().map(Vec::len);
    let lengths = lengths.chain([ids.len(), accepted.len(), utility.len(), live.len()]);
    if records == 0 || lengths.into_iter().any(|length| length != records) {
        return None;
    }
    let count = |cells: &[Option<i64>], i: usize| u64::try_from(cells[i]?).ok();
    let index = |cells: &[Option<i64>], i: usize, below: usize| {
        let index = usize::try_from(cells[i]?).ok()?;
        (index < below).then_some(index)
    };
    let mut rows = Vec::with_capacity(records);
    let mut names = Ids::default();
    for (i, id) in ids.into_iter().enumerate() {
        let in_range = |u: f64| (0.0..=1.0).contains(&u);
        names.push(&id?);
        rows.push(Row {
            prompt: index(&integers[0], i, about.prompts)?,
            group: index(&integers[1], i, about.groups.len())?,
            tokens: count(&integers[2], i)?,
            problem_tokens: count(&integers[3], i)?,
            accepted: accepted[i],
            utility: utility[i],
            rare: Rare {
                live: live[i],
                first_error: first_error(integers[4][i])?,
                // A table keeps no exits.
                exit: None,
            }
            .boxed(),
        });
        if !utility[i].is_none_or(in_range) {
            return None;
        }
    }
    let of_validators = &integers[5..5 + validators];
    let mut alarms = Alarms::new(validators);
    for i in 0..records {
        let of_row = of_validators.iter().map(|cells| {
            Some(match cells[i] {
                None => FirstAlarm::Never,
                Some(AT_END) => FirstAlarm::AtEnd,
                Some(tokens) => FirstAlarm::Tokens(u64::try_from(tokens).ok()?),
            })
        });
        alarms.push(of_row.collect::<Option<Vec<_>>>()?);
    }
    let of_covariates = integers[5 + validators..].iter().zip(&about.covariates);
    let levels = of_covariates.map(|(cells, covariate)| {
        let level = |i| u32::try_from(index(cells, i, covariate.levels.len())?).ok();
        (0..records).map(level).collect::<Option<Vec<u32>>>()
    });
    let levels = levels.collect::<Option<Vec<_>>>()?;
    (levels.len() == covariates).then_some(Table {
        rows,
        ids: names,
        alarms,
        validators: about.validators,
        groups: about.groups,
        prompts: about.prompts,
        covariates: about.covariates,
        levels,
        caveats: about.caveats,
        excerpts: Vec::new(),
    })
}

/// SHA-256 of the metadata and of all cells, each with its length or as eight bytes.
fn digest(about: &str, columns: &[Column]) -> String {
    fn cells<T>(digest: &mut Sha256, cells: &[Option<T>], add: impl Fn(&mut Sha256, &T)) {
        digest.update((cells.len() as u64).to_le_bytes());
        for cell in cells {
            digest.update([u8::from(cell.is_some())]);
            if let Some(cell) = cell {
                add(digest, cell);
            }
        }
    }
    fn bytes(digest: &mut Sha256, bytes: &[u8]) {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    let mut digest = Sha256::new();
    bytes(&mut digest, about.as_bytes());
    for column in columns {
        match column {
            Column::Text(texts) => cells(&mut digest, texts, |d, t| bytes(d, t.as_bytes())),
            Column::Number(numbers) => cells(&mut digest, numbers, |d, x| {
                d.update(x.to_bits().to_le_bytes());
            }),
            Column::Integer(integers) => cells(&mut digest, integers, |d, n| {
                d.update(n.to_le_bytes());
            }),
            Column::Truth(truths) => cells(&mut digest, truths, |d, b| d.update([u8::from(*b)])),
            Column::Integers(_) => unreachable!("a table has no lists"),
        }
    }
    digest::finished(digest)
}

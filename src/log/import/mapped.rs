//! Rows of any shape, read by a column map.
//!
//! Where the solution is a list, each element is a record: other lists go along with it, element by
//! element, and what is no list holds for all.

use serde_json::Map;

use super::columns::ColumnMap;
use super::node::Label;
use super::path::FieldPath;
use super::prompt::Prompt;
use super::{Importer, Node, Out};
use crate::input::Mistakes;
use crate::log::Record;

/// Reads rows by a map.
pub(super) struct Mapped {
    map: ColumnMap,
    /// For each path of the map, whether any row had a value there.
    found: Vec<bool>,
    partial_scores: u64,
}

impl Mapped {
    pub(super) fn new(map: ColumnMap) -> Self {
        Self {
            found: vec![false; map.paths().count()],
            map,
            partial_scores: 0,
        }
    }

    fn record(&mut self, cells: &Cells<'_, '_>, m: &mut Mistakes) -> Option<Record> {
        let get = |field: &str| cells.get(field);
        let word = |field: &str, m: &mut Mistakes| get(field).and_then(|n| n.word(m));
        let solution = get("solution")?.text(m);
        let prompt = get("problem").and_then(|node| Prompt::of(node.value()));
        let correct = get("correct").and_then(|n| n.label(m));
        let accepted = get("accepted").and_then(|n| n.label(m));
        self.partial_scores += u64::from(matches!(correct, Some(Label::Score(_))));
        let (correct, score) = Label::told(correct);
        let utility = get("utility").and_then(|node| {
            let number = node.value().as_f64();
            if number.is_none() {
                node.wrong("a number", m);
            }
            number
        });
        let count = |field: &str, m: &mut Mistakes| get(field).and_then(|n| n.count(m));
        let mut attributes = Map::new();
        for cell in cells.attributes {
            if let Some(node) = cells.at(cell) {
                attributes.insert(cell.field.to_owned(), node.value().clone());
            }
        }
        Some(Record {
            id: get("id")
                .and_then(|n| n.identifier(m))
                .map_or_else(String::new, |id| cells.own_id(id)),
            prompt_id: match get("prompt_id") {
                Some(node) => node.identifier(m),
                None => prompt.as_ref().map(|p| p.id.clone()),
            },
            model: word("model", m).or_else(|| self.map.constant("model")),
            benchmark: word("benchmark", m).or_else(|| self.map.constant("benchmark")),
            problem: prompt.and_then(|p| p.problem),
            solution: solution?,
            problem_tokens: count("problem_tokens", m),
            solution_tokens: count("solution_tokens", m),
            token_ends: get("token_ends").and_then(|node| ends(&node, m)),
            correct,
            accepted: Label::told(accepted).0,
            utility: utility.or(score),
            rejected_at: count("rejected_at", m),
            pass_through: None,
            gold: word("gold", m),
            finish_reason: word("finish_reason", m),
            attributes: (!attributes.is_empty()).then_some(attributes),
        })
    }
}

fn ends(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Vec<usize>> {
    let list = node.list(mistakes)?;
    let ends = list
        .iter()
        .map(|end| usize::try_from(end.count(mistakes)?).ok());
    ends.collect()
}

/// The values at one path of the map.
struct Cell<'a, 'v> {
    field: &'a str,
    path: &'a FieldPath,
    values: Vec<Option<Node<'v>>>,
}

/// What a row holds for its generation number `k`.
struct Cells<'a, 'v> {
    columns: &'a [Cell<'a, 'v>],
    attributes: &'a [Cell<'a, 'v>],
    k: usize,
    /// Whether the solution is a list.
    several: bool,
}

impl<'a, 'v> Cells<'a, 'v> {
    fn column(&self, field: &str) -> Option<&'a Cell<'a, 'v>> {
        self.columns.iter().find(|cell| cell.field == field)
    }

    fn get(&self, field: &str) -> Option<Node<'v>> {
        self.at(self.column(field)?)
    }

    fn at(&self, cell: &Cell<'_, 'v>) -> Option<Node<'v>> {
        let place = if cell.path.is_list() { self.k } else { 0 };
        cell.values.get(place).cloned().flatten()
    }

    /// An id that stands once for several generations is told apart by their number.
    fn own_id(&self, id: String) -> String {
        let own = self.column("id").is_some_and(|cell| cell.path.is_list());
        if self.several && !own {
            format!("{id}#{}", self.k)
        } else {
            id
        }
    }
}

impl Importer for Mapped {
    fn read(&mut self, row: &Node<'_>, out: &mut Out, mistakes: &mut Mistakes) {
        // The command line makes sure of a solution.
        let Some(path) = self.map.column("solution").cloned() else {
            return;
        };
        let solutions = path.values(row);
        if solutions.is_empty() {
            return out.leave_out(format!("a row whose {} is empty", path.text()));
        }
        let map = self.map.clone();
        let mut columns: Vec<Cell<'_, '_>> = Vec::new();
        for ((field, list), found) in map.paths().zip(&mut self.found) {
            let values = list.values(row);
            *found |= values.iter().any(Option::is_some);
            let length = values.len();
            if list.is_list() && length != 0 && length != solutions.len() {
                let message = format!(
                    "has {length} elements for {field} beside {} of {}; lists of a row go together",
                    solutions.len(),
                    path.text()
                );
                mistakes.push(list.text(), message);
                return;
            }
            columns.push(Cell {
                field,
                path: list,
                values,
            });
        }
        let attributes = columns.split_off(columns.len() - map.attributes().len());
        for (k, solution) in solutions.iter().enumerate() {
            let cells = Cells {
                columns: &columns,
                attributes: &attributes,
                k,
                several: path.is_list(),
            };
            match self.record(&cells, mistakes) {
                Some(record) => out.records.push(record),
                None if solution.is_none() => {
                    out.leave_out(format!("no text at {}", path.text()));
                }
                None => {}
            }
        }
    }

    fn wants(&self, column: &str) -> bool {
        let mut columns = self.map.paths().filter_map(|(_, path)| path.column());
        columns.any(|wanted| wanted == column)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let paths = self.map.paths().zip(&self.found);
        for ((field, path), _) in paths.filter(|(_, found)| !**found) {
            remarks.push(format!(
                "no row has anything at {}, from which {field} is read",
                path.text()
            ));
        }
        if self.partial_scores > 0 {
            remarks.push(format!(
                "{} records have a score that is neither 0, 1 nor −1 in place of a verdict: \
                 `correct` is left unknown, and the score is their utility where it lies in [0, 1]",
                self.partial_scores
            ));
        }
        remarks
    }
}

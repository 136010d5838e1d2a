//! The predictions that a log carries: `attributes.predicted_utility`, one number in [0, 1] or a list of
//! them in the order in which they were made, and `attributes.predicted_at`, after how many solution tokens
//! each was made, not decreasing.

use serde_json::Value;

use crate::log::Record;

/// A generation with its predictions m_1, …, m_K, K ≥ 1, and its utility.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Number of its prompt.
    pub prompt: usize,
    /// Number of its record in the log.
    pub record: usize,
    /// In [0, 1].
    pub path: Vec<f64>,
    /// After how many solution tokens each was made, where that is told.
    pub at: Option<Vec<u64>>,
    /// In [0, 1].
    pub utility: f64,
}

/// The predictions of a record, with the places where they were made as far as that is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// In [0, 1], at least one.
    pub path: Vec<f64>,
    /// After how many solution tokens each was made.
    pub at: Option<Vec<u64>>,
}

/// The predictions of a record; `None` where it has none.
pub fn predictions(record: &Record) -> Result<Option<Predictions>, String> {
    let attribute = |name: &str| record.attributes.as_ref().and_then(|a| a.get(name));
    let told = |what: String| format!("record `{}`: attributes.{what}", record.id);
    let path = match attribute("predicted_utility") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let probability = |value: &Value| value.as_f64().filter(|m| (0.0..=1.0).contains(m));
    let mut made = Vec::with_capacity(path.len());
    for (k, value) in path.iter().enumerate() {
        let Some(m) = probability(value) else {
            return Err(told(format!(
                "predicted_utility[{k}] is {value}; it must be a number in [0, 1]"
            )));
        };
        made.push(m);
    }
    if made.is_empty() {
        return Ok(None);
    }
    let at = match attribute("predicted_at") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let list = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            let at: Option<Vec<u64>> = list.iter().map(Value::as_u64).collect();
            let at = at.filter(|at| at.len() == made.len() && at.is_sorted());
            let Some(at) = at else {
                return Err(told(format!(
                    "predicted_at is {value}; it must be a list of {} solution token counts, one per \
                     prediction, that do not decrease",
                    made.len()
                )));
            };
            Some(at)
        }
    };
    Ok(Some(Predictions { path: made, at }))
}

//! What kind of log it is, as far as that limits what can be concluded from it.

use serde_json::Value;

use super::View;

/// Why a generation ended, where neither the model ended it nor the limit of tokens.
const INTERRUPTED: [&str; 6] = [
    "abort",
    "aborted",
    "cancelled",
    "content_filter",
    "error",
    "repetition",
];

/// Records of a log by what is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// All of them.
    pub records: u64,
    /// Different pairs of benchmark and prompt.
    pub prompts: u64,
    /// Those with a verdict.
    pub known: u64,
    /// Those that the final filter accepts.
    pub accepted: u64,
    /// Those cut at the limit of tokens.
    pub cut: u64,
    /// Those that a live policy rejected (`rejected_at`).
    pub rejected: u64,
    /// Those that something else than model and limit ended.
    pub interrupted: u64,
    /// Those that ended at a text given beforehand (`attributes.stop_reason`).
    pub at_stop_text: u64,
}

impl View<'_> {
    /// Whether it was cut at the limit of tokens.
    pub fn is_cut(&self) -> bool {
        self.finish_reason == Some("length")
    }

    /// Whether `finish_reason` says that it was ended from outside: by an abort, a filter, an error.
    pub fn is_interrupted(&self) -> bool {
        self.finish_reason
            .is_some_and(|reason| INTERRUPTED.contains(&reason))
    }

    /// Whether `attributes.stop_reason` names the text that ended it.
    pub fn ended_at_stop_text(&self) -> bool {
        let attributes = self.attributes.as_ref();
        attributes.is_some_and(|a| matches!(a.get("stop_reason"), Some(Value::String(_))))
    }
}

impl Shape {
    /// Counts a record, all but its prompt.
    pub fn add(&mut self, record: &View<'_>) {
        self.records += 1;
        self.known += u64::from(record.verdict().is_some());
        self.accepted += u64::from(record.verdict() == Some(true));
        self.cut += u64::from(record.is_cut());
        self.rejected += u64::from(record.rejected_at.is_some());
        self.interrupted += u64::from(record.is_interrupted());
        self.at_stop_text += u64::from(record.ended_at_stop_text());
    }

    /// What can and what cannot be concluded, one sentence each, the gravest first.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        warnings.extend(self.labels());
        let records = self.records;
        for (count, what) in [
            (
                self.rejected,
                "were rejected by a live policy (`rejected_at`): texts that it cut are not whole \
                 generations, so replay is not exact for them (a replay says under `censored` what \
                 can be known all the same)",
            ),
            (
                self.interrupted,
                "were ended from outside (finish_reason `abort`, `content_filter` and the like): \
                 if a live policy did it, their texts are cut, and replay is not exact for them",
            ),
            (
                self.cut,
                "were cut at the token limit (finish_reason `length`): they count as long as they \
                 are; what they would have become is not known, so rates of false rejection and \
                 detection are about the limit as much as about the rules (censored)",
            ),
            (
                self.at_stop_text,
                "ended at a stop text (`attributes.stop_reason`): complete if that text ends every \
                 answer, cut if a policy watched for it",
            ),
        ] {
            if count > 0 {
                warnings.push(format!("{count} of {records} records {what}"));
            }
        }
        if self.prompts == records && records > 1 {
            warnings.push(
                "every prompt has one generation: intervals are as if generations were \
                 independent, which holds for other prompts and says nothing of how much the \
                 answers to one prompt agree"
                    .to_owned(),
            );
        }
        warnings
    }

    fn labels(&self) -> Option<String> {
        let (records, known) = (self.records, self.known);
        if known == 0 {
            return Some(
                "no record has a verdict (`accepted` or `correct`): what the policy wrongly \
                 rejects, what it detects, the cost per retained sample and the bias of the data \
                 cannot be known; savings and rejection rates can"
                    .to_owned(),
            );
        }
        let unknown = (known < records).then(|| {
            format!(
                "{} of {records} records have no verdict: whatever needs one (false rejections, \
                 detection, cost ratio, purity) is about the other {known}",
                records - known
            )
        });
        let alike = match self.accepted {
            0 => Some(
                "no record is accepted: nothing can be said about false rejections and the cost \
                 per retained sample",
            ),
            n if n == known => Some(
                "every record is accepted: nothing can be said about detection, and a policy can \
                 only lose; such a log was filtered or holds no failures",
            ),
            _ => None,
        };
        match (unknown, alike) {
            (Some(unknown), Some(alike)) => Some(format!("{unknown}; of these, {alike}")),
            (Some(text), None) => Some(text),
            (None, alike) => alike.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Record;

    fn shape(records: &[Record]) -> Shape {
        let mut shape = Shape {
            prompts: 1,
            ..Shape::default()
        };
        for record in records {
            shape.add(&record.view());
        }
        shape
    }

    #[test]
    fn each_kind_of_log_is_told() {
        let record = |correct| Record {
            correct,
            ..Record::default()
        };
        let with = |finish_reason: &str| Record {
            finish_reason: Some(finish_reason.to_owned()),
            ..record(Some(true))
        };
        let mut stop = record(Some(false));
        let reason = serde_json::json!({"stop_reason": "\n\n"});
        stop.attributes = reason.as_object().cloned();
        let rejected = Record {
            rejected_at: Some(3),
            ..record(Some(false))
        };
        let (right, wrong) = (record(Some(true)), record(Some(false)));
        let cases: [(&[Record], &str); 8] = [
            (&[record(None), record(None)], "no record has a verdict"),
            (&[right.clone(), right.clone()], "every record is accepted"),
            (&[wrong.clone(), wrong.clone()], "no record is accepted"),
            (
                &[right.clone(), wrong.clone(), record(None)],
                "1 of 3 records have no verdict",
            ),
            (&[wrong.clone(), with("length")], "1 of 2 records were cut"),
            (
                &[wrong.clone(), with("abort")],
                "1 of 2 records were ended from outside",
            ),
            (
                &[right.clone(), stop],
                "1 of 2 records ended at a stop text",
            ),
            (
                &[right.clone(), rejected],
                "1 of 2 records were rejected by a live policy",
            ),
        ];
        for (records, expected) in cases {
            let warnings = shape(records).warnings();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].starts_with(expected), "{warnings:?}");
        }
        let ordinary = shape(&[right.clone(), wrong.clone(), with("stop")]);
        assert_eq!(ordinary.warnings(), [""; 0]);
        let single = Shape {
            prompts: 3,
            ..ordinary
        };
        assert!(single.warnings()[0].starts_with("every prompt has one generation"));
        let both = shape(&[right, record(None)]).warnings();
        assert!(both[0].contains("of these, every record"), "{both:?}");
    }
}

//! Rule `template-leftover`: what belongs to the prompt or the format and not to the solution.
//!
//! Reads the solution, or the part of it that `scope` names. `leftovers` are the texts to look for,
//! by default our own list: control tokens of chat templates, headings of instruction prompts,
//! speakers at the beginning of a line, and keys of JSON. A line feed at the beginning of such a
//! text is also found at the beginning of the solution. The last character raises the alarm.
//!
//! A token that ends a text ([`END_TOKENS`]) is no leftover where the solution ends with it, or with
//! white space and more of them. Where anything else follows, the character alarms that shows it:
//! the model has gone on behind its own end. All alarms are final.
//!
//! What fools it: solutions that are asked for as JSON, texts about prompts or HTML, and other
//! spellings.

use super::end_tokens::END_TOKENS;
use super::scope::scoped;
use super::texts::Texts;
use super::{Detector, Kind, Rule, SCOPE, Settings, optional};

pub(super) const RULE: Rule = Rule {
    name: "template-leftover",
    meaning: "what is left of a chat template, a prompt or JSON",
    parameters: &[
        optional(
            "leftovers",
            "texts to look for; default: our own list",
            Kind::Texts,
        ),
        SCOPE,
    ],
    build,
};

/// The default texts.
const LEFTOVERS: [&str; 46] = [
    // Control tokens.
    "<|im_start|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|start|>",
    "<|channel|>",
    "<|message|>",
    "<|fim_",
    "<|tool_call",
    "<|reserved_special_token",
    "<start_of_turn>",
    "<bos>",
    "<unk>",
    "[INST]",
    "[/INST]",
    "[SYSTEM_PROMPT]",
    "<<SYS>>",
    "<</SYS>>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<｜begin▁of▁sentence｜>",
    // Headings of prompts.
    "### Instruction",
    "### Response",
    "### Input",
    "### User",
    "### Human",
    "### Assistant",
    "### System",
    // Speakers.
    "\nHuman:",
    "\nUser:",
    "\nAssistant:",
    "\nSystem:",
    "\nUSER:",
    "\nASSISTANT:",
    // Keys of JSON.
    "\"reasoning\":",
    "\"explanation\":",
    "\"solution\":",
    "\"answer\":",
    "\"final_answer\":",
    "\"response\":",
    "\"role\":",
    "\"content\":",
    "\"messages\":",
];

#[expect(clippy::unnecessary_wraps, reason = "the signature of all rules")]
fn build(settings: &Settings) -> Result<Box<dyn Detector>, String> {
    let leftovers = match settings.texts("leftovers") {
        Some(leftovers) => Texts::new(leftovers),
        None => Texts::new(&LEFTOVERS),
    };
    let detector = TemplateLeftover {
        leftovers,
        ends: Texts::new(&END_TOKENS),
        behind: None,
    };
    Ok(scoped(settings, Box::new(detector)))
}

struct TemplateLeftover {
    leftovers: Texts,
    ends: Texts,
    /// Behind an end token: the beginning of what may be another one.
    behind: Option<String>,
}

impl TemplateLeftover {
    /// Reads on behind an end token; whether that is anything but white space and end tokens.
    fn goes_on(behind: &mut String, c: char) -> bool {
        if behind.is_empty() && c.is_whitespace() {
            return false;
        }
        behind.push(c);
        if END_TOKENS.contains(&behind.as_str()) {
            behind.clear();
        }
        !END_TOKENS
            .iter()
            .any(|end| end.starts_with(behind.as_str()))
    }
}

impl Detector for TemplateLeftover {
    fn start(&mut self, _: Option<&str>) -> bool {
        self.leftovers.restart();
        self.leftovers.read('\n');
        self.ends.restart();
        self.behind = None;
        false
    }

    fn read(&mut self, c: char) -> bool {
        let mut goes_on = false;
        if let Some(behind) = &mut self.behind {
            goes_on = Self::goes_on(behind, c);
        } else if self.ends.read(c) {
            self.behind = Some(String::new());
        }
        // A carriage return ends a line, too.
        self.leftovers.read(if c == '\r' { '\n' } else { c }) || goes_on
    }

    fn finish(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::probe::check;
    use super::super::{Reading, Setting};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_left_of_prompts_alarms() {
        let solutions = [
            "So 4.<|im_end|>\n<|im_s¦tart|>user",
            "So 4.\n\n### Instruction¦: go on",
            "Human:¦ what?",
            "So 4.\r\nUser:¦ and 5?",
            "```json\n{\n \"reasoning\":¦ \"We add\"",
            "[INST]¦ add [/INST]",
            // The model goes on behind its end.
            "So 4.</s> T¦hen",
            "So 4.</s></s>\n</s> <px¦>",
            "So 4.<|endoftext|>Q¦uestion: 5",
        ];
        check(&RULE, None, &solutions);
    }

    #[test]
    fn the_end_of_a_generation_and_ordinary_text_pass() {
        let solutions = [
            "So 4.</s>",
            "So 4.\n</s></s></s>\n",
            "So 4.<|im_end|><|endoftext|><｜end▁of▁sentence｜>",
            "So 4.</s></",
            "Superhuman: 4. A user: 5, \"answer\" 6, x < 7 |",
            "#### 4",
            "",
        ];
        check(&RULE, Some("Human: <|im_start|>"), &solutions);
    }

    #[test]
    fn the_texts_can_be_set() {
        let texts = Setting::Texts(vec!["\nQ:".to_owned()]);
        let mut detector = build(&[("leftovers", texts)].into_iter().collect()).unwrap();
        for (text, place) in [
            ("[INST] Q:\nQ: 5", Some(12)),
            ("Q:", Some(2)),
            ("</s>x", Some(5)),
        ] {
            let mut reading = Reading::start(detector.as_mut(), None);
            reading.push(text.as_bytes());
            assert_eq!(
                reading.finish(),
                place.map(super::super::Alarm::After),
                "{text}"
            );
        }
    }

    #[test]
    fn no_text_of_the_list_is_idle() {
        let all: BTreeSet<&str> = LEFTOVERS.into_iter().collect();
        assert_eq!(all.len(), LEFTOVERS.len());
        for a in &all {
            assert!(all.iter().all(|b| a == b || !a.contains(b)), "{a}");
            assert!(END_TOKENS.iter().all(|end| !end.contains(a)), "{a}");
        }
    }
}

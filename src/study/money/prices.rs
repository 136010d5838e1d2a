//! What tokens cost: `foldem.prices/1`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::input::{Document, InputError, Mistakes, Table, key_part, nearest, quoted_list};

/// Schema identifier of the file.
pub const SCHEMA: &str = "foldem.prices/1";
/// Dearest token, and most of them.
const LARGEST: f64 = 1e12;
/// What a discount may be on.
const KINDS: [(&str, On); 4] = [
    ("generated", On::Generated),
    ("prompt", On::Prompt),
    ("checks", On::Checks),
    ("everything", On::Everything),
];

/// Which tokens a discount is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// Those that are generated.
    Generated,
    /// Those of the prompt.
    Prompt,
    /// Those that checkpoints charge.
    Checks,
    /// All.
    Everything,
}

/// A factor on a price.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discount {
    /// What it is for.
    pub name: String,
    /// On which tokens.
    pub on: On,
    /// What is left of the price, in [0, 1].
    pub factor: f64,
    /// Share of these tokens that have it, in [0, 1].
    pub share: f64,
}

impl Discount {
    /// What is left of a price.
    fn left(&self) -> f64 {
        1.0 - self.share * (1.0 - self.factor)
    }
}

/// Prices and discounts as written; those of tokens are for `per_tokens` of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prices {
    /// Short name.
    pub name: String,
    /// Name of the currency.
    pub currency: String,
    /// For how many tokens prices are.
    pub per_tokens: f64,
    /// Of generated tokens.
    pub generated: f64,
    /// Of generated tokens by stage of a scenario, where it is another.
    pub stages: BTreeMap<String, f64>,
    /// Of tokens that checkpoints charge; none for that of generated ones, with their discounts.
    pub check: Option<f64>,
    /// Of tokens of the prompt.
    pub prompt: f64,
    /// Tokens of each prompt that the problem of a log does not hold.
    pub prompt_tokens: f64,
    /// Factors.
    pub discounts: Vec<Discount>,
}

impl Prices {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, InputError> {
        let text = Document::read(path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads it from TOML text; `path` names it in messages.
    pub fn parse(path: &str, text: &str) -> Result<Self, InputError> {
        let document = Document::parse(path, text)?;
        let mut mistakes = Mistakes::default();
        let prices = read(&document, &mut mistakes);
        if mistakes.is_empty() {
            Ok(prices)
        } else {
            Err(document.error(mistakes))
        }
    }

    /// What is left of a price after all discounts on `kind`.
    fn left(&self, kind: On) -> f64 {
        let on = |d: &&Discount| d.on == kind || d.on == On::Everything;
        let of_kind = self.discounts.iter().filter(on);
        of_kind.map(Discount::left).product()
    }

    /// Money for a generated token; in stage `stage` of a scenario, where one is named.
    pub fn generated(&self, stage: Option<&str>) -> f64 {
        let of_stage = stage.and_then(|name| self.stages.get(name));
        of_stage.unwrap_or(&self.generated) * self.left(On::Generated) / self.per_tokens
    }

    /// Money for a token that a checkpoint charges.
    pub fn check(&self) -> f64 {
        if let Some(price) = self.check {
            return price * self.left(On::Checks) / self.per_tokens;
        }
        // What is on everything is in the price of generated tokens already.
        let checks = self.discounts.iter().filter(|d| d.on == On::Checks);
        self.generated(None) * checks.map(Discount::left).product::<f64>()
    }

    /// Money for a prompt whose problem has so many tokens.
    pub fn prompt(&self, problem: f64) -> f64 {
        self.prompt * self.left(On::Prompt) / self.per_tokens * (self.prompt_tokens + problem)
    }

    /// What the file says, in words.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Prices `{}` in {}: {:.4e} a generated token, {:.4e} a token that checkpoints charge, {:.4e} a \
             token of the prompt, discounts included.",
            self.name,
            self.currency,
            self.generated(None),
            self.check(),
            self.prompt * self.left(On::Prompt) / self.per_tokens
        )];
        let stages = self.stages.keys();
        lines.extend(stages.map(|name| {
            let price = self.generated(Some(name));
            format!("In stage {name}: {price:.4e} a generated token.")
        }));
        lines.push(format!(
            "Every attempt pays for {} tokens of the prompt beside those of a log's problem.",
            self.prompt_tokens
        ));
        lines
    }
}

fn amount(key: String, x: f64, (least, most): (f64, f64), what: &str, mistakes: &mut Mistakes) {
    if !(least..=most).contains(&x) {
        mistakes.push(
            key,
            format!("is {x}; {what} must lie in [{least}, {most:?}]"),
        );
    }
}

fn read(document: &Document<'_>, mistakes: &mut Mistakes) -> Prices {
    let mut root = document.root();
    if let Some(item) = root.required("schema")
        && let Some(schema) = item.string(mistakes)
        && schema != SCHEMA
    {
        let message = format!("is \"{schema}\"; prices have schema = \"{SCHEMA}\"");
        mistakes.push("schema", message);
    }
    let price = |key: &str, x: f64, mistakes: &mut Mistakes| {
        amount(key.to_owned(), x, (0.0, LARGEST), "a price", mistakes);
    };
    let name = root.required_string("name", mistakes);
    let currency = root.required_string("currency", mistakes);
    for (key, text) in [("name", &name), ("currency", &currency)] {
        if text.trim().is_empty() && !mistakes.covers(key) && root.keys().iter().any(|k| k == key) {
            mistakes.push(key, "is empty; give it a short text");
        }
    }
    let per_tokens = root.number_or("per_tokens", 1.0, mistakes);
    if !(per_tokens > 0.0 && per_tokens <= LARGEST) {
        let message = format!("is {per_tokens}; prices are for a number of tokens in (0, 1e12]");
        mistakes.push("per_tokens", message);
    }
    let generated = root.required("generated");
    let generated = generated.and_then(|item| item.number(mistakes));
    let generated = generated.unwrap_or(0.0);
    price("generated", generated, mistakes);
    let check = root.optional("check");
    let check = check.and_then(|item| item.number(mistakes));
    price("check", check.unwrap_or(0.0), mistakes);
    let prompt = root.number_or("prompt", 0.0, mistakes);
    price("prompt", prompt, mistakes);
    let prompt_tokens = root.number_or("prompt_tokens", 0.0, mistakes);
    let range = (0.0, LARGEST);
    amount(
        "prompt_tokens".to_owned(),
        prompt_tokens,
        range,
        "a number of tokens",
        mistakes,
    );
    let mut stages = BTreeMap::new();
    if let Some(mut table) = root.table("stages", mistakes) {
        for stage in table.keys() {
            let value = table.number_or(&stage, 0.0, mistakes);
            price(&format!("stages.{}", key_part(&stage)), value, mistakes);
            stages.insert(stage, value);
        }
    }
    let discounts = root.tables("discount", mistakes).into_iter();
    let discounts = discounts.map(|table| discount(table, mistakes)).collect();
    root.finish(mistakes);
    Prices {
        name,
        currency,
        per_tokens,
        generated,
        stages,
        check,
        prompt,
        prompt_tokens,
        discounts,
    }
}

fn discount(mut table: Table<'_, '_>, mistakes: &mut Mistakes) -> Discount {
    let name = table.required_string("name", mistakes);
    let item = table.required("on");
    let on = item.and_then(|item| {
        let text = item.string(mistakes)?;
        let found = KINDS.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names = || KINDS.iter().map(|(name, _)| *name);
            let hint = nearest(&text, names())
                .map(|near| format!("did you mean `{near}`? "))
                .unwrap_or_default();
            let known = quoted_list(names());
            mistakes.push(item.path(), format!("is \"{text}\"; {hint}Known: {known}"));
        }
        found.map(|(_, on)| *on)
    });
    let factor = table.required("factor");
    let factor = factor.and_then(|item| item.number(mistakes)).unwrap_or(1.0);
    let share = table.number_or("share", 1.0, mistakes);
    for (key, x, what) in [
        ("factor", factor, "what is left of the price"),
        ("share", share, "a share of tokens"),
    ] {
        amount(table.key(key), x, (0.0, 1.0), what, mistakes);
    }
    table.finish(mistakes);
    Discount {
        name,
        on: on.unwrap_or(On::Everything),
        factor,
        share,
    }
}

//! Logs for the benchmark: word problems solved in the manner of chat models, drawn by a fixed seed.
//!
//! A record is about 1.1 KB of JSON. Prose explains each step in a sentence or two and has about 7
//! equals signs per KB; dense text is one calculation after the other, about 34 per KB. Three in
//! five solutions are right; the others have one wrong calculation, which everything after it
//! goes on with. Prompts have four generations each.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// How much a solution explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A sentence or two around each calculation.
    Prose,
    /// Calculations alone.
    Dense,
}

const GENERATIONS: u64 = 4;
const NAMES: [&str; 8] = ["Mia", "Felix", "Zoë", "Omar", "Ines", "Paul", "Lena", "Tom"];
const THINGS: [&str; 8] = [
    "eggs", "stickers", "tickets", "pages", "marbles", "cookies", "flowers", "stamps",
];
const OPENINGS: [&str; 4] = [
    "Let's break the problem down step by step.\n\n",
    "To solve this problem, we follow what happens to the {things} in the order in which it happens.\n\n",
    "Sure! I will work through this carefully, one step at a time, and check the units along the way.\n\n",
    "First we write down what is known, then we calculate what is asked for.\n\n",
];
const BEFORE: [&str; 6] = [
    "**Step {k}:** We start with what {name} has at this point and see how that changes. ",
    "{k}. Next, the problem says that the number of {things} changes again: ",
    "Now we look at what {name} does afterwards, with the result from above. ",
    "After that, {name} counts the {things} once more. The new total is ",
    "The only thing that we still need is the change in the next sentence. ",
    "Then it is time for the following part of the question. ",
];
const AFTER: [&str; 5] = [
    " So {name} now has {total} {things}, which we carry over into the next step.\n\n",
    " That leaves {total} {things} in all.\n\n",
    " This means there are {total} {things} at this point of the story.\n",
    " Therefore the total is {total} {things}. Let's keep going.\n\n",
    " (The number of {things} = {total} so far.)\n",
];

/// Writes a log of `records` generations.
pub(crate) fn write(path: &Path, style: Style, records: u64) -> io::Result<()> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut problem = Problem::draw(&mut rng);
    let (mut text, mut line) = (String::new(), String::new());
    for i in 0..records {
        if i % GENERATIONS == 0 {
            problem = Problem::draw(&mut rng);
        }
        let correct = problem.solve(style, &mut rng, &mut text);
        line.clear();
        let _ = write!(
            line,
            "{{\"id\":\"run-{i}\",\"prompt_id\":\"p{}\",\"model\":\"drawn\",\"benchmark\":\"words\",\
             \"problem\":\"{}\",\"solution\":\"{}\",\"solution_tokens\":{},\"correct\":{correct}}}",
            i / GENERATIONS,
            problem.text,
            text.replace('\n', "\\n"),
            text.len() / 4,
        );
        line.push('\n');
        file.write_all(line.as_bytes())?;
    }
    file.flush()
}

/// A chain of changes to a number.
struct Problem {
    text: String,
    name: &'static str,
    things: &'static str,
    start: i64,
    changes: Vec<(char, i64)>,
}

fn pick<T: Copy>(rng: &mut impl Rng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}

impl Problem {
    fn draw(rng: &mut impl Rng) -> Self {
        let (name, things) = (pick(rng, &NAMES), pick(rng, &THINGS));
        let start = rng.random_range(20..200);
        let mut text = format!("{name} has {start} {things}.");
        let mut total = start;
        let changes = (0..42)
            .map(|k| {
                let change = match rng.random_range(0..3) {
                    0 if total < 900 => ('*', rng.random_range(2..4)),
                    1 if total > 40 => ('-', rng.random_range(1..total / 2)),
                    _ => ('+', rng.random_range(1..90)),
                };
                if k < 4 {
                    let _ = match change {
                        ('*', n) => write!(text, " Then there are {n} times as many."),
                        ('-', n) => write!(text, " Then {n} of them are given away."),
                        (_, n) => write!(text, " Then {name} finds {n} more."),
                    };
                }
                total = apply(total, change);
                change
            })
            .collect();
        let _ = write!(text, " How many {things} does {name} have at the end?");
        Self {
            text,
            name,
            things,
            start,
            changes,
        }
    }

    /// Writes a solution in place of `text`; whether it is right.
    fn solve(&self, style: Style, rng: &mut impl Rng, text: &mut String) -> bool {
        let (steps, length) = match style {
            Style::Prose => (5..8, 700),
            Style::Dense => (26..42, 0),
        };
        let steps = rng.random_range(steps);
        let slip = rng.random_bool(0.4).then(|| rng.random_range(0..steps));
        text.clear();
        if style == Style::Prose {
            self.say(pick(rng, &OPENINGS), 0, self.start, text);
        }
        let mut total = self.start;
        for (k, &change) in self.changes.iter().enumerate().take(steps) {
            let before = total;
            total = apply(before, change);
            if slip == Some(k) {
                total += pick(rng, &[-10, -1, 1, 2, 10]);
            }
            let (sign, n) = change;
            if style == Style::Dense {
                let _ = match k % 3 {
                    0 => writeln!(text, "{before} {sign} {n} = {total}"),
                    1 => write!(text, "<<{before}{sign}{n}={total}>>{total}, "),
                    _ => write!(text, "so ${before}{sign}{n} = {total}$ "),
                };
                continue;
            }
            self.say(pick(rng, &BEFORE), k + 1, before, text);
            let _ = match rng.random_range(0..4) {
                0 => write!(text, "{before} {sign} {n} = {total}."),
                1 => write!(text, "\\\\( {before} {} {n} = {total} \\\\)", latex(sign)),
                2 => write!(
                    text,
                    "{before} {sign} {n} = <<{before}{sign}{n}={total}>>{total}."
                ),
                _ => write!(
                    text,
                    "{before} {} {n} = {total} {}.",
                    plain(sign),
                    self.things
                ),
            };
            self.say(pick(rng, &AFTER), k + 1, total, text);
            if text.len() > length && k + 1 >= 5 {
                break;
            }
        }
        let _ = write!(text, "\n#### {total}");
        slip.is_none()
    }

    /// Adds a sentence with its blanks filled in.
    fn say(&self, sentence: &str, k: usize, total: i64, text: &mut String) {
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (blank, after) = after.split_once('}').expect("sentences close their blanks");
            let _ = match blank {
                "k" => write!(text, "{k}"),
                "total" => write!(text, "{total}"),
                "name" => write!(text, "{}", self.name),
                _ => write!(text, "{}", self.things),
            };
            rest = after;
        }
        text.push_str(rest);
    }
}

fn apply(total: i64, (sign, n): (char, i64)) -> i64 {
    match sign {
        '*' => total * n,
        '-' => total - n,
        _ => total + n,
    }
}

fn latex(sign: char) -> &'static str {
    match sign {
        '*' => "\\\\times",
        '-' => "-",
        _ => "+",
    }
}

fn plain(sign: char) -> char {
    match sign {
        '*' => '×',
        '-' => '−',
        _ => '+',
    }
}

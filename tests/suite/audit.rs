//! What published numbers imply, against populations of which everything is known: generations are
//! listed one by one, published numbers are counted, and the audit must find what was not published.

use foldem::study::Interrupt;
use foldem::study::audit::{
    Account, Accounting, AuditFindings, Condition, Quantity, Range, Spec, audit,
};

/// Generations in groups: how many, good, rejected, full tokens, tokens paid.
type Group = (u32, bool, bool, f64, f64);

/// What is true of a population, counted over its generations.
#[derive(Debug, Clone, Copy)]
struct Truth {
    before: f64,
    after: f64,
    false_rejection: f64,
    detection: f64,
    rejected: f64,
    /// Per attempt, and per retained sample.
    savings: [f64; 2],
    paid_share: f64,
    length_ratio: f64,
}

fn enumerate(groups: &[Group]) -> Truth {
    let generations = groups.iter().flat_map(|&(n, good, rejected, full, paid)| {
        (0..n).map(move |_| (good, rejected, full, paid))
    });
    let generations: Vec<_> = generations.collect();
    let count =
        |f: &dyn Fn(bool, bool) -> bool| generations.iter().filter(|g| f(g.0, g.1)).count() as f64;
    let tokens = |f: &dyn Fn(bool) -> bool, paid: bool| -> f64 {
        let chosen = generations.iter().filter(|g| f(g.1));
        chosen.map(|g| if paid { g.3 } else { g.2 }).sum()
    };
    let all = generations.len() as f64;
    let (good, kept, good_kept) = (count(&|g, _| g), count(&|_, r| !r), count(&|g, r| g && !r));
    let (full, paid) = (tokens(&|_| true, false), tokens(&|_| true, true));
    Truth {
        before: good / all,
        after: good_kept / kept,
        false_rejection: count(&|g, r| g && r) / good,
        detection: count(&|g, r| !g && r) / (all - good),
        rejected: count(&|_, r| r) / all,
        savings: [1.0 - paid / full, 1.0 - (paid / good_kept) / (full / good)],
        paid_share: tokens(&|r| r, true) / tokens(&|r| r, false),
        length_ratio: tokens(&|r| r, false) / count(&|_, r| r) / (tokens(&|r| !r, false) / kept),
    }
}

/// Populations of many kinds: rejected short and long, early and late, good hit hard or hardly.
fn populations() -> Vec<Truth> {
    let mut all = Vec::new();
    for (good_rejected, bad_rejected) in [(1, 30), (5, 5), (40, 3), (2, 1)] {
        for lengths in [[100.0, 300.0, 250.0, 90.0], [500.0, 20.0, 60.0, 400.0]] {
            for share in [0.1, 0.6] {
                let [a, b, c, d] = lengths;
                all.push(enumerate(&[
                    (good_rejected, true, true, a, share * a),
                    (60, true, false, b, b),
                    (bad_rejected, false, true, c, 0.5 * share * c),
                    (35, false, false, d, d),
                    (3, false, true, 2.0 * c, share * c),
                ]));
            }
        }
    }
    all
}

fn findings(rows: &[String]) -> AuditFindings {
    let mut text = "schema = \"foldem.audit/1\"\nname = \"test\"\n".to_owned();
    for (i, row) in rows.iter().enumerate() {
        text += &format!("[[row]]\nname = \"{i}\"\n{row}\n");
    }
    let spec = Spec::parse("test", &text).unwrap_or_else(|e| panic!("{e}"));
    audit(&spec, &Interrupt::default()).unwrap()
}

fn row(lines: &[(&str, f64)]) -> String {
    let lines = lines.iter().map(|(key, x)| format!("{key} = {x:?}\n"));
    lines.collect::<Vec<_>>().concat()
}

pub(super) fn one(row: &str) -> Account {
    findings(&[row.to_owned()]).rows.remove(0).account
}

fn assert_is(range: Option<Range>, x: f64, tolerance: f64, what: &str) {
    let range = range.unwrap_or_else(|| panic!("{what} is undefined, not {x}"));
    let off = (range.lo - x).abs().max((range.hi - x).abs());
    assert!(
        off <= tolerance * x.abs().max(1.0),
        "{what}: {range:?}, not {x}"
    );
}

#[test]
fn what_is_not_published_follows_from_what_is() {
    for truth in populations() {
        for (i, accounting) in [Accounting::PerAttempt, Accounting::PerRetained]
            .into_iter()
            .enumerate()
        {
            if truth.savings[i] < 0.0 {
                continue;
            }
            let text = row(&[
                ("accuracy_before", truth.before),
                ("accuracy_after", truth.after),
                ("false_rejection", truth.false_rejection),
                ("savings", truth.savings[i]),
                ("paid_share", truth.paid_share),
            ]) + &format!("accounting = \"{}\"", accounting.key());
            let found = one(&text);
            assert!(found.consistent, "{:?}", found.fails);
            assert_is(found.detection_implied, truth.detection, 1e-9, "detection");
            assert_is(
                found.rejected_share_implied,
                truth.rejected,
                1e-9,
                "rejected",
            );
            assert_is(
                found.length_ratio_implied,
                truth.length_ratio,
                1e-9,
                "length ratio",
            );
            assert_is(found.savings_per_attempt, truth.savings[0], 1e-9, "savings");
            let cost = (1.0 - truth.savings[0]) / (1.0 - truth.false_rejection);
            assert_is(found.cost_ratio_implied, cost, 1e-9, "cost ratio");
            let s = truth.savings[0];
            let least = s * (1.0 - truth.rejected) / (truth.rejected * (1.0 - s));
            assert_is(found.length_ratio_min, least, 1e-9, "least length ratio");
            // Each share follows from the other three, too.
            let published = [
                ("accuracy_before", truth.before),
                ("accuracy_after", truth.after),
                ("false_rejection", truth.false_rejection),
                ("detection", truth.detection),
            ];
            let all = one(&row(&published));
            assert!(all.consistent, "{:?}", all.fails);
            for (share, (_, x)) in all.shares.iter().zip(published) {
                assert_is(share.by_others, x, 1e-6, share.name.key());
            }
        }
    }
}

/// At equal lengths and with rejections that cost nothing, the least false rejection rate is that of the
/// population, whatever it is; with rejections that cost something it is less.
#[test]
fn equal_lengths_ask_for_false_rejections() {
    for cost in [0.0, 0.2] {
        for (good_rejected, bad_rejected) in [(10, 5), (30, 12), (3, 20)] {
            let truth = enumerate(&[
                (good_rejected, true, true, 80.0, 80.0 * cost),
                (50, true, false, 80.0, 80.0),
                (bad_rejected, false, true, 80.0, 80.0 * cost),
                (40, false, false, 80.0, 80.0),
            ]);
            let found = one(&row(&[
                ("accuracy_before", truth.before),
                ("accuracy_after", truth.after),
                ("savings", truth.savings[0]),
            ]));
            let least = found.frr_min_equal_lengths.unwrap();
            if cost > 0.0 {
                assert!(least.hi < truth.false_rejection);
            } else {
                assert_is(Some(least), truth.false_rejection, 1e-9, "rate");
                // Per retained sample such savings hold whatever the rate is, and no greater ones do.
                let kept = 1.0 - truth.before / truth.after;
                if kept > 0.01 {
                    for (savings, rate) in [(kept - 0.01, 0.0), (kept + 0.01, 1.0)] {
                        let text = row(&[
                            ("accuracy_before", truth.before),
                            ("accuracy_after", truth.after),
                            ("savings", savings),
                        ]) + "accounting = \"per-retained\"";
                        assert_is(one(&text).frr_min_equal_lengths, rate, 1e-9, "per retained");
                    }
                }
            }
        }
    }
}

/// The statements of the shipped rows: published numbers, and what theory section 5 says of them.
#[test]
fn the_published_rows_imply_what_is_known_of_them() {
    let path = super::cli::root().join("experiments/audits/paper.toml");
    let found = audit(&Spec::load(&path).unwrap(), &Interrupt::default()).unwrap();
    let get = |name: &str| found.rows.iter().find(|row| row.name == name).unwrap();
    let gsm8k = get("GSM8K, early-exit table");
    let llama = get("Llama-3.1-8B, GSM8K");
    for (row, [d, q, ratio, rate]) in [
        (gsm8k, [0.098, 0.050, 64.6, 0.770]),
        (llama, [0.323, 0.162, 3.95, 0.345]),
    ] {
        let account = &row.account;
        assert!(account.consistent);
        assert_is(account.detection_implied, d, 5e-4, "detection");
        assert_is(account.rejected_share_implied, q, 5e-4, "rejected");
        assert_is(account.length_ratio_min, ratio, 2e-3, "length ratio");
        assert_is(account.frr_min_equal_lengths, rate, 5e-4, "rate");
        assert!(account.length_ratio_implied.unwrap().hi.is_infinite());
        // No false rejection rate below 1 makes lengths equal if savings are per retained sample.
        let other = row.per_retained.as_ref().unwrap();
        assert_is(other.frr_min_equal_lengths, 1.0, 0.0, "rate per retained");
        // The curve of the region falls to 1 where lengths are equal.
        let equal = row
            .region
            .iter()
            .find(|p| p.length_ratio_min.hi <= 1.0)
            .unwrap();
        assert!(equal.false_rejection >= rate && equal.false_rejection < rate + 0.011);
    }
    let wide = &get("GSM8K, early-exit table, false rejections up to 5 %").account;
    let wide = wide.length_ratio_min.unwrap();
    assert!(
        (wide.lo - 47.0).abs() < 0.5 && (wide.hi - 177.0).abs() < 0.5,
        "{wide:?}"
    );
    for (name, after, ratio) in [
        ("GSM8K, early-exit table, with false negatives", 0.966, 8.9),
        ("Llama-3.1-8B, GSM8K, with false negatives", 0.932, 1.03),
    ] {
        let account = &get(name).account;
        assert!(!account.consistent);
        assert_eq!(account.implied_without, Some(Quantity::Detection));
        assert_eq!(account.fails.len(), 1);
        assert_eq!(account.fails[0].condition, Condition::OnePopulation);
        let reading = account
            .readings
            .iter()
            .find(|r| r.without == Quantity::AccuracyAfter)
            .unwrap();
        assert_is(Some(reading.implied), after, 1e-3, "accuracy after");
        assert!((reading.length_ratio.unwrap().lo - ratio).abs() < 0.1);
    }
    let together = gsm8k.early_exit.as_ref().unwrap();
    assert_is(
        Some(together.of_what_rejection_leaves),
        0.036,
        5e-4,
        "still",
    );
    assert_is(together.both_if_independent, 0.948, 5e-4, "independent");
    assert_is(together.alone, 0.770, 5e-4, "alone");
    assert_is(together.overlap, 0.762, 1e-3, "overlap");
    assert_eq!(together.acts_alike, Some(true));
    let paid = one(&row(&[
        ("accuracy_before", 0.72),
        ("accuracy_after", 0.734),
        ("false_rejection", 0.032),
        ("tokens_full", 109.09),
        ("tokens_paid", 24.61),
        ("paid_share", 0.1),
    ]));
    assert_is(paid.length_ratio_implied, 116.0, 1e-3, "with 10 % paid");
}

/// Error rates of another "good" are found, and nothing is once they are of the same one.
#[test]
fn numbers_of_two_populations_are_found() {
    let truth = enumerate(&[
        (5, true, true, 9.0, 3.0),
        (60, true, false, 9.0, 9.0),
        (20, false, true, 9.0, 3.0),
        (15, false, false, 9.0, 9.0),
    ]);
    let other = enumerate(&[
        (5, true, true, 9.0, 3.0),
        (75, true, false, 9.0, 9.0),
        (19, false, true, 9.0, 3.0),
        (1, false, false, 9.0, 9.0),
    ]);
    let with = |t: &Truth| {
        one(&row(&[
            ("accuracy_before", truth.before),
            ("accuracy_after", truth.after),
            ("false_rejection", t.false_rejection),
            ("detection", t.detection),
        ]))
    };
    let planted = with(&other);
    assert!(!planted.consistent);
    assert_eq!(planted.fails[0].quantities.len(), 4);
    assert_eq!(planted.readings.len(), 4);
    assert!(planted.shares.iter().all(|share| share.together.is_none()));
    assert!(with(&truth).consistent);
}

#[test]
fn each_condition_that_fails_is_named() {
    use Condition::{
        Detection, EarlyExit, LengthRatio, PaidShare, RejectedShare, SavingsAndTokens,
        SavingsNeedRejections,
    };
    let cases = [
        (
            Detection,
            "accuracy_before = 0.8\naccuracy_after = 0.7\nfalse_rejection = 0.2",
            "detection would be -0.3714",
        ),
        (
            RejectedShare,
            "accuracy_before = 0.8\naccuracy_after = 0.7\nfalse_rejection = 0.0",
            "rejected share would be -0.1429",
        ),
        (
            Detection,
            "accuracy_before = 1\naccuracy_after = 0.7\nfalse_rejection = 0.5",
            "nothing bad is left",
        ),
        (
            SavingsNeedRejections,
            "accuracy_before = 0.5\naccuracy_after = 0.5\nfalse_rejection = 0.0\nsavings = 0.2",
            "need rejections",
        ),
        (
            PaidShare,
            "accuracy_before = 0.5\nsavings = 0.7\npaid_share = 0.4",
            "add up to less than 1",
        ),
        (
            LengthRatio,
            "rejected_share = 0.1\nsavings = 0.5\nlength_ratio = 4",
            "imply at least 9",
        ),
        (
            SavingsAndTokens,
            "savings = 0.42\ntokens_full = 13.17\ntokens_paid = 7.46",
            "savings of 0.4336",
        ),
        (
            EarlyExit,
            "savings = 0.5\nearly_exit = { savings_both = 0.4 }",
            "would save -0.2",
        ),
    ];
    for (condition, text, words) in cases {
        let found = one(text);
        assert!(!found.consistent, "{text}");
        let failure = found.fails.iter().find(|f| f.condition == condition);
        let failure = failure.unwrap_or_else(|| panic!("{text}: {:?}", found.fails));
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    for text in [
        "accuracy_before = 0.8\naccuracy_after = 0.7\nfalse_rejection = 0.5",
        "rejected_share = 0.1\nsavings = 0.5\nlength_ratio = 9.1",
        "savings = 0.4336\ntokens_full = [13.165, 13.175]\ntokens_paid = [7.455, 7.465]",
        "savings = 0.5\nearly_exit = { savings_both = 0.6, savings = 0.3 }",
    ] {
        let found = one(text);
        assert!(found.consistent, "{text}: {:?}", found.fails);
    }
}

/// Composition with early exit against every token of a text: rejection saves a set of them, early exit
/// another one.
#[test]
fn early_exit_composes_as_sets_of_tokens_do() {
    let of = |saved: &dyn Fn(u32) -> bool| (0..1000).filter(|&t| saved(t)).count() as f64 / 1000.0;
    for (by_rejection, by_exit) in [(600, 300), (600, 700), (0, 100), (900, 0)] {
        // Rejection saves the first tokens; early exit every token beyond a place.
        let rejection = |t: u32| t < by_rejection;
        let exit = |t: u32| t >= by_exit;
        let [s, e, both] = [of(&rejection), of(&exit), of(&|t| rejection(t) || exit(t))];
        if both >= 1.0 || e >= 1.0 {
            continue;
        }
        let text =
            format!("savings = {s:?}\nearly_exit = {{ savings = {e:?}, savings_both = {both:?} }}");
        let found = findings(&[text]).rows.remove(0).early_exit.unwrap();
        let left = of(&|t| !rejection(t) && exit(t)) / of(&|t| !rejection(t));
        assert_is(Some(found.of_what_rejection_leaves), left, 1e-12, "left");
        assert_is(
            found.overlap,
            of(&|t| rejection(t) && exit(t)),
            1e-12,
            "overlap",
        );
        assert_is(
            found.both_if_independent,
            1.0 - (1.0 - s) * (1.0 - e),
            1e-12,
            "independent",
        );
        assert_eq!(found.acts_alike, Some(true));
    }
    let impossible = "savings = 0.5\nearly_exit = { savings = 0.1, savings_both = 0.8 }";
    let found = findings(&[impossible.to_owned()])
        .rows
        .remove(0)
        .early_exit
        .unwrap();
    assert_eq!(found.acts_alike, Some(false));
}

#[test]
fn intervals_of_tokens_are_ranges_over_their_corners() {
    let text = "tokens_full = [100, 110]\ntokens_paid = [40, 50]\nearly_exit = { tokens = [60, 70], tokens_both = [30, 35] }";
    let found = findings(&[text.to_owned()])
        .rows
        .remove(0)
        .early_exit
        .unwrap();
    let near = |range: Range, lo: f64, hi: f64| {
        (range.lo - lo).abs() < 1e-12 && (range.hi - hi).abs() < 1e-12
    };
    // What is full does not matter to what early exit saves of what rejection leaves.
    assert!(near(
        found.of_what_rejection_leaves,
        1.0 - 35.0 / 40.0,
        1.0 - 30.0 / 50.0
    ));
    assert!(near(
        found.overlap.unwrap(),
        1.0 - (50.0 + 70.0 - 30.0) / 100.0,
        1.0 - (40.0 + 60.0 - 35.0) / 110.0
    ));
    assert!(near(found.both, 1.0 - 35.0 / 100.0, 1.0 - 30.0 / 110.0));
}

/// Without an accuracy a population without good generations would satisfy any condition on them. It retains nothing.
#[test]
fn savings_per_retained_sample_need_something_retained() {
    let row = |numbers: &str| {
        let row = format!("accounting = \"per-retained\"\n{numbers}");
        findings(&[row]).rows[0].account.clone()
    };
    // s is at least r, so s + φ would be at least 1.06.
    let found = row("savings = 0.47\npaid_share = 0.59\nrejected_share = 0.55");
    assert!(!found.consistent);
    assert_eq!(found.fails[0].condition, Condition::PaidShare);
    let found = row("savings = 0.3\naccuracy_before = 0.0\nrejected_share = 0.55");
    assert!(!found.consistent);
    assert!(found.fails[0].message.contains("that are kept"));
    assert!(row("savings = 0.3\nrejected_share = 0.55").consistent);
}

/// As all good ones come to be rejected, a ratio of (1 − r)/(1 − f) to (1 − q) remains: with next to no bad ones
/// it is 1/(1 − r). Nothing published excludes that.
#[test]
fn the_least_length_ratio_is_a_limit_where_it_is_not_attained() {
    let row =
        "accounting = \"per-retained\"\nsavings = 0.28\ndetection = [0.0029, 0.0032]".to_owned();
    let found = findings(&[row]).rows[0].account.clone();
    let least = found.length_ratio_implied.unwrap().lo;
    assert!((least - 1.0 / 0.72).abs() < 1e-9, "{least}");
}

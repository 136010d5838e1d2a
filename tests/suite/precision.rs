//! What a pilot refuses to plan, what it tells meanwhile, and that prompts with many generations
//! count as prompts.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use foldem::scenario::Scenario;
use foldem::study::Interrupt;
use foldem::study::precision::{PLANNED, Pilot, PrecisionError, attempts_for};
use foldem::study::simulation::{Request, simulate};

/// One checkpoint after a stage whose lengths are `tokens`; prompts differ by `sd`.
fn world(tokens: &str, sd: f64) -> Scenario {
    let text = format!(
        "schema = \"foldem.scenario/1\"\nname = \"w\"\n[difficulty]\nsd = {sd}\n\
         [[fault]]\nkind = \"arithmetic\"\nhazard = [0.2, 0.1]\ndifficulty_effect = 1.0\n\
         [[stage]]\nname = \"one\"\ntokens = {tokens}\n\
         [[stage]]\nname = \"two\"\ntokens = {{ dist = \"fixed\", value = 1.0 }}\n\
         [[validator]]\nname = \"a\"\ndetects = {{ arithmetic = 0.5 }}\nfalse_alarm = 0.01\n\
         [[policy.checkpoint]]\nat = \"one\"\nvalidators = [\"a\"]\n"
    );
    Scenario::parse("w.toml", &text, Path::new(".")).unwrap()
}

/// One length among 200 thousand is so long that sums would cut it: a spread that is not known must
/// not be planned with.
#[test]
fn lengths_that_sums_cannot_hold_are_refused() {
    let mut values = vec!["1.0"; 200_000];
    values.push("1e12");
    let tokens = format!(
        "{{ dist = \"empirical\", values = [{}] }}",
        values.join(", ")
    );
    let scenario = world(&tokens, 0.5);
    let refused = attempts_for(&scenario, 0.01, 3, 1, &|_| (), &Interrupt::default());
    match refused {
        Err(PrecisionError::Cut { cut, pilot }) => {
            assert!(cut > 0 && cut < 20 && pilot == 1 << 18, "{cut} of {pilot}");
        }
        other => panic!("{other:?}"),
    }
}

/// With 500 generations per prompt, whose difficulty they share, an interval of the planned run is as
/// narrow as asked for; the control: a plan for single generations would be a tenth of it at most.
#[test]
fn many_generations_per_prompt_are_few_prompts() {
    let scenario = world("{ dist = \"fixed\", value = 100.0 }", 1.0);
    let interrupt = Interrupt::default();
    let (half_width, per_prompt) = (0.004, 500);
    let told = AtomicU64::new(0);
    let progress = |pilot: Pilot| {
        assert!(pilot.done <= pilot.of);
        told.fetch_max(pilot.of, Ordering::Relaxed);
    };
    let plan = |m| attempts_for(&scenario, half_width, 7, m, &progress, &interrupt).unwrap();
    let (clustered, single) = (plan(per_prompt), plan(1));
    assert_eq!(told.load(Ordering::Relaxed), 500_000);
    let half = |attempts: u64| {
        let request = Request {
            attempts: attempts.next_multiple_of(per_prompt),
            seed: 8,
            per_prompt,
        };
        let findings = simulate(&scenario, request, &|_| (), &interrupt);
        let half = |name: &&str| {
            let [lo, hi] = findings.get(name).unwrap().estimate.ci.unwrap();
            0.5 * (hi - lo)
        };
        PLANNED.iter().map(half).fold(0.0, f64::max)
    };
    assert!(clustered.is_multiple_of(per_prompt) && clustered > 10 * single);
    assert!(half(clustered) <= 1.05 * half_width, "{}", half(clustered));
}

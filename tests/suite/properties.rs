//! Properties of arbitrary input, found counter-examples included.

use std::path::Path;

use foldem::scenario::Scenario;
use foldem::stats::{CrossProducts, Scale};
use foldem::theory::Exact;
use proptest::prelude::*;

fn moments(values: &[(f64, f64)]) -> CrossProducts {
    let scales = vec![Scale::for_values_near(50.0), Scale::for_values_near(1.0)];
    let mut moments = CrossProducts::new(scales.clone());
    for &(x, y) in values {
        moments.add(&[(0, scales[0].round(x)), (1, scales[1].round(y))]);
    }
    moments
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,400}") {
        let _ = Scenario::parse("text", &text, Path::new("."));
    }

    #[test]
    fn sums_do_not_depend_on_how_a_sample_is_cut(
        values in prop::collection::vec((-1e3..1e6_f64, 0.0..1.0_f64), 1..60),
        cut in 0..60_usize,
    ) {
        let cut = cut.min(values.len());
        let mut parts = moments(&values[cut..]);
        parts.merge(&moments(&values[..cut]));
        prop_assert_eq!(parts, moments(&values));
    }

    /// Identities and bounds of the theory on arbitrary rates.
    #[test]
    fn the_theory_keeps_its_promises(
        h in prop::array::uniform3(0.0..0.3_f64),
        d in 0.0..1.0_f64,
        f in 0.0..0.5_f64,
        accepts in (0.1..1.0_f64, 0.0..1.0_f64),
        factor in 0.1..5.0_f64,
        cost in 0.0..5.0_f64,
        sticky in any::<bool>(),
    ) {
        let text = format!(
            "schema = 'foldem.scenario/1'\nname = 'p'\n\
             [[fault]]\nkind = 'x'\nhazard = {h:?}\nlength_factor = {factor:?}\nrecovery = 0.2\n\
             [[stage]]\nname = 'a'\ntokens = {{ dist = 'fixed', value = 10 }}\n\
             [[stage]]\nname = 'b'\ntokens = {{ dist = 'fixed', value = 20 }}\n\
             [[stage]]\nname = 'c'\ntokens = {{ dist = 'fixed', value = 30 }}\n\
             [[validator]]\nname = 'v'\ndetects = {{ x = {d:?} }}\nfalse_alarm = {f:?}\nsticky = {sticky}\n\
             [final_filter]\naccepts = {{ clean = {:?}, x = {:?} }}\n\
             [[policy.checkpoint]]\nat = 'a'\nvalidators = ['v']\n\
             [[policy.checkpoint]]\nat = 'b'\nvalidators = ['v']\ncost_tokens = {cost:?}\n",
            accepts.0, accepts.1
        );
        let scenario = Scenario::parse("p", &text, Path::new(".")).unwrap();
        let exact = Exact::new(&scenario);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-11 * b.abs().max(1.0);
        let by_checkpoint: f64 = exact.avoided_by_checkpoint().iter().sum();
        prop_assert!(near(exact.gross_tokens(), by_checkpoint));
        let (s, f) = (exact.savings().unwrap(), exact.false_rejection_rate().unwrap());
        prop_assert!(near(exact.cost_ratio().unwrap(), (1.0 - s) / (1.0 - f)));
        prop_assert!(exact.retained_bias().unwrap().abs() <= f + 1e-12);
        prop_assert!(exact.shifts().final_state.unwrap() <= f + 1e-12);
        prop_assert!(exact.null_cost_ratio().unwrap() >= 1.0 - 1e-12);
        let q: f64 = exact.rejections_by_stage().iter().sum();
        prop_assert!(near(q, exact.rejection_rate()) && (0.0..=1.0 + 1e-12).contains(&q));
    }
}

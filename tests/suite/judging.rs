//! What a policy does to a generation, in closed form, against walking through every place.

use foldem::policy::{Checkpoint, Position};
use foldem::replay::{FirstAlarm, Judgement, Place, Stop, judge};
use proptest::prelude::*;

/// Every place, one after the other.
fn by_walking(
    checkpoints: &[Checkpoint<Position>],
    places: &[Place],
    alarms: &[FirstAlarm],
    tokens: u64,
) -> Judgement {
    let mut judgement = Judgement {
        stop: None,
        cost: 0.0,
    };
    for t in 0..=tokens {
        for (c, checkpoint) in checkpoints.iter().enumerate() {
            let due = match places[c] {
                Place::Nowhere => false,
                Place::After(p) => t < tokens && p == t,
                Place::Every(step) => t > 0 && t < tokens && t % step == 0,
                Place::End => t == tokens,
            };
            if due {
                judgement.cost += checkpoint.cost_tokens;
                let alarmed = |&v: &usize| match alarms[v] {
                    FirstAlarm::Tokens(first) => first <= t,
                    FirstAlarm::AtEnd => places[c] == Place::End,
                    FirstAlarm::Never => false,
                };
                if checkpoint.validators.iter().any(alarmed) {
                    judgement.stop = Some(Stop {
                        checkpoint: c,
                        tokens: t,
                    });
                    return judgement;
                }
            }
        }
    }
    judgement
}

fn place() -> impl Strategy<Value = (Place, Position)> {
    prop_oneof![
        (0_u64..30).prop_map(|p| (Place::After(p), Position::Tokens(p.max(1)))),
        (1_u64..12).prop_map(|m| (Place::Every(m), Position::EveryTokens(m))),
        Just((Place::End, Position::Solution)),
        Just((Place::Nowhere, Position::Problem)),
    ]
}

fn alarm() -> impl Strategy<Value = FirstAlarm> {
    prop_oneof![
        (0_u64..35).prop_map(FirstAlarm::Tokens),
        Just(FirstAlarm::AtEnd),
        Just(FirstAlarm::Never),
    ]
}

proptest! {
    #[test]
    fn judging_is_walking_through_all_places(
        parts in prop::collection::vec((place(), prop::collection::btree_set(0_usize..3, 1..3)), 0..6),
        alarms in prop::collection::vec(alarm(), 3),
        tokens in 0_u64..40,
    ) {
        let places: Vec<Place> = parts.iter().map(|((place, _), _)| *place).collect();
        let checkpoints: Vec<Checkpoint<Position>> = (1_u8..)
            .zip(&parts)
            .map(|(i, ((_, at), validators))| Checkpoint {
                at: *at,
                validators: validators.iter().copied().collect(),
                threshold: 0.0,
                cost_tokens: f64::from(i).exp2(),
            })
            .collect();
        // No alarm is later than the last token.
        let alarms = alarms.iter().map(|a| match *a {
            FirstAlarm::Tokens(first) => FirstAlarm::Tokens(first.min(tokens)),
            other => other,
        });
        let alarms: Vec<FirstAlarm> = alarms.collect();
        let raised = alarms.iter().copied().enumerate();
        let found = judge(&checkpoints, |c| places[c], raised, tokens);
        prop_assert_eq!(found, by_walking(&checkpoints, &places, &alarms, tokens));
    }
}

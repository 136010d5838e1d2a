//! `foldem guarantee`: drawn logs on which certificates keep their promise and other ways of choosing do not.

use std::fs;

use serde_json::Value;

use super::cli::{code, foldem, stderr, stdout};
use super::tuning::Setting;

/// 200 logs in which generations of one prompt go together: certificates hold, and choosing by the point estimate
/// is seen to break the limit. The full count is in results/.
#[test]
fn certificates_keep_their_promise_and_point_estimates_do_not() {
    let experiment = "experiments/guarantees/clustered.toml";
    let output = foldem(&[
        "guarantee",
        experiment,
        "--replications",
        "200",
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["ok"], true);
    let method = |name: &str| {
        let methods = found["methods"].as_array().unwrap();
        methods
            .iter()
            .find(|m| m["method"] == name)
            .unwrap()
            .clone()
    };
    assert!(
        method("certified")["chosen"].as_u64().unwrap() > 150,
        "{found:#}"
    );
    assert_eq!(method("certified")["verdict"], "keeps");
    assert_eq!(method("best-on-all-data")["verdict"], "breaks");
    let rate = |name: &str| method(name)["rate"].as_f64().unwrap();
    assert!(rate("point-estimate") > rate("certified") + 0.05);
    let one = [
        "guarantee",
        experiment,
        "--replications",
        "6",
        "--threads",
        "1",
    ];
    let three = [
        "guarantee",
        experiment,
        "--replications",
        "6",
        "--threads",
        "3",
    ];
    assert_eq!(stdout(&foldem(&one)), stdout(&foldem(&three)));
}

#[test]
fn an_experiment_on_guarantees_tells_every_mistake() {
    let setting = Setting::new("");
    let wrong = "schema = \"foldem.guarantee/1\"\nname = \"g\"\nscenario = \"none.toml\"\nprompts = 0\n\
                 per_prompt = 1\nmax_frr = 5\nconfidence = 0.9\nreplications = 10\nreplication = 1\n";
    fs::write(setting.path("g.toml"), wrong).unwrap();
    let output = foldem(&["guarantee", &setting.name("g.toml")]);
    assert_eq!(code(&output), 3);
    for said in [
        "none.toml",
        "prompts: is 0",
        "max_frr: is 5",
        "did you mean `replications`?",
    ] {
        assert!(
            stderr(&output).contains(said),
            "{said}: {}",
            stderr(&output)
        );
    }
    let five = fs::canonicalize("experiments/five-stage.toml").unwrap();
    let random = wrong.replace("none.toml", five.to_str().unwrap());
    fs::write(setting.path("g.toml"), random).unwrap();
    let output = foldem(&["guarantee", &setting.name("g.toml")]);
    assert!(
        stderr(&output).contains("random tokens"),
        "{}",
        stderr(&output)
    );
}

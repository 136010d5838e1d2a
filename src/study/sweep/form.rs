//! The JSON form of what a sweep found, written and read: points name their policy, the values of the axes and
//! the estimates, where findings number them.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Axis, NAMES, Point, RESULT_SCHEMA, SweepFindings};
use crate::study::named::as_map;
use crate::study::simulation::Compared;
use crate::study::{Estimate, Named};

impl Serialize for SweepFindings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = self.points.iter().map(|point| PointAt(self, point));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", RESULT_SCHEMA)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("scenario", &self.scenario)?;
        map.serialize_entry("seed", &self.seed)?;
        map.serialize_entry("attempts", &self.attempts)?;
        map.serialize_entry("partial", &self.partial)?;
        map.serialize_entry("axes", &self.axes)?;
        map.serialize_entry("policies", &self.policies)?;
        map.serialize_entry("points", &points.collect::<Vec<_>>())?;
        map.end()
    }
}

/// A point by names.
#[derive(serde::Serialize, serde::Deserialize)]
struct Form<'f> {
    policy: Option<Cow<'f, str>>,
    #[serde(with = "as_map")]
    at: Vec<Named<f64>>,
    #[serde(with = "as_map")]
    estimates: Vec<Named<Compared>>,
    warnings: Cow<'f, [String]>,
}

fn named<T>((name, value): (&str, T)) -> Named<T> {
    Named {
        name: name.to_owned(),
        value,
    }
}

/// A point with the findings that it belongs to: what its numbers mean.
struct PointAt<'f>(&'f SweepFindings, &'f Point);

impl Serialize for PointAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(findings, point) = self;
        Form {
            policy: findings.policy(point).map(Cow::Borrowed),
            at: findings.values(point).map(named).collect(),
            estimates: point.estimates().map(named).collect(),
            warnings: Cow::Borrowed(&point.warnings),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SweepFindings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Whole {
            name: String,
            scenario: String,
            seed: u64,
            attempts: u64,
            partial: bool,
            axes: Vec<Axis>,
            policies: Vec<String>,
            points: Vec<Form<'static>>,
        }
        let whole = Whole::deserialize(deserializer)?;
        let mut findings = Self {
            name: whole.name,
            scenario: whole.scenario,
            seed: whole.seed,
            attempts: whole.attempts,
            partial: whole.partial,
            axes: whole.axes,
            policies: whole.policies,
            points: Vec::new(),
        };
        let points = whole.points.into_iter();
        let points = points.map(|form| numbered(form, &findings).map_err(D::Error::custom));
        findings.points = points.collect::<Result<_, _>>()?;
        Ok(findings)
    }
}

/// A point of `findings` by numbers.
fn numbered(form: Form<'_>, findings: &SweepFindings) -> Result<Point, String> {
    let policy = form.policy.map(|name| {
        let found = findings.policies.iter().position(|other| *other == name);
        found.ok_or_else(|| {
            format!("a point names the policy \"{name}\", which is not among `policies`")
        })
    });
    if form.at.len() != findings.axes.len() {
        return Err("a point does not lie on each of the `axes`".to_owned());
    }
    let at = findings.axes.iter().zip(&form.at).map(|(axis, at)| {
        let mut values = axis.values.iter();
        let found = values.position(|value| value.to_bits() == at.value.to_bits());
        found.ok_or_else(|| {
            format!(
                "a point lies at {}, which is not on the axis `{}`",
                at.value, axis.key
            )
        })
    });
    let names = form.estimates.iter().map(|named| named.name.as_str());
    if !names.eq(NAMES) {
        return Err(format!(
            "the estimates of a point are not {}",
            NAMES.join(", ")
        ));
    }
    let estimates = || form.estimates.iter().map(|named| named.value);
    Ok(Point {
        policy: policy.transpose()?,
        at: at.collect::<Result<_, _>>()?,
        exact: estimates().map(|compared| compared.exact).collect(),
        simulated: if findings.attempts == 0 {
            Vec::new()
        } else {
            estimates()
                .map(|compared| compared.estimate)
                .collect::<Vec<Estimate>>()
        },
        warnings: form.warnings.into_owned(),
    })
}

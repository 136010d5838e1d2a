//! Findings by the names under which they are reported, in an order that is kept.

/// A finding with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named<T> {
    /// Name.
    pub name: String,
    /// What it names.
    pub value: T,
}

/// Named findings as an object, written and read.
pub(super) mod as_map {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde::ser::{Serialize, SerializeMap, Serializer};

    use super::Named;

    pub(in crate::study) fn serialize<S: Serializer, T: Serialize>(
        named: &[Named<T>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(named.len()))?;
        for entry in named {
            map.serialize_entry(&entry.name, &entry.value)?;
        }
        map.end()
    }

    pub(in crate::study) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Vec<Named<T>>, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }

    struct Entries<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
        type Value = Vec<Named<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut named = Vec::new();
            while let Some((name, value)) = map.next_entry()? {
                named.push(Named { name, value });
            }
            Ok(named)
        }
    }
}

/// The same, of which none are written as null.
pub(super) mod as_optional_map {
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    use super::{Named, as_map};

    pub(in crate::study) fn serialize<S: Serializer, T: Serialize>(
        named: &[Named<T>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if named.is_empty() {
            return serializer.serialize_none();
        }
        as_map::serialize(named, serializer)
    }

    pub(in crate::study) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Vec<Named<T>>, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Map<T>(#[serde(with = "as_map")] Vec<Named<T>>);
        let map = Option::<Map<T>>::deserialize(deserializer)?;
        Ok(map.map_or_else(Vec::new, |Map(named)| named))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        #[serde(with = "as_optional_map")]
        none: Vec<Named<f64>>,
        #[serde(with = "as_optional_map")]
        some: Vec<Named<f64>>,
        #[serde(flatten, with = "as_map")]
        beside: Vec<Named<Option<u64>>>,
    }

    #[test]
    fn what_is_named_is_read_in_the_order_in_which_it_was_written() {
        let text = r#"{"none":null,"some":{"z":0.1,"a":2.0},"y":3,"b":null}"#;
        let found: Whole = serde_json::from_str(text).unwrap();
        assert_eq!(found.some[0].name, "z");
        assert_eq!(
            (found.beside[1].name.as_str(), found.beside[1].value),
            ("b", None)
        );
        assert_eq!(serde_json::to_string(&found).unwrap(), text);
        assert!(serde_json::from_str::<Whole>(&text.replace("null,", "[],")).is_err());
    }
}

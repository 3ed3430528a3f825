//! The environment as a layer of the configuration: `CAMPKEEPER__WECOM__CORP_ID`.

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Num, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::EXAMPLE;

const PREFIX: &str = "CAMPKEEPER__";

/// Variables of ours. A value is read as what the default of its key is: a merchant number of
/// digits stays text, and a serial like `12E5` does not become a float. Lists are separated by
/// commas.
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Takes those variables that are ours.
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?;
            Some((key.to_ascii_lowercase().replace("__", "."), value))
        });
        Self(ours.collect())
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let defaults = Figment::from(Toml::string(EXAMPLE));
        let mut root = Dict::new();
        for (key, text) in &self.0 {
            let value = read_as(defaults.find_value(key).ok().as_ref(), text);
            let nested = figment::util::nest(key, value);
            if let Value::Dict(_, dict) = nested {
                merge(&mut root, dict);
            }
        }
        Ok(Profile::Default.collect(root))
    }
}

fn read_as(default: Option<&Value>, text: &str) -> Value {
    let number = || text.trim().parse::<i64>().ok();
    match default {
        Some(Value::Num(..)) => number().map_or_else(
            || Value::from(text),
            |number| Value::Num(Tag::Default, Num::I64(number)),
        ),
        Some(Value::Array(..)) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Value::from(items.collect::<Vec<_>>())
        }
        _ => Value::from(text),
    }
}

fn merge(into: &mut Dict, from: Dict) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, into)), Value::Dict(_, from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

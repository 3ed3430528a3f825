//! The environment as a layer of the configuration: `CAMPKEEPER__WECOM__CORP_ID`.

use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Num, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::keys;

const PREFIX: &str = "CAMPKEEPER__";

/// Variables of ours by their keys.
#[derive(Clone)]
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

    /// All but the variables of some keys.
    pub(super) fn without<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Self {
        let keys: Vec<&String> = keys.collect();
        let mut left = self.clone();
        left.0.retain(|(key, _)| !keys.contains(&key));
        left
    }

    /// True if a variable holds this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let values = self.0.iter().map(|(key, text)| {
            let default = keys::default_of(key);
            (key.as_str(), read_as(default.as_ref(), text))
        });
        Ok(Profile::Default.collect(nested(values)))
    }
}

/// Reads a value as what the default of its key is: a merchant number of digits stays text, and a
/// serial like `12E5` does not become a float. A list is `a,b`, or as in the file `["a", "b"]`.
pub(super) fn read_as(default: Option<&Value>, text: &str) -> Value {
    let bare = text.trim();
    let read = match default {
        Some(Value::Num(..)) => {
            let number = bare.parse::<i64>().ok();
            number.map(|number| Value::Num(Tag::Default, Num::I64(number)))
        }
        Some(Value::Bool(..)) => bare.parse::<bool>().ok().map(Value::from),
        Some(Value::Array(..)) if bare.starts_with('[') => {
            let line = Toml::string(&format!("list = {bare}"));
            Figment::from(line).find_value("list").ok()
        }
        Some(Value::Array(..)) => {
            let items = bare.split(',').map(str::trim);
            let items = items.filter(|item| !item.is_empty());
            Some(Value::from(items.collect::<Vec<_>>()))
        }
        _ => None,
    };
    // What is malformed stays text: whoever takes it out says what it must be.
    read.unwrap_or_else(|| Value::from(text))
}

/// The tree of values that are named by dotted keys.
pub(super) fn nested<'a>(values: impl Iterator<Item = (&'a str, Value)>) -> Dict {
    let mut root = Dict::new();
    for (key, value) in values {
        if let Value::Dict(_, dict) = figment::util::nest(key, value) {
            merge(&mut root, dict);
        }
    }
    root
}

fn merge(into: &mut Dict, from: Dict) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Dict(_, into)), Value::Dict(_, from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

//! The layers of the configuration: defaults < file < stored < environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use figment::value::{Dict, Value};
use serde_json::{Value as Json, json};

use crate::domain::{FieldError, FieldErrors};

use super::environment::{Environment, nested, read_as};
use super::{Config, ConfigError, DEFAULT_FILE, EXAMPLE, explain, keys, read};

/// Values by key that are kept in the database.
pub type Stored = BTreeMap<String, Json>;

/// The file and the environment as they were at the start.
#[derive(Clone)]
pub struct Sources {
    file: String,
    environment: Environment,
    /// Blocks whose defaults lie over all.
    off: BTreeSet<String>,
}

/// The layer that gives a key its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The example file.
    Default,
    /// The configuration file.
    File,
    /// The database.
    Stored,
    /// The environment.
    Environment,
}

impl Origin {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Stored => "stored",
            Self::Environment => "environment",
        }
    }
}

/// A key's value as people may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The key.
    pub key: String,
    /// The value; of a secret only whether it is set.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
}

impl Sources {
    /// Reads `file`, or `campkeeper.toml` if it exists, and the environment of this process.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
            None => String::new(),
        };
        // Values that are not text cannot be meant for us.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Self::new(text, variables))
    }

    /// The sources of a file's text and of environment variables.
    pub fn new(
        file: impl Into<String>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self {
            file: file.into(),
            environment: Environment::new(variables),
            off: BTreeSet::new(),
        }
    }

    /// The configuration with what is stored.
    ///
    /// # Errors
    /// The first key that is missing or malformed.
    pub fn config(&self, stored: &Stored) -> Result<Config, ConfigError> {
        let layers = self.layers(stored);
        let mut config: Config = layers.extract().map_err(explain)?;
        config.check()?;
        config.values = Values(layers.extract().map_err(explain)?);
        Ok(config)
    }

    fn layers(&self, stored: &Stored) -> Figment {
        let values = stored
            .iter()
            .filter_map(|(key, value)| Some((key.as_str(), Value::serialize(value).ok()?)));
        let off: Vec<(String, Value)> = self.off.iter().flat_map(|it| keys::own(it)).collect();
        let off = off.iter().map(|(key, value)| (key.as_str(), value.clone()));
        Figment::from(Toml::string(EXAMPLE))
            .merge(Toml::string(&self.file))
            .merge(Serialized::defaults(nested(values)))
            .merge(self.environment.clone())
            .merge(Serialized::defaults(nested(off)))
    }

    /// The same without the variables of some keys.
    #[must_use]
    pub fn without<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Self {
        Self {
            file: self.file.clone(),
            environment: self.environment.without(keys),
            off: self.off.clone(),
        }
    }

    /// The same with the defaults of some blocks, whatever is given elsewhere; not so of the blocks
    /// inside them.
    #[must_use]
    pub fn switched_off(&self, blocks: &BTreeSet<String>) -> Self {
        Self {
            off: blocks.clone(),
            ..self.clone()
        }
    }

    /// True if the environment decides about a key, whatever is stored.
    #[must_use]
    pub fn is_overridden(&self, key: &str) -> bool {
        self.environment.has(key)
    }

    /// The value of a key, or of each key of a block, and where it comes from.
    ///
    /// # Errors
    /// There is no such key.
    pub fn show(&self, key: &str, stored: &Stored) -> Result<Vec<Shown>, ConfigError> {
        let leaves = keys::leaves(key, known(key)?).into_iter();
        Ok(leaves.map(|(key, _)| self.show_one(key, stored)).collect())
    }

    fn show_one(&self, key: String, stored: &Stored) -> Shown {
        let in_file = || {
            Figment::from(Toml::string(&self.file))
                .find_value(&key)
                .is_ok()
        };
        let origin = if self.is_overridden(&key) {
            Origin::Environment
        } else if stored.contains_key(&key) {
            Origin::Stored
        } else if in_file() {
            Origin::File
        } else {
            Origin::Default
        };
        Shown {
            value: self.value(&key, stored),
            key,
            origin,
        }
    }

    /// The whole tree of the file as it holds, of secrets only whether they are set.
    #[must_use]
    pub fn tree(&self, stored: &Stored) -> BTreeMap<String, Json> {
        let whole: Dict = self.layers(stored).extract().unwrap_or_default();
        let blocks = whole.into_iter();
        blocks
            .map(|(block, value)| {
                let value = masked(&block, json!(value));
                (block, value)
            })
            .collect()
    }

    /// Where the value of every key comes from.
    #[must_use]
    pub fn origins(&self, stored: &Stored) -> BTreeMap<String, Origin> {
        let shown = keys::every().into_iter();
        shown
            .map(|(key, _)| {
                let shown = self.show_one(key, stored);
                (shown.key, shown.origin)
            })
            .collect()
    }

    /// Reads a tree of the file as changes of what is stored: what it gives otherwise than it holds.
    /// `null` forgets what is stored, and a secret as [`Self::tree`] shows it stays as it is.
    ///
    /// # Errors
    /// The keys that there are not, that take a restart or say where secrets go, or that are written
    /// otherwise.
    pub fn read_tree(
        &self,
        tree: &serde_json::Map<String, Json>,
        stored: &Stored,
    ) -> Result<Vec<Change>, FieldErrors> {
        let mut read = TreeReading::default();
        for (key, given) in tree {
            self.read_branch(key, given, stored, &mut read);
        }
        if read.wrong.is_empty() {
            Ok(read.changes)
        } else {
            Err(read.wrong)
        }
    }

    fn read_branch(&self, key: &str, given: &Json, stored: &Stored, read: &mut TreeReading) {
        let Some(default) = keys::default_of(key) else {
            return read.refuse(key, FieldError::NoSuchField);
        };
        match (&default, given) {
            (Value::Dict(..), Json::Object(below)) => {
                for (name, given) in below {
                    self.read_branch(&format!("{key}.{name}"), given, stored, read);
                }
            }
            (Value::Dict(..), _) => read.refuse(key, FieldError::Malformed),
            _ => self.read_leaf(key, &default, given, stored, read),
        }
    }

    fn read_leaf(
        &self,
        key: &str,
        default: &Value,
        given: &Json,
        stored: &Stored,
        read: &mut TreeReading,
    ) {
        // Who sends back what was read changes nothing.
        if *given == self.value(key, stored) {
            return;
        }
        if !keys::may_be_stored(key) || keys::receives_secrets(key) {
            return read.refuse(key, FieldError::NeedsRestart);
        }
        let value = match given {
            Json::Null if stored.contains_key(key) => None,
            Json::Null => return,
            given if is_written_as(given, default) => Some(given.clone()),
            _ => return read.refuse(key, FieldError::Malformed),
        };
        read.changes.push((key.to_owned(), value));
    }

    /// The value of a key, of a secret only whether it is set; null where there is none.
    #[must_use]
    pub fn value(&self, key: &str, stored: &Stored) -> Json {
        masked(key, json!(self.layers(stored).find_value(key).ok()))
    }
}

/// A key and its new value to be stored; none: forget what is stored.
pub type Change = (String, Option<Json>);

/// What a tree comes to.
#[derive(Default)]
struct TreeReading {
    changes: Vec<Change>,
    wrong: FieldErrors,
}

impl TreeReading {
    fn refuse(&mut self, key: &str, why: FieldError) {
        self.wrong.insert(key.to_owned().into(), why);
    }
}

/// True if a value is of the kind that the key's default is of.
fn is_written_as(given: &Json, default: &Value) -> bool {
    match (given, default) {
        (Json::String(_), Value::String(..)) | (Json::Bool(_), Value::Bool(..)) => true,
        (Json::Number(number), Value::Num(..)) => number.is_u64(),
        (Json::Array(items), Value::Array(..)) => items.iter().all(Json::is_string),
        _ => false,
    }
}

/// Reads a text as the value of a key that may be stored; for a whole block it is a table in TOML
/// or JSON, since the keys of a platform only work together.
///
/// # Errors
/// There is no such key, it cannot be stored, or the text is no table.
pub fn read_stored(key: &str, text: &str) -> Result<Stored, ConfigError> {
    let default = check_stored(key)?;
    let Value::Dict(..) = default else {
        return Ok(Stored::from([(
            key.to_owned(),
            json!(read_as(Some(&default), text)),
        )]));
    };
    let table = table(text).ok_or_else(|| {
        ConfigError::new(
            key,
            "is a block, and what was given is no table of its keys",
            "Give TOML or JSON, as in `group_id = \"…\"`, or name one key",
        )
    })?;
    let given = keys::leaves(key, Value::from(table));
    for (key, _) in &given {
        known(key)?;
    }
    let given = given.into_iter();
    Ok(given.map(|(key, value)| (key, json!(value))).collect())
}

/// The default of a key, or of a block, that may be stored.
///
/// # Errors
/// There is no such key, or it cannot be stored.
pub fn check_stored(key: &str) -> Result<Value, ConfigError> {
    let default = known(key)?;
    if keys::may_be_stored(key) {
        return Ok(default);
    }
    Err(ConfigError::new(
        key,
        "cannot be changed while campkeeper runs",
        "It belongs into campkeeper.toml or the environment, and takes a restart",
    )
    .as_fault(FieldError::NeedsRestart))
}

fn table(text: &str) -> Option<Dict> {
    let table: Option<Dict> = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).ok()
    } else {
        Figment::from(Toml::string(text)).extract().ok()
    };
    table.filter(|table| !table.is_empty())
}

fn known(key: &str) -> Result<Value, ConfigError> {
    keys::default_of(key).ok_or_else(|| {
        ConfigError::new(key, "is no key of ours", "See `campkeeper config example`")
            .as_fault(FieldError::NoSuchField)
    })
}

/// A value without its secrets, however deep they are.
fn masked(key: &str, value: Json) -> Json {
    match value {
        value if keys::is_secret(key) => json!({"set": is_filled(&value)}),
        Json::Object(block) => {
            let below = block.into_iter();
            let masked = below.map(|(name, value)| {
                let value = masked(&format!("{key}.{name}"), value);
                (name, value)
            });
            Json::Object(masked.collect())
        }
        value => value,
    }
}

fn is_filled(value: &Json) -> bool {
    match value {
        Json::String(text) => !text.trim().is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => true,
    }
}

/// The whole tree as it was read, to see what a change has touched. Never printed.
#[derive(Clone, Default)]
pub(super) struct Values(Dict);

impl Values {
    /// True if a block has the same values in both.
    pub(super) fn agree_on(&self, other: &Self, block: &str) -> bool {
        self.0.get(block) == other.0.get(block)
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values(…)")
    }
}

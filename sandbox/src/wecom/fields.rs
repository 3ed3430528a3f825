//! Reading a JSON object as strictly as the platform's documentation words it.
//!
//! What the platform refuses is refused with its code; what it silently tolerates or damages
//! (unknown fields, text that is cut) is noted as a violation, because somebody loses by it.

use serde_json::{Map, Value};

use super::{notes::Notes, refusal::Refusal};

/// Wrong JSON type: the platform answers "Warning: wrong json format." (wecom-app §4).
const BAD_PARAMETER: i64 = 40058;

/// One JSON object and where it stands in the body.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    notes: &'a Notes,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>, path: String, notes: &'a Notes) -> Self {
        Self { map, path, notes }
    }

    /// The name of a field with the path before it.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(crate) fn note(&self, rule: impl Into<String>, detail: impl Into<String>) {
        self.notes.note(rule, detail);
    }

    /// Notes every field that the documentation does not know here.
    pub(crate) fn only(&self, allowed: &[&str]) {
        for name in self
            .map
            .keys()
            .filter(|name| !allowed.contains(&name.as_str()))
        {
            self.note("only documented fields", self.at(name));
        }
    }

    /// Whether the field is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text; missing and empty are the same.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.wrong_type(name, "a string")),
        }
    }

    pub(crate) fn required_text(&self, name: &str, code: i64) -> Result<&'a str, Refusal> {
        self.text(name)?.ok_or_else(|| self.missing(name, code))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| self.wrong_type(name, "an integer")),
        }
    }

    /// Whether a number is strictly between two others, or equal to the lower, or missing.
    pub(crate) fn is_between(&self, name: &str, low: f64, high: f64) -> Result<bool, Refusal> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(true),
            Some(value) => {
                let number = value
                    .as_f64()
                    .ok_or_else(|| self.wrong_type(name, "a number"))?;
                Ok((low..high).contains(&number))
            }
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong_type(name, "a boolean")),
        }
    }

    /// An integer among `allowed`.
    pub(crate) fn choice(
        &self,
        name: &str,
        allowed: &[i64],
        code: i64,
    ) -> Result<Option<i64>, Refusal> {
        match self.integer(name)? {
            Some(value) if !allowed.contains(&value) => Err(Refusal::broken(
                code,
                format!("{} is one of {allowed:?}", self.at(name)),
            )),
            value => Ok(value),
        }
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => {
                if map.is_empty() {
                    self.note("unused objects are omitted", self.at(name));
                }
                Ok(Some(Fields::new(map, self.at(name), self.notes)))
            }
            Some(_) => Err(self.wrong_type(name, "an object")),
        }
    }

    pub(crate) fn required_object(&self, name: &str, code: i64) -> Result<Fields<'a>, Refusal> {
        self.object(name)?.ok_or_else(|| self.missing(name, code))
    }

    /// A list of objects; missing is empty.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, Refusal> {
        let items = match self.map.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong_type(name, "a list")),
        };
        let path = self.at(name);
        let fields = items.iter().enumerate().map(|(idx, item)| match item {
            Value::Object(map) => Ok(Fields::new(map, format!("{path}[{idx}]"), self.notes)),
            _ => Err(self.wrong_type(name, "a list of objects")),
        });
        fields.collect()
    }

    /// A list of texts; missing is empty.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'a str>, Refusal> {
        let items = match self.map.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong_type(name, "a list")),
        };
        let texts = items.iter().map(|item| {
            item.as_str()
                .ok_or_else(|| self.wrong_type(name, "a list of strings"))
        });
        texts.collect()
    }

    /// A list of integers; missing is empty.
    pub(crate) fn integers(&self, name: &str) -> Result<Vec<i64>, Refusal> {
        let items = match self.map.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong_type(name, "a list")),
        };
        let numbers = items.iter().map(|item| {
            item.as_i64()
                .ok_or_else(|| self.wrong_type(name, "a list of integers"))
        });
        numbers.collect()
    }

    /// A recommended length: longer text is noted, since the client may not show all of it.
    pub(crate) fn shown_chars(&self, name: &str, most: usize) -> Result<(), Refusal> {
        if let Some(text) = self.text(name)? {
            let seen = text.chars().count();
            if seen > most {
                self.note(
                    format!("{} <= {most} characters", self.at(name)),
                    format!("{seen}"),
                );
            }
        }
        Ok(())
    }

    /// A length that is refused when exceeded.
    pub(crate) fn at_most_bytes(&self, name: &str, most: usize, code: i64) -> Result<(), Refusal> {
        match self.text(name)? {
            Some(text) if text.len() > most => Err(Refusal::broken(
                code,
                format!("{} <= {most} bytes, got {}", self.at(name), text.len()),
            )),
            _ => Ok(()),
        }
    }

    /// A URL with its scheme, of at most 2048 bytes.
    pub(crate) fn url(&self, name: &str, code: i64) -> Result<Option<&'a str>, Refusal> {
        let Some(url) = self.text(name)? else {
            return Ok(None);
        };
        self.at_most_bytes(name, 2048, code)?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Refusal::broken(
                code,
                format!("{} has a scheme", self.at(name)),
            ));
        }
        Ok(Some(url))
    }

    pub(crate) fn required_url(&self, name: &str, code: i64) -> Result<&'a str, Refusal> {
        self.url(name, code)?
            .ok_or_else(|| self.missing(name, code))
    }

    pub(crate) fn missing(&self, name: &str, code: i64) -> Refusal {
        Refusal::broken(code, format!("{} is required", self.at(name)))
    }

    fn wrong_type(&self, name: &str, wanted: &str) -> Refusal {
        Refusal::broken(
            BAD_PARAMETER,
            format!("Warning: wrong json format. {} is {wanted}", self.at(name)),
        )
    }
}

//! The neutral tree every card becomes, and its JSON form. The XML form is in [`super::xml`].

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

/// A value of a card as it goes out: one tree, written as JSON or as XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Int(i64),
    Bool(bool),
    /// A number with two decimals, held in hundredths (`aspect_ratio`).
    Hundredths(u16),
    Object(Object),
    List(Vec<Node>),
}

/// An object with its fields in the order of the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object(pub(crate) Vec<(&'static str, Node)>);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, node: impl Into<Node>) -> Self {
        self.0.push((name, node.into()));
        self
    }

    /// Adds `name` only if there is something to add, which an empty text is not: the platform wants
    /// unused fields omitted.
    pub(crate) fn maybe(self, name: &'static str, node: Option<impl Into<Node>>) -> Self {
        match node.map(Into::into) {
            Some(Node::Text(text)) if text.is_empty() => self,
            Some(node) => self.with(name, node),
            None => self,
        }
    }

    /// Adds a list unless it is empty.
    pub(crate) fn list(self, name: &'static str, items: Vec<Node>) -> Self {
        if items.is_empty() {
            self
        } else {
            self.with(name, Node::List(items))
        }
    }

    /// Adds the fields of `other` at the end.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Node {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Hundredths(hundredths) => serializer.serialize_f64(ratio(*hundredths)),
            Self::Object(object) => object.serialize(serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, node) in &self.0 {
            map.serialize_entry(name, node)?;
        }
        map.end()
    }
}

#[expect(
    clippy::float_arithmetic,
    reason = "the platform wants a JSON fraction"
)]
pub(super) fn ratio(hundredths: u16) -> f64 {
    f64::from(hundredths) / 100.0
}

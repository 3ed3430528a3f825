//! What makes two callbacks the same one (wecom-app §1.7).

use sha1::{Digest, Sha1};

use crate::xml::{Children, Element, Fields};

/// A key made of what was put in: 42 characters of ASCII.
pub(super) struct Key {
    prefix: &'static str,
    hash: Sha1,
}

impl Key {
    /// Of a message: its id with application, sender and second, because ids alone have collided.
    pub(super) fn of_message(fields: &Fields) -> Self {
        let mut key = Self::new("m:");
        for name in ["AgentID", "FromUserName", "CreateTime", "MsgId"] {
            key.add(fields.get(name).unwrap_or_default());
        }
        key
    }

    /// Of anything else: all that it says. How it is written (order, blanks, CDATA, the case of the
    /// event's name) does not count.
    pub(super) fn of_all(prefix: &'static str, fields: &Fields) -> Self {
        let mut key = Self::new(prefix);
        key.add_all(fields.iter());
        key
    }

    fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            hash: Sha1::new(),
        }
    }

    /// Adds siblings: those of one name in their order, the names in that of the alphabet.
    fn add_all(&mut self, siblings: Children<'_>) {
        let mut siblings: Vec<Element<'_>> = siblings.collect();
        siblings.sort_by_key(Element::name);
        self.hash.update(siblings.len().to_be_bytes());
        for element in siblings {
            self.add(element.name());
            if element.name() == "Event" {
                self.add(&element.text().to_ascii_lowercase());
            } else {
                self.add(element.text());
            }
            self.add_all(element.children());
        }
    }

    fn add(&mut self, value: &str) {
        self.hash.update(value.len().to_be_bytes());
        self.hash.update(value.as_bytes());
    }

    pub(super) fn finish(self) -> String {
        let hash: [u8; 20] = self.hash.finalize().into();
        hash.iter().fold(String::from(self.prefix), |key, byte| {
            key + &format!("{byte:02x}")
        })
    }
}

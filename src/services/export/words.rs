//! What the sheets, their columns and the states in them are called: `message-templates/exports.toml`.

use std::collections::BTreeMap;

use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;

use crate::platforms::workbook::{Cell, Column};
use crate::services::{Error, Result};

const FILE: &str = include_str!("../../../message-templates/exports.toml");

/// A sheet of an export.
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Named {
    sheet: String,
    columns: Vec<(String, u16)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    One(String),
    Each(BTreeMap<String, String>),
}

/// The words of the file.
#[derive(Deserialize)]
pub(super) struct Words {
    words: BTreeMap<String, Word>,
    #[serde(flatten)]
    sheets: BTreeMap<String, Named>,
}

impl Words {
    /// The words as they are built in.
    pub(super) fn load() -> Result<Self> {
        let file = Figment::from(Toml::string(FILE)).extract();
        file.map_err(|error| Error::Invariant(error.to_string()))
    }

    /// The sheet of a section.
    pub(super) fn sheet(mut self, section: &str) -> Result<Sheet> {
        let named = self.sheets.remove(section);
        let named = named.ok_or_else(|| Error::Invariant(format!("no sheet {section}")))?;
        let column = |(heading, width)| Column { heading, width };
        Ok(Sheet {
            name: named.sheet,
            columns: named.columns.into_iter().map(column).collect(),
        })
    }

    /// A word that stands alone.
    pub(super) fn one(&self, name: &str) -> Cell {
        match self.words.get(name) {
            Some(Word::One(word)) => Cell::Text(word.clone()),
            _ => Cell::Text(name.to_owned()),
        }
    }

    /// What a state is called; one without a name is written as it is.
    pub(super) fn of(&self, section: &str, word: &str) -> Cell {
        let named = match self.words.get(section) {
            Some(Word::Each(words)) => words.get(word),
            _ => None,
        };
        Cell::Text(named.map_or(word, String::as_str).to_owned())
    }

    pub(super) fn yes_or_no(&self, is: bool) -> Cell {
        self.one(if is { "yes" } else { "no" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        BindMethod, BindStatus, CheckInSource, MatchStatus, OrderFlag, OrderStatus, RefundKind,
        RefundStatus,
    };

    macro_rules! assert_named {
        ($words:ident, $($section:literal: $all:ty),+) => {
            $(for word in <$all>::ALL {
                let named = $words.of($section, word.as_str());
                assert_ne!(named, Cell::Text(word.as_str().to_owned()), "{}", $section);
            })+
        };
    }

    #[test]
    fn every_state_has_a_name() {
        let words = Words::load().unwrap();
        assert_named!(
            words,
            "match_status": MatchStatus, "bind_status": BindStatus, "bind_method": BindMethod,
            "source": CheckInSource, "refund_status": RefundStatus, "refund_kind": RefundKind,
            "order_status": OrderStatus, "order_flag": OrderFlag
        );
        for word in ["yes", "no", "joined", "not_joined", "joined_unknown"] {
            assert_ne!(words.one(word), Cell::Text(word.to_owned()));
        }
    }
}

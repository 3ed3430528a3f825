//! What somebody has been asked to write next, and what they have written. What is written decides
//! nothing: it is shown to them, and waits for their press.

use serde::{Deserialize, Serialize};

use super::CardId;
use super::versioned::Versioned;

/// What is waited for from one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Dialogue {
    /// The words why the refund of a card is rejected.
    RejectionReason { card_id: CardId },
    /// The press on a card that rejects its refund for these words.
    RejectionWritten { card_id: CardId, words: String },
}

impl Dialogue {
    /// The card that it is about.
    #[must_use]
    pub const fn card_id(&self) -> CardId {
        match self {
            Self::RejectionReason { card_id } | Self::RejectionWritten { card_id, .. } => *card_id,
        }
    }
}

impl Versioned for Dialogue {
    const KIND: &'static str = "dialogue";
    const VERSION: i64 = 2;

    /// The first version knew the question alone.
    fn read_older(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        (version == 1).then(|| serde_json::from_str(payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let asked = Dialogue::RejectionReason { card_id: CardId(7) };
        let payload = serde_json::to_string(&asked).unwrap();
        assert_eq!(payload, r#"{"what":"rejection_reason","cardId":7}"#);
        for version in [1, Dialogue::VERSION] {
            assert_eq!(Dialogue::read(version, &payload), Ok(asked.clone()));
        }
        let written = Dialogue::RejectionWritten {
            card_id: CardId(7),
            words: "作业是抄的".to_owned(),
        };
        let payload = serde_json::to_string(&written).unwrap();
        assert_eq!(Dialogue::read(Dialogue::VERSION, &payload), Ok(written));
        assert!(Dialogue::read(3, &payload).is_err());
    }
}

//! What somebody has been asked to write next. Whatever they say within its time is the answer to it.

use serde::{Deserialize, Serialize};

use super::CardId;
use super::versioned::Versioned;

/// What is waited for from one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Dialogue {
    /// Why the refund of a card is rejected.
    RejectionReason { card_id: CardId },
}

impl Versioned for Dialogue {
    const KIND: &'static str = "dialogue";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let dialogue = Dialogue::RejectionReason { card_id: CardId(7) };
        let payload = serde_json::to_string(&dialogue).unwrap();
        assert_eq!(payload, r#"{"what":"rejection_reason","cardId":7}"#);
        assert_eq!(Dialogue::read(Dialogue::VERSION, &payload), Ok(dialogue));
    }
}

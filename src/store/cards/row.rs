//! Cards as they are kept and read.

use std::collections::BTreeSet;

use crate::domain::card::{Outcome, Proposal};
use crate::domain::versioned::{Unreadable, Versioned as _};
use crate::domain::{CampId, CardId, CardState, Timestamp, UnknownWord, UserId, WecomUserid};

/// A card to be sent.
#[derive(Debug, Clone)]
pub struct NewCard {
    pub proposal: Proposal,
    pub camp_id: Option<CampId>,
    pub audience: BTreeSet<WecomUserid>,
    /// After this moment its buttons only explain themselves.
    pub expires_at: Timestamp,
}

/// A card as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its row: the middle of its keys.
    pub id: CardId,
    pub proposal: Proposal,
    pub camp_id: Option<CampId>,
    /// The key of what it is about: cards of one kind and subject are decided together.
    pub subject: String,
    pub audience: BTreeSet<WecomUserid>,
    pub state: CardState,
    pub outcome: Option<Outcome>,
    pub decided_by: Option<UserId>,
    /// After this moment its buttons only explain themselves.
    pub expires_at: Timestamp,
}

/// A card that this program cannot read: of a kind, a version or a shape that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("card {id} cannot be read: {why}")]
pub struct UnreadableCard {
    /// Its row.
    pub id: CardId,
    pub why: String,
}

/// Cards as they were read: what one program cannot read hides no other card.
#[derive(Debug, Default)]
pub struct Cards {
    /// Those that could be read.
    pub read: Vec<Card>,
    /// Those that could not.
    pub unreadable: Vec<UnreadableCard>,
}

impl From<Vec<CardRow>> for Cards {
    fn from(rows: Vec<CardRow>) -> Self {
        let mut cards = Self::default();
        for row in rows {
            match Card::try_from(row) {
                Ok(card) => cards.read.push(card),
                Err(unreadable) => cards.unreadable.push(unreadable),
            }
        }
        cards
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct CardRow {
    id: i64,
    kind: String,
    camp_id: Option<i64>,
    subject: String,
    version: i64,
    proposal: String,
    audience: String,
    state: String,
    outcome_version: Option<i64>,
    outcome: Option<String>,
    decided_by: Option<i64>,
    expires_at: i64,
}

impl CardRow {
    fn proposal(&self) -> Result<Proposal, Unreadable> {
        let unknown = |_| Unreadable::Kind(self.kind.clone());
        Proposal::read(
            self.kind.parse().map_err(unknown)?,
            self.version,
            &self.proposal,
        )
    }

    fn outcome(&self) -> Result<Option<Outcome>, Unreadable> {
        let outcome = self.outcome_version.zip(self.outcome.as_deref());
        outcome
            .map(|(version, payload)| Outcome::read(version, payload))
            .transpose()
    }
}

impl TryFrom<CardRow> for Card {
    type Error = UnreadableCard;

    fn try_from(row: CardRow) -> Result<Self, UnreadableCard> {
        let id = CardId(row.id);
        let bad = |why: String| UnreadableCard { id, why };
        Ok(Self {
            id,
            proposal: row.proposal().map_err(|why| bad(why.to_string()))?,
            outcome: row.outcome().map_err(|why| bad(why.to_string()))?,
            audience: serde_json::from_str(&row.audience).map_err(|why| bad(why.to_string()))?,
            state: row
                .state
                .parse()
                .map_err(|why: UnknownWord| bad(why.to_string()))?,
            camp_id: row.camp_id.map(CampId),
            subject: row.subject,
            decided_by: row.decided_by.map(UserId),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

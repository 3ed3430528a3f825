//! message/update_template_card (wecom-app §7).

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::json;

use super::recipients::{MAX_PARTIES_OR_TAGS, MAX_USERS, check_userid};
use crate::{
    OneTimeCode,
    card::Replacement,
    client::{Client, Error, lenient},
    limit::{self, LimitError},
};

/// For whom a card changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardAudience(Audience);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Audience {
    All,
    Listed {
        users: Vec<String>,
        parties: Vec<u64>,
        tags: Vec<u64>,
    },
}

impl CardAudience {
    /// Everyone who got the card.
    #[must_use]
    pub fn all() -> Self {
        Self(Audience::All)
    }

    /// Up to 1,000 users.
    ///
    /// # Errors
    /// [`LimitError`] on `userids`.
    pub fn users<I>(users: I) -> Result<Self, LimitError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self::listed(
            users.into_iter().map(Into::into).collect(),
            Vec::new(),
            Vec::new(),
        )
    }

    /// Up to 1,000 users, 100 parties and 100 tags, one at least.
    ///
    /// # Errors
    /// [`LimitError`] on `userids`, `partyids` or `tagids`.
    pub fn listed(
        users: Vec<String>,
        parties: Vec<u64>,
        tags: Vec<u64>,
    ) -> Result<Self, LimitError> {
        limit::count("userids", users.len(), 0, MAX_USERS)?;
        limit::count("partyids", parties.len(), 0, MAX_PARTIES_OR_TAGS)?;
        limit::count("tagids", tags.len(), 0, MAX_PARTIES_OR_TAGS)?;
        users
            .iter()
            .try_for_each(|user| check_userid("userids", user))?;
        limit::count(
            "userids",
            users.len() + parties.len() + tags.len(),
            1,
            usize::MAX,
        )?;
        Ok(Self(Audience::Listed {
            users,
            parties,
            tags,
        }))
    }
}

/// A change to a card that was sent.
///
/// The response code comes from sending (one) and from every click (a fresh one each); it is good
/// for one call within 72 hours.
#[derive(Clone, PartialEq, Eq)]
pub struct CardUpdate {
    response_code: OneTimeCode,
    audience: CardAudience,
    change: Change,
    translate_ids: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Button(String),
    Card(Box<Replacement>),
}

impl CardUpdate {
    /// Greys the button the card has and writes `replace_name` on it. The card must be a button,
    /// vote or multiple-choice card.
    ///
    /// # Errors
    /// [`LimitError`] on `response_code` or `button.replace_name`: empty.
    pub fn button(
        response_code: impl Into<OneTimeCode>,
        audience: CardAudience,
        replace_name: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let replace_name = replace_name.into();
        limit::present("button.replace_name", &replace_name)?;
        Self::new(response_code.into(), audience, Change::Button(replace_name))
    }

    /// Puts another card in place of one that calls back; it may be of another kind.
    ///
    /// # Errors
    /// [`LimitError`] on `response_code`: empty; or a card only a smart robot can show.
    pub fn card(
        response_code: impl Into<OneTimeCode>,
        audience: CardAudience,
        card: impl Into<Replacement>,
    ) -> Result<Self, LimitError> {
        let card = card.into();
        card.card().check_for(crate::card::Place::Application)?;
        Self::new(response_code.into(), audience, Change::Card(Box::new(card)))
    }

    fn new(
        response_code: OneTimeCode,
        audience: CardAudience,
        change: Change,
    ) -> Result<Self, LimitError> {
        limit::present("response_code", response_code.expose())?;
        Ok(Self {
            response_code,
            audience,
            change,
            translate_ids: false,
        })
    }

    /// Lets WeCom replace `$userName=ID$` and the like.
    #[must_use]
    pub fn translate_ids(mut self) -> Self {
        self.translate_ids = true;
        self
    }
}

impl std::fmt::Debug for CardUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardUpdate")
            .field("audience", &self.audience)
            .field("change", &self.change)
            .finish_non_exhaustive()
    }
}

pub(super) struct Wire<'a> {
    pub(super) update: &'a CardUpdate,
    pub(super) agent_id: u32,
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let update = self.update;
        let mut map = serializer.serialize_map(None)?;
        match &update.audience.0 {
            Audience::All => map.serialize_entry("atall", &1)?,
            Audience::Listed {
                users,
                parties,
                tags,
            } => {
                if !users.is_empty() {
                    map.serialize_entry("userids", users)?;
                }
                if !parties.is_empty() {
                    map.serialize_entry("partyids", parties)?;
                }
                if !tags.is_empty() {
                    map.serialize_entry("tagids", tags)?;
                }
                map.serialize_entry("atall", &0)?;
            }
        }
        map.serialize_entry("agentid", &self.agent_id)?;
        map.serialize_entry("response_code", update.response_code.expose())?;
        if update.translate_ids {
            map.serialize_entry("enable_id_trans", &1)?;
        }
        match &update.change {
            Change::Button(name) => {
                map.serialize_entry("button", &json!({ "replace_name": name }))?;
            }
            Change::Card(card) => map.serialize_entry("template_card", card)?,
        }
        map.end()
    }
}

/// The outcome of a card update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CardUpdated {
    /// Users whose card did not change: not visible or not among the recipients; in lower case.
    #[serde(default, rename = "invaliduser", deserialize_with = "lenient::ids")]
    pub invalid_users: Vec<String>,
}

impl Client {
    /// `message/update_template_card`.
    ///
    /// # Errors
    /// [`Error`]; code 60140 when the response code was used or has expired: only a new click
    /// gives another. After an unknown outcome a repeat that says 60140 means it had worked.
    pub async fn update_card(&self, update: &CardUpdate) -> Result<CardUpdated, Error> {
        let wire = Wire {
            update,
            agent_id: self.agent_id(),
        };
        self.post("message/update_template_card", &[], &wire).await
    }
}

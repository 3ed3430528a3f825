//! A message in the app's chat and a card's state, which may differ from person to person.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Something said in the app's chat.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// In business time.
    pub(crate) at: DateTime<Utc>,
    pub(crate) author: Author,
    /// Who sees it.
    pub(crate) audience: BTreeSet<String>,
    pub(crate) msgtype: String,
    /// The object named like the type: `{"content": …}`, articles, a card.
    pub(crate) content: Value,
    pub(crate) card: Option<Card>,
    pub(crate) is_recalled: bool,
}

/// Who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// The app.
    App,
    /// A member.
    Member(String),
}

/// A card and what has become of it for each of its viewers.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    /// Whether it has response codes.
    pub(crate) calls_back: bool,
    /// The task id it was sent with; clicks keep naming it.
    pub(crate) task_id: String,
    pub(crate) original: View,
    pub(crate) replaced: HashMap<String, View>,
}

/// A card as one person sees it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) json: Value,
    /// What a greyed button says, after the button form of an update.
    pub(crate) replaced_button: Option<String>,
}

impl Card {
    pub(crate) fn view(&self, userid: &str) -> &View {
        self.replaced.get(userid).unwrap_or(&self.original)
    }
}

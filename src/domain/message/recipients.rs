//! Whom a message goes to.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::CampId;

/// The userid of a member of the corp. WeCom takes no notice of case; it is kept in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WecomUserid(String);

impl WecomUserid {
    /// The userid as WeCom, the configuration or a staff account writes it.
    #[must_use]
    pub fn new(userid: &str) -> Self {
        Self(userid.to_lowercase())
    }

    /// The userid, in small letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WecomUserid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The people or the group that one message goes to. A message to several members is one message:
/// a card that one of them decides changes for all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipients {
    /// Members of the corp, by the app.
    Members(BTreeSet<WecomUserid>),
    /// The group of a camp, by its robot.
    Group(CampId),
}

impl Recipients {
    /// One member of the corp.
    #[must_use]
    pub fn one(userid: &str) -> Self {
        Self::Members(BTreeSet::from([WecomUserid::new(userid)]))
    }
}

impl FromIterator<WecomUserid> for Recipients {
    fn from_iter<I: IntoIterator<Item = WecomUserid>>(userids: I) -> Self {
        Self::Members(userids.into_iter().collect())
    }
}

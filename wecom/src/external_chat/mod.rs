//! Customer groups (客户群) and the ways into them (wecom-bots-h5 §8.1, §8.2).
//!
//! The application must be listed under 客户联系 → 可调用接口的应用, and a group's owner must be
//! visible to it. Data lags behind events by seconds: compare `member_version`.

mod join_way;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};

pub use join_way::{JoinScene, JoinWay, JoinWayInfo};

use crate::{
    client::{Client, Error, lenient},
    hidden::hide_in_debug,
    lenient_json::{Records, is_exact},
    limit::{self, LimitError, Rule},
};

/// Most owners named in one list call.
const MAX_OWNERS: usize = 100;
/// Most groups in one page.
const MAX_PAGE: u16 = 1000;

/// The groups to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatFilter {
    owners: Vec<String>,
    status: i64,
    limit: u16,
}

impl Default for ChatFilter {
    fn default() -> Self {
        Self {
            owners: Vec::new(),
            status: 0,
            limit: MAX_PAGE,
        }
    }
}

impl ChatFilter {
    /// Every group, 1,000 a page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only groups of these owners, up to 100. Required for owners who have left, and when more
    /// than 1,000 owners are visible (81017).
    ///
    /// # Errors
    /// [`LimitError`] on `owner_filter.userid_list`.
    pub fn owners<I>(mut self, userids: I) -> Result<Self, LimitError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.owners = userids.into_iter().map(Into::into).collect();
        limit::count("owner_filter.userid_list", self.owners.len(), 1, MAX_OWNERS)?;
        Ok(self)
    }

    /// Only groups in this state of handing over: 1 owner left, 2 handing over, 3 handed over.
    #[must_use]
    pub fn status(mut self, status: i64) -> Self {
        self.status = status;
        self
    }

    /// Groups a page, 1 to 1,000.
    ///
    /// # Errors
    /// [`LimitError`] on `limit`.
    pub fn page_size(mut self, limit: u16) -> Result<Self, LimitError> {
        if !(1..=MAX_PAGE).contains(&limit) {
            let rule = Rule::OutOfRange { range: "1 to 1000" };
            return Err(LimitError::new("limit", rule));
        }
        self.limit = limit;
        Ok(self)
    }

    fn body(&self, cursor: &str) -> Value {
        let mut body =
            json!({ "status_filter": self.status, "cursor": cursor, "limit": self.limit });
        if !self.owners.is_empty() {
            body["owner_filter"] = json!({ "userid_list": self.owners });
        }
        body
    }
}

/// A page of groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChatPage {
    /// The groups.
    #[serde(default, rename = "group_chat_list")]
    pub chats: Records<ChatEntry>,
    /// For the next page; none at the end.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_cursor: Option<String>,
}

/// A group in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChatEntry {
    /// The group's id; its case counts.
    #[serde(deserialize_with = "lenient::id")]
    pub chat_id: String,
    /// 0 normal, 1 owner left, 2 handing over, 3 handed over.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub status: i64,
}

/// A group with its members.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ExternalChat {
    /// The group's id; its case counts.
    #[serde(deserialize_with = "lenient::id")]
    pub chat_id: String,
    /// The name; may be empty.
    #[serde(default, deserialize_with = "lenient::string")]
    pub name: String,
    /// The owner's userid.
    #[serde(default, deserialize_with = "lenient::id_or_empty")]
    pub owner: String,
    /// Time of making, in Unix seconds.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub create_time: Option<i64>,
    /// The notice.
    #[serde(default, deserialize_with = "lenient::text")]
    pub notice: Option<String>,
    /// The members.
    #[serde(default, rename = "member_list")]
    pub members: Records<ChatMember>,
    /// Changes with every change of members.
    #[serde(default, deserialize_with = "lenient::text")]
    pub member_version: Option<String>,
    #[serde(default)]
    admin_list: Records<Admin>,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
struct Admin {
    #[serde(deserialize_with = "lenient::id")]
    userid: String,
}

impl ExternalChat {
    /// Userids of the administrators.
    pub fn admins(&self) -> impl Iterator<Item = &str> {
        self.admin_list.iter().map(|admin| &*admin.userid)
    }
}

impl std::fmt::Debug for ExternalChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalChat")
            .field("chat_id", &self.chat_id)
            .field("n_members", &self.members.len())
            .finish_non_exhaustive()
    }
}

/// A member of a customer group. `Debug` shows nothing of them.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChatMember {
    /// A userid, or an external userid (`wm…`, `wo…`).
    #[serde(deserialize_with = "lenient::id")]
    pub userid: String,
    /// 1 a member of the corp, 2 an external contact.
    #[serde(default, rename = "type", deserialize_with = "lenient::whole")]
    pub kind: i64,
    /// WeChat users only, and only if the corp has bound an open-platform account.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub unionid: Option<String>,
    /// Time of joining, in Unix seconds.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub join_time: Option<i64>,
    /// 1 invited, 2 by link, 3 by QR code.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub join_scene: Option<i64>,
    #[serde(default)]
    invitor: Value,
    /// The `state` of the join way they came by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state: Option<String>,
    /// Their name in this group.
    #[serde(default, deserialize_with = "lenient::text")]
    pub group_nickname: Option<String>,
    /// Their name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
}

hide_in_debug!(ChatMember);

impl ChatMember {
    /// userid of the member of this corp who invited them, if one did.
    #[must_use]
    pub fn invited_by(&self) -> Option<&str> {
        let userid = self.invitor.get("userid")?.as_str()?;
        Some(userid).filter(|userid| !userid.is_empty() && is_exact(userid))
    }
}

#[derive(Deserialize)]
struct ChatAnswer {
    group_chat: ExternalChat,
}

/// The path of the calls, without the verb.
const PATH: &str = "externalcontact/groupchat";

impl Client {
    /// `externalcontact/groupchat/list`: one page; start with an empty cursor.
    ///
    /// # Errors
    /// [`Error`]; code 81017 when owners have to be named.
    pub async fn external_chats(
        &self,
        filter: &ChatFilter,
        cursor: &str,
    ) -> Result<ChatPage, Error> {
        self.post(&format!("{PATH}/list"), &[], &filter.body(cursor))
            .await
    }

    /// `externalcontact/groupchat/get`, members' names included.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn external_chat(&self, chat_id: &str) -> Result<ExternalChat, Error> {
        let body = json!({ "chat_id": chat_id, "need_name": 1 });
        Ok(self
            .post::<_, ChatAnswer>(&format!("{PATH}/get"), &[], &body)
            .await?
            .group_chat)
    }
}

//! Customer groups (客户群) and the ways into them (wecom-bots-h5 §8.1, §8.2).
//!
//! The application must be listed under 客户联系 → 可调用接口的应用, and a group's owner must be
//! visible to it. Data lags behind events by seconds: compare `member_version`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    client::{Client, Error, lenient},
    limit::{self, LimitError, Rule},
};

/// Most owners named in one list call.
const MAX_OWNERS: usize = 100;
/// Most groups in one page.
const MAX_PAGE: u16 = 1000;
/// Most groups behind one join way.
const MAX_JOIN_CHATS: usize = 5;

/// Which groups to list.
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
    #[serde(
        default,
        rename = "group_chat_list",
        deserialize_with = "lenient::list"
    )]
    pub chats: Vec<ChatEntry>,
    /// For the next page; none at the end.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_cursor: Option<String>,
}

/// A group in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChatEntry {
    /// The group's id; its case counts.
    pub chat_id: String,
    /// 0 normal, 1 owner left, 2 handing over, 3 handed over.
    #[serde(default)]
    pub status: i64,
}

/// A group with its members.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ExternalChat {
    /// The group's id; its case counts.
    pub chat_id: String,
    /// The name; may be empty.
    #[serde(default)]
    pub name: String,
    /// The owner's userid.
    #[serde(default)]
    pub owner: String,
    /// When it was made, Unix seconds.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub create_time: Option<i64>,
    /// The notice.
    #[serde(default, deserialize_with = "lenient::text")]
    pub notice: Option<String>,
    /// The members.
    #[serde(default, rename = "member_list", deserialize_with = "lenient::list")]
    pub members: Vec<ChatMember>,
    /// Changes with every change of members.
    #[serde(default, deserialize_with = "lenient::text")]
    pub member_version: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    admin_list: Vec<Admin>,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
struct Admin {
    #[serde(default)]
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

/// A member of a customer group.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChatMember {
    /// A userid, or an external userid (`wm…`, `wo…`).
    pub userid: String,
    /// 1 a member of the corp, 2 an external contact.
    #[serde(default, rename = "type")]
    pub kind: i64,
    /// WeChat users only, and only if the corp has bound an open-platform account.
    #[serde(default, deserialize_with = "lenient::text")]
    pub unionid: Option<String>,
    /// When they joined, Unix seconds.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub join_time: Option<i64>,
    /// 1 invited, 2 by link, 3 by QR code.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub join_scene: Option<i64>,
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

/// Where a way into a group is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinScene {
    /// A button in a mini program.
    MiniProgram = 1,
    /// A QR code.
    QrCode = 2,
}

/// A way into up to five groups (加入群聊).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinWay {
    scene: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    auto_create_room: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_base_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_base_id: Option<u32>,
    chat_id_list: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

impl JoinWay {
    /// A way into 1 to 5 groups; when they are full, no further group is made.
    ///
    /// # Errors
    /// [`LimitError`] on `chat_id_list`.
    pub fn new<I>(scene: JoinScene, chat_ids: I) -> Result<Self, LimitError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let chat_id_list: Vec<String> = chat_ids.into_iter().map(Into::into).collect();
        limit::count("chat_id_list", chat_id_list.len(), 1, MAX_JOIN_CHATS)?;
        chat_id_list
            .iter()
            .try_for_each(|id| limit::present("chat_id_list", id))?;
        Ok(Self {
            scene: scene as i64,
            remark: None,
            auto_create_room: 0,
            room_base_name: None,
            room_base_id: None,
            chat_id_list,
            state: None,
        })
    }

    /// Makes a further group when all are full, named `base_name` (≤ 40 characters) and a number
    /// counted up from `base_id`.
    ///
    /// # Errors
    /// [`LimitError`] on `room_base_name`.
    pub fn grow(mut self, base_name: impl Into<String>, base_id: u32) -> Result<Self, LimitError> {
        let name = base_name.into();
        limit::present("room_base_name", &name)?;
        limit::characters("room_base_name", &name, 40)?;
        (self.auto_create_room, self.room_base_name) = (1, Some(name));
        self.room_base_id = Some(base_id);
        Ok(self)
    }

    /// A note for oneself, ≤ 30 characters.
    ///
    /// # Errors
    /// [`LimitError`] on `remark`.
    pub fn remark(mut self, remark: impl Into<String>) -> Result<Self, LimitError> {
        let remark = remark.into();
        limit::characters("remark", &remark, 30)?;
        self.remark = Some(remark);
        Ok(self)
    }

    /// A word, ≤ 30 characters, that those who come this way carry in [`ChatMember::state`].
    ///
    /// # Errors
    /// [`LimitError`] on `state`.
    pub fn state(mut self, state: impl Into<String>) -> Result<Self, LimitError> {
        let state = state.into();
        limit::characters("state", &state, 30)?;
        self.state = Some(state);
        Ok(self)
    }
}

/// A join way as the platform keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct JoinWayInfo {
    /// Its id.
    #[serde(default)]
    pub config_id: String,
    /// URL of the QR code's picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub qr_code: Option<String>,
    /// The groups behind it.
    #[serde(default, deserialize_with = "lenient::list")]
    pub chat_id_list: Vec<String>,
    /// Its word.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state: Option<String>,
}

#[derive(Deserialize)]
struct ChatAnswer {
    group_chat: ExternalChat,
}

#[derive(Deserialize)]
struct JoinWayAnswer {
    join_way: JoinWayInfo,
}

#[derive(Deserialize)]
struct ConfigAnswer {
    config_id: String,
}

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

    /// `externalcontact/groupchat/add_join_way`: gives the config id; the QR code comes from
    /// [`Client::join_way`]. A corp has room for 500,000.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_join_way(&self, way: &JoinWay) -> Result<String, Error> {
        let path = format!("{PATH}/add_join_way");
        Ok(self
            .post::<_, ConfigAnswer>(&path, &[], way)
            .await?
            .config_id)
    }

    /// `externalcontact/groupchat/get_join_way`. Only the application that made it can ask.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn join_way(&self, config_id: &str) -> Result<JoinWayInfo, Error> {
        let body = json!({ "config_id": config_id });
        let path = format!("{PATH}/get_join_way");
        Ok(self
            .post::<_, JoinWayAnswer>(&path, &[], &body)
            .await?
            .join_way)
    }

    /// `externalcontact/groupchat/update_join_way`: replaces everything.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_join_way(&self, config_id: &str, way: &JoinWay) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            config_id: &'a str,
            #[serde(flatten)]
            way: &'a JoinWay,
        }
        let body = Body { config_id, way };
        let _: Value = self
            .post(&format!("{PATH}/update_join_way"), &[], &body)
            .await?;
        Ok(())
    }

    /// `externalcontact/groupchat/del_join_way`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete_join_way(&self, config_id: &str) -> Result<(), Error> {
        let body = json!({ "config_id": config_id });
        let _: Value = self
            .post(&format!("{PATH}/del_join_way"), &[], &body)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::Script;

    #[tokio::test]
    async fn groups_are_listed_and_read() {
        let script = Script::with_token()
            .then(r#"{"errcode":0,"group_chat_list":[{"chat_id":"wrA","status":0}],"next_cursor":"c1"}"#)
            .then(r#"{"errcode":0,"group_chat_list":[],"next_cursor":""}"#)
            .then(
                r#"{"errcode":0,"group_chat":{"chat_id":"wrA","name":"g","owner":"li","create_time":1760000000,"member_list":[{"userid":"wm1","type":2,"join_scene":3,"state":"s","invitor":{"userid":"li"},"name":"n"}],"admin_list":[{"userid":"li"}],"member_version":"v1"}}"#,
            );
        let client = script.client();
        let filter = ChatFilter::new()
            .owners(["li"])
            .unwrap()
            .page_size(10)
            .unwrap();
        let page = client.external_chats(&filter, "").await.unwrap();
        assert_eq!(
            (&*page.chats[0].chat_id, page.next_cursor.as_deref()),
            ("wrA", Some("c1"))
        );
        let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
        assert_eq!(
            sent,
            json!({"status_filter":0,"owner_filter":{"userid_list":["li"]},"cursor":"","limit":10})
        );
        assert_eq!(
            client
                .external_chats(&filter, "c1")
                .await
                .unwrap()
                .next_cursor,
            None
        );
        let chat = client.external_chat("wrA").await.unwrap();
        assert_eq!(chat.members[0].state.as_deref(), Some("s"));
        assert_eq!(chat.admins().collect::<Vec<_>>(), ["li"]);
        assert_eq!(
            format!("{chat:?}"),
            "ExternalChat { chat_id: \"wrA\", n_members: 1, .. }"
        );
    }

    #[tokio::test]
    async fn join_ways_are_made_changed_and_dropped() {
        let script = Script::with_token()
            .then(r#"{"errcode":0,"config_id":"cf1"}"#)
            .then(r#"{"errcode":0,"join_way":{"config_id":"cf1","qr_code":"https://q","chat_id_list":["wrA"],"state":"s"}}"#)
            .then(r#"{"errcode":0}"#)
            .then(r#"{"errcode":0}"#);
        let client = script.client();
        let way = JoinWay::new(JoinScene::QrCode, ["wrA"])
            .unwrap()
            .state("s")
            .unwrap();
        assert_eq!(client.add_join_way(&way).await.unwrap(), "cf1");
        let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
        let plain = json!({"scene":2,"auto_create_room":0,"chat_id_list":["wrA"],"state":"s"});
        assert_eq!(sent, plain);
        let info = client.join_way("cf1").await.unwrap();
        assert_eq!(info.qr_code.as_deref(), Some("https://q"));
        let grown = way.grow("群", 10).unwrap().remark("r").unwrap();
        client.update_join_way("cf1", &grown).await.unwrap();
        let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
        assert_eq!(sent["config_id"], json!("cf1"));
        assert_eq!(sent["room_base_id"], json!(10));
        client.delete_join_way("cf1").await.unwrap();
        assert_eq!(
            script.urls()[4],
            "externalcontact/groupchat/del_join_way?access_token=T1"
        );
    }

    #[test]
    fn limits_are_named() {
        let six = (0..6).map(|i| i.to_string());
        assert_eq!(
            JoinWay::new(JoinScene::QrCode, six).unwrap_err().field,
            "chat_id_list"
        );
        let way = JoinWay::new(JoinScene::MiniProgram, ["a"]).unwrap();
        assert_eq!(
            way.clone().state("营".repeat(31)).unwrap_err().field,
            "state"
        );
        assert_eq!(
            way.clone().remark("营".repeat(31)).unwrap_err().field,
            "remark"
        );
        assert_eq!(
            way.grow("营".repeat(41), 1).unwrap_err().field,
            "room_base_name"
        );
        assert!(ChatFilter::new().page_size(1001).is_err());
        assert!(
            ChatFilter::new()
                .owners((0..101).map(|i| i.to_string()))
                .is_err()
        );
    }
}

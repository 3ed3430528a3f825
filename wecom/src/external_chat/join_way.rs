//! Ways into customer groups (加入群聊, wecom-bots-h5 §8.2).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::PATH;
use crate::{
    client::{Client, Error, lenient},
    lenient_json,
    limit::{self, LimitError},
};

/// Most groups behind one join way.
const MAX_JOIN_CHATS: usize = 5;

/// The place that shows a way into a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    mark_source: Option<bool>,
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
            mark_source: None,
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

    /// A word, ≤ 30 characters, that those who come this way carry in
    /// [`ChatMember::state`](super::ChatMember::state).
    ///
    /// # Errors
    /// [`LimitError`] on `state`.
    pub fn state(mut self, state: impl Into<String>) -> Result<Self, LimitError> {
        let state = state.into();
        limit::characters("state", &state, 30)?;
        self.state = Some(state);
        Ok(self)
    }

    /// True if the platform marks whoever comes this way with their source.
    #[must_use]
    pub fn mark_source(mut self, marks: bool) -> Self {
        self.mark_source = Some(marks);
        self
    }
}

/// A join way as the platform keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct JoinWayInfo {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::id_or_empty")]
    pub config_id: String,
    /// 1 a button in a mini program, 2 a QR code.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub scene: Option<i64>,
    /// The note for oneself.
    #[serde(default, deserialize_with = "lenient::text")]
    pub remark: Option<String>,
    /// True if a further group is made when all are full.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub auto_create_room: bool,
    /// Name of further groups, before their number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub room_base_name: Option<String>,
    /// Number of the first further group.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub room_base_id: Option<i64>,
    /// True if whoever comes this way is marked with their source.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub mark_source: bool,
    /// URL of the QR code's picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub qr_code: Option<String>,
    /// The groups behind it.
    #[serde(default, deserialize_with = "lenient::ids")]
    pub chat_id_list: Vec<String>,
    /// Its word.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state: Option<String>,
}

#[derive(Deserialize)]
struct JoinWayAnswer {
    join_way: JoinWayInfo,
}

#[derive(Deserialize)]
struct ConfigAnswer {
    #[serde(deserialize_with = "lenient_json::exact")]
    config_id: String,
}

impl Client {
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

//! Members of the corp, as far as the application may see them (wecom-app §11).
//!
//! Applications made after 2022-06-20 never get avatar, gender, mobile, mail, QR code or address
//! here; those come from [`Client::member_details`] with the member's consent.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::{Client, Error, lenient},
    hidden::hide_in_debug,
    lenient_json::Records,
    limit,
};

/// Most ids in one call of [`Client::robot_user_ids`].
const MAX_OPEN_USER_IDS: usize = 1000;
/// Most members in one page of [`Client::member_ids`].
const MAX_MEMBERS_PER_PAGE: u16 = 10_000;

/// A member's state of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserStatus {
    /// Uses it.
    Active,
    /// Disabled by an admin.
    Disabled,
    /// Invited, not yet in.
    NotActivated,
    /// Has left the corp.
    Left,
    /// A number this crate does not know.
    Other(i64),
}

/// A member. Every field but the id may be missing; `Debug` shows only the id's length.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The userid; case does not count, answers are in lower case.
    #[serde(deserialize_with = "lenient::id")]
    pub userid: String,
    /// The name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Departments the member is in and the application sees.
    #[serde(default, deserialize_with = "lenient::wholes")]
    pub department: Vec<u64>,
    /// The main department.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub main_department: Option<i64>,
    /// The position.
    #[serde(default, deserialize_with = "lenient::text")]
    pub position: Option<String>,
    /// The position as outsiders see it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub external_position: Option<String>,
    /// For each of `department`, the place in its list.
    #[serde(default, deserialize_with = "lenient::wholes")]
    pub order: Vec<i64>,
    /// Attributes that the corp defined, as the platform writes them.
    #[serde(default)]
    pub extattr: Value,
    /// The profile that outsiders see, as the platform writes it.
    #[serde(default)]
    pub external_profile: Value,
    /// For each of `department`, 1 if the member leads it.
    #[serde(default, deserialize_with = "lenient::wholes")]
    pub is_leader_in_dept: Vec<i64>,
    /// The userids of direct superiors.
    #[serde(default, deserialize_with = "lenient::ids")]
    pub direct_leader: Vec<String>,
    /// The other name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// The landline.
    #[serde(default, deserialize_with = "lenient::text")]
    pub telephone: Option<String>,
    /// URL of the picture. This and the six fields below are absent for applications made after
    /// 2022-06-20.
    #[serde(default, deserialize_with = "lenient::text")]
    pub avatar: Option<String>,
    /// `"1"` male, `"2"` female, `"0"` not told.
    #[serde(default, deserialize_with = "lenient::text")]
    pub gender: Option<String>,
    /// Mobile number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub mobile: Option<String>,
    /// Private mail address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Mail address of the corp.
    #[serde(default, deserialize_with = "lenient::text")]
    pub biz_mail: Option<String>,
    /// URL of the personal QR code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub qr_code: Option<String>,
    /// Address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub address: Option<String>,
    /// An id that is the same for all applications of one provider.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub open_userid: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    status: Option<i64>,
}

impl User {
    /// The member's state of use, if the platform says.
    #[must_use]
    pub fn status(&self) -> Option<UserStatus> {
        self.status.map(|status| match status {
            1 => UserStatus::Active,
            2 => UserStatus::Disabled,
            4 => UserStatus::NotActivated,
            5 => UserStatus::Left,
            other => UserStatus::Other(other),
        })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User {{ userid: {} bytes, .. }}", self.userid.len())
    }
}

/// The people behind encrypted ids. `Debug` shows counts only.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RobotUserIds {
    /// The ids that could be translated.
    #[serde(default, rename = "userid_list")]
    pub known: Records<RobotUserId>,
    /// The others, as they were given.
    #[serde(
        default,
        rename = "invalid_open_userid_list",
        deserialize_with = "lenient::ids"
    )]
    pub unknown: Vec<String>,
}

/// An encrypted id and the userid behind it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct RobotUserId {
    /// As the robot gets it.
    #[serde(deserialize_with = "lenient::id")]
    pub open_userid: String,
    /// As the application knows it.
    #[serde(deserialize_with = "lenient::id")]
    pub userid: String,
}

impl fmt::Debug for RobotUserIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RobotUserIds")
            .field("n_known", &self.known.len())
            .field("n_unknown", &self.unknown.len())
            .finish()
    }
}

/// A page of all members of the corp. `Debug` shows counts only.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct MemberPage {
    /// Members with one department each; who is in several comes several times.
    #[serde(default, rename = "dept_user")]
    pub members: Records<DepartmentMember>,
    /// For the next page; none at the end.
    #[serde(default, deserialize_with = "lenient::text")]
    pub next_cursor: Option<String>,
}

/// A member and a department they are in.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DepartmentMember {
    /// The userid.
    #[serde(deserialize_with = "lenient::id")]
    pub userid: String,
    /// The department.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub department: u64,
}

impl fmt::Debug for MemberPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberPage")
            .field("n_members", &self.members.len())
            .finish_non_exhaustive()
    }
}

hide_in_debug!(RobotUserId, DepartmentMember);

#[derive(Deserialize)]
struct UserList {
    #[serde(default)]
    userlist: Records<User>,
}

impl Client {
    /// `user/get`.
    ///
    /// # Errors
    /// [`Error`]; codes 60111 or 60011 when the member does not exist or is not visible.
    pub async fn user(&self, userid: &str) -> Result<User, Error> {
        self.get("user/get", &[("userid", userid)]).await
    }

    /// `user/list`: full records of one department, not of those below it.
    ///
    /// # Errors
    /// [`Error`]; code 45029 when the department is too large.
    pub async fn users_in(&self, department: u64) -> Result<Records<User>, Error> {
        self.user_list("user/list", department).await
    }

    /// `user/simplelist`: id, name and departments only.
    ///
    /// # Errors
    /// [`Error`]; code 45029 when the department is too large.
    pub async fn user_names_in(&self, department: u64) -> Result<Records<User>, Error> {
        self.user_list("user/simplelist", department).await
    }

    /// `user/list_id`: every member of the corp, up to 10,000 a page; start with an empty cursor.
    ///
    /// # Errors
    /// [`Error`]; code 48002 unless the client was built with the secret of the contact sync
    /// (通讯录同步).
    pub async fn member_ids(&self, cursor: &str) -> Result<MemberPage, Error> {
        let body = json!({ "cursor": cursor, "limit": MAX_MEMBERS_PER_PAGE });
        self.post("user/list_id", &[], &body).await
    }

    /// `batch/openuserid_to_userid`: the userids behind encrypted ones, which a smart robot gets
    /// unless its creator is a super administrator; 1 to 1,000 at a time (wecom-bots-h5 §1.10).
    ///
    /// # Errors
    /// [`Error::Limit`] for a wrong count, else [`Error`]. Ids that nobody visible has, and those that
    /// were clear already, are [`RobotUserIds::unknown`].
    pub async fn robot_user_ids<I>(&self, open_user_ids: I) -> Result<RobotUserIds, Error>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let ids: Vec<String> = open_user_ids.into_iter().map(Into::into).collect();
        limit::count("open_userid_list", ids.len(), 1, MAX_OPEN_USER_IDS)?;
        let body = json!({ "open_userid_list": ids });
        self.post("batch/openuserid_to_userid", &[], &body).await
    }

    async fn user_list(&self, path: &str, department: u64) -> Result<Records<User>, Error> {
        let query = [("department_id", &*department.to_string())];
        Ok(self.get::<UserList>(path, &query).await?.userlist)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::Script;

    #[tokio::test]
    async fn encrypted_ids_of_a_robot_become_clear() {
        let script = Script::with_token().then(
            r#"{"errcode":0,"userid_list":[{"open_userid":"wo1","userid":"li"}],"invalid_open_userid_list":["x"]}"#,
        );
        let client = script.client();
        let ids = client.robot_user_ids(["wo1", "x"]).await.unwrap();
        assert_eq!((&*ids.known[0].userid, &*ids.unknown[0]), ("li", "x"));
        assert_eq!(
            format!("{ids:?}"),
            "RobotUserIds { n_known: 1, n_unknown: 1 }"
        );
        assert_eq!(script.last_body(), r#"{"open_userid_list":["wo1","x"]}"#);
        let none: [&str; 0] = [];
        assert!(client.robot_user_ids(none).await.is_err());
        let many = (0..1001).map(|id| id.to_string());
        assert!(client.robot_user_ids(many).await.is_err());
    }

    #[tokio::test]
    async fn members_are_read_with_whatever_is_missing() {
        let script = Script::with_token()
            .then(
                r#"{"errcode":0,"userid":"li.lei","name":"李雷","department":[1,2],"is_leader_in_dept":[1,0],"status":1,"main_department":1,"alias":"","new_field":{}}"#,
            )
            .then(r#"{"errcode":0,"userlist":[{"userid":"a"},{"userid":"b","status":9,"department":null}]}"#)
            .then(r#"{"errcode":0,"userlist":null}"#)
            .then(r#"{"errcode":60111,"errmsg":"userid not found"}"#);
        let client = script.client();
        let user = client.user("li.lei").await.unwrap();
        assert_eq!(user.name.as_deref(), Some("李雷"));
        assert_eq!(user.status(), Some(UserStatus::Active));
        assert_eq!((user.department.len(), user.alias.as_deref()), (2, None));
        assert_eq!(format!("{user:?}"), "User { userid: 6 bytes, .. }");
        let users = client.users_in(2).await.unwrap();
        assert_eq!(users[0].status(), None);
        assert_eq!(users[1].status(), Some(UserStatus::Other(9)));
        assert!(client.user_names_in(3).await.unwrap().is_empty());
        assert_eq!(client.user("x").await.unwrap_err().code(), Some(60111));
        assert_eq!(
            script.urls()[2],
            "user/list?access_token=T1&department_id=2"
        );
    }

    #[tokio::test]
    async fn all_members_come_in_pages() {
        let script = Script::with_token()
            .then(
                r#"{"errcode":0,"next_cursor":"c2","dept_user":[{"userid":"li","department":1}]}"#,
            )
            .then(r#"{"errcode":0,"next_cursor":"","dept_user":null}"#);
        let client = script.client();
        let page = client.member_ids("").await.unwrap();
        assert_eq!(script.last_body(), r#"{"cursor":"","limit":10000}"#);
        let first = &page.members[0];
        assert_eq!((&*first.userid, first.department), ("li", 1));
        assert_eq!(format!("{page:?}"), "MemberPage { n_members: 1, .. }");
        let next = page.next_cursor.unwrap();
        let last = client.member_ids(&next).await.unwrap();
        assert_eq!((last.members.len(), last.next_cursor), (0, None));
        assert_eq!(script.last_body(), r#"{"cursor":"c2","limit":10000}"#);
    }
}

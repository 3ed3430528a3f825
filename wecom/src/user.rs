//! Members of the corp, as far as the application may see them (wecom-app §11).
//!
//! Applications made after 2022-06-20 never get avatar, gender, mobile, mail, QR code or address
//! here; those come from [`Client::member_details`] with the member's consent.

use std::fmt;

use serde::Deserialize;

use crate::client::{Client, Error, lenient};

/// Whether a member can use WeCom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub userid: String,
    /// The name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// Departments the member is in and the application sees.
    #[serde(default, deserialize_with = "lenient::list")]
    pub department: Vec<u64>,
    /// The main department.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub main_department: Option<i64>,
    /// The position.
    #[serde(default, deserialize_with = "lenient::text")]
    pub position: Option<String>,
    /// For each of `department`, 1 if the member leads it.
    #[serde(default, deserialize_with = "lenient::list")]
    pub is_leader_in_dept: Vec<i64>,
    /// The userids of direct superiors.
    #[serde(default, deserialize_with = "lenient::list")]
    pub direct_leader: Vec<String>,
    /// The other name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub alias: Option<String>,
    /// The landline.
    #[serde(default, deserialize_with = "lenient::text")]
    pub telephone: Option<String>,
    /// An id that is the same for all applications of one provider.
    #[serde(default, deserialize_with = "lenient::text")]
    pub open_userid: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    status: Option<i64>,
}

impl User {
    /// Whether the member can use WeCom, if the platform says.
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

#[derive(Deserialize)]
struct UserList {
    #[serde(default, deserialize_with = "lenient::list")]
    userlist: Vec<User>,
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
    pub async fn users_in(&self, department: u64) -> Result<Vec<User>, Error> {
        self.user_list("user/list", department).await
    }

    /// `user/simplelist`: id, name and departments only.
    ///
    /// # Errors
    /// [`Error`]; code 45029 when the department is too large.
    pub async fn user_names_in(&self, department: u64) -> Result<Vec<User>, Error> {
        self.user_list("user/simplelist", department).await
    }

    async fn user_list(&self, path: &str, department: u64) -> Result<Vec<User>, Error> {
        let query = [("department_id", &*department.to_string())];
        Ok(self.get::<UserList>(path, &query).await?.userlist)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::Script;

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
}

//! Signing in: the authorize page, web login, and who came back (wecom-bots-h5 §3).

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::{Client, Error, lenient, query},
    lenient_json::is_exact,
    limit::{self, LimitError, Rule},
};

/// The scope that the authorize page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// The userid, silently.
    Base,
    /// Personal data too; asks the member once in 30 days.
    PrivateInfo,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Base => "snsapi_base",
            Self::PrivateInfo => "snsapi_privateinfo",
        }
    }
}

/// The `state` of a sign-in: 1 to 128 letters and digits (84025 otherwise).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(String);

impl State {
    /// Checks and takes `state`.
    ///
    /// # Errors
    /// [`LimitError`] on `state`.
    pub fn new(state: impl Into<String>) -> Result<Self, LimitError> {
        let state = state.into();
        limit::required("state", &state, 128)?;
        if state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(state))
        } else {
            Err(LimitError::new(
                "state",
                Rule::Characters {
                    allowed: "letters and digits",
                },
            ))
        }
    }
}

/// Language of the web login page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginLanguage {
    /// Chinese.
    Chinese,
    /// English.
    English,
}

/// The person who came back from a sign-in.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Visitor {
    /// A member of the corp (`CorpId/userid` for linked corps).
    #[non_exhaustive]
    Member {
        /// The userid.
        userid: String,
        /// For [`Client::member_details`], good for 30 minutes; only with
        /// [`Scope::PrivateInfo`] and a visible member.
        user_ticket: Option<String>,
    },
    /// Somebody else.
    #[non_exhaustive]
    Outsider {
        /// Unique per corp.
        openid: String,
        /// Only for a customer whose follower is visible to the application.
        external_userid: Option<String>,
    },
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Member { .. } => "Member { .. }",
            Self::Outsider { .. } => "Outsider { .. }",
        })
    }
}

/// Both spellings: `auth/getuserinfo` is lower case, its predecessor was not.
#[derive(Deserialize)]
struct UserInfo {
    #[serde(
        default,
        alias = "UserId",
        alias = "UserID",
        deserialize_with = "lenient::optional_id"
    )]
    userid: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_id")]
    user_ticket: Option<String>,
    #[serde(
        default,
        alias = "OpenId",
        alias = "OpenID",
        deserialize_with = "lenient::optional_id"
    )]
    openid: Option<String>,
    #[serde(
        default,
        alias = "ExternalUserId",
        deserialize_with = "lenient::optional_id"
    )]
    external_userid: Option<String>,
}

/// Personal data; each field only if the admin enabled it and the member agreed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct MemberDetails {
    /// The userid.
    #[serde(default, deserialize_with = "lenient::id_or_empty")]
    pub userid: String,
    /// `"1"` male, `"2"` female, `"0"` not told.
    #[serde(default, deserialize_with = "lenient::text")]
    pub gender: Option<String>,
    /// URL of the picture.
    #[serde(default, deserialize_with = "lenient::text")]
    pub avatar: Option<String>,
    /// URL of the personal QR code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub qr_code: Option<String>,
    /// Mobile number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub mobile: Option<String>,
    /// Mail address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Corp mail address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub biz_mail: Option<String>,
    /// Address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub address: Option<String>,
}

impl fmt::Debug for MemberDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberDetails { .. }")
    }
}

impl Client {
    /// The authorize page for WeCom's own web view (and WeChat). It redirects to
    /// `redirect_uri?code=…&state=…`; the host of `redirect_uri` must be a trusted domain exactly,
    /// port included.
    #[must_use]
    pub fn authorize_url(&self, redirect_uri: &str, scope: Scope, state: &State) -> String {
        let agent_id = self.agent_id().to_string();
        let mut url = format!("{}/connect/oauth2/authorize", self.oauth_base());
        query::append(
            &mut url,
            &[
                ("appid", self.corp_id()),
                ("redirect_uri", redirect_uri),
                ("response_type", "code"),
                ("scope", scope.as_str()),
                ("state", &state.0),
                ("agentid", &agent_id),
            ],
        );
        url.push_str("#wechat_redirect");
        url
    }

    /// The login page for browsers: QR code, or the desktop client. Not usable inside WeCom's web
    /// view.
    #[must_use]
    pub fn login_url(&self, redirect_uri: &str, state: &State, language: LoginLanguage) -> String {
        let agent_id = self.agent_id().to_string();
        let mut url = format!("{}/wwlogin/sso/login", self.login_base());
        let lang = match language {
            LoginLanguage::Chinese => "zh",
            LoginLanguage::English => "en",
        };
        query::append(
            &mut url,
            &[
                ("login_type", "CorpApp"),
                ("appid", self.corp_id()),
                ("agentid", &agent_id),
                ("redirect_uri", redirect_uri),
                ("state", &state.0),
                ("lang", lang),
            ],
        );
        url
    }

    /// `auth/getuserinfo`: who is behind `code` (single use, five minutes).
    ///
    /// # Errors
    /// [`Error`]; code 40029 for a wrong, used or expired code, 50001 for an untrusted host,
    /// [`Error::Protocol`] for an answer that names nobody.
    pub async fn visitor(&self, code: &str) -> Result<Visitor, Error> {
        let info: UserInfo = self.get("auth/getuserinfo", &[("code", code)]).await?;
        match info {
            UserInfo {
                userid: Some(userid),
                user_ticket,
                ..
            } => Ok(Visitor::Member {
                userid,
                user_ticket,
            }),
            UserInfo {
                openid: Some(openid),
                external_userid,
                ..
            } => Ok(Visitor::Outsider {
                openid,
                external_userid,
            }),
            _ => Err(Error::protocol("a userid or an openid", b"")),
        }
    }

    /// `auth/getuserdetail`: personal data by the ticket of [`Client::visitor`].
    ///
    /// # Errors
    /// [`Error`]; code 84014 when the ticket has expired.
    pub async fn member_details(&self, user_ticket: &str) -> Result<MemberDetails, Error> {
        let body = json!({ "user_ticket": user_ticket });
        self.post("auth/getuserdetail", &[], &body).await
    }

    /// `user/convert_to_openid`: the openid a member pays with.
    ///
    /// # Errors
    /// [`Error`]; code 43004 when the member never signed in with WeChat.
    pub async fn openid_of(&self, userid: &str) -> Result<String, Error> {
        let body = json!({ "userid": userid });
        let answer: Value = self.post("user/convert_to_openid", &[], &body).await?;
        text_field(&answer, "openid")
    }

    /// `user/convert_to_userid`: the member behind an openid.
    ///
    /// # Errors
    /// [`Error`]; code 40073 or 43004 when nobody is known by it.
    pub async fn userid_of(&self, openid: &str) -> Result<String, Error> {
        let body = json!({ "openid": openid });
        let answer: Value = self.post("user/convert_to_userid", &[], &body).await?;
        text_field(&answer, "userid")
    }
}

fn text_field(answer: &Value, name: &'static str) -> Result<String, Error> {
    let text = answer
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty() && is_exact(text));
    text.map(str::to_owned)
        .ok_or_else(|| Error::protocol(name, b""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::Script;

    fn state() -> State {
        State::new("abc123").unwrap()
    }

    #[test]
    fn the_links_keep_their_order_and_their_fragment() {
        let client = Script::with_token().client();
        let back = "https://h5.example.com:8443/auth?next=/a&b=营";
        let encoded = "https%3A%2F%2Fh5.example.com%3A8443%2Fauth%3Fnext%3D%2Fa%26b%3D%E8%90%A5";
        assert_eq!(
            client.authorize_url(back, Scope::Base, &state()),
            format!(
                "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww1&redirect_uri={encoded}\
                 &response_type=code&scope=snsapi_base&state=abc123&agentid=1000002#wechat_redirect"
            )
        );
        let private = client.authorize_url(back, Scope::PrivateInfo, &state());
        assert!(private.contains("&scope=snsapi_privateinfo&"));
        assert_eq!(
            client.login_url(back, &state(), LoginLanguage::Chinese),
            format!(
                "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww1\
                 &agentid=1000002&redirect_uri={encoded}&state=abc123&lang=zh"
            )
        );
    }

    #[test]
    fn a_state_has_letters_and_digits_only() {
        for bad in ["", "a-b", "a b", "状态", &"x".repeat(129)] {
            assert_eq!(State::new(bad).unwrap_err().field, "state", "{bad}");
        }
    }

    #[tokio::test]
    async fn who_came_back_in_every_spelling() {
        let member = |userid: &str, ticket: Option<&str>| Visitor::Member {
            userid: userid.into(),
            user_ticket: ticket.map(Into::into),
        };
        let outsider = |openid: &str, external: Option<&str>| Visitor::Outsider {
            openid: openid.into(),
            external_userid: external.map(Into::into),
        };
        for (answer, expected) in [
            (
                r#"{"errcode":0,"userid":"li","user_ticket":"TK"}"#,
                member("li", Some("TK")),
            ),
            (
                r#"{"errcode":0,"UserId":"li","DeviceId":"d","user_ticket":""}"#,
                member("li", None),
            ),
            (
                r#"{"errcode":0,"openid":"o1","external_userid":"wm1"}"#,
                outsider("o1", Some("wm1")),
            ),
            (r#"{"errcode":0,"OpenId":"o1"}"#, outsider("o1", None)),
        ] {
            let script = Script::with_token().then(answer);
            assert_eq!(
                script.client().visitor("C/1").await.unwrap(),
                expected,
                "{answer}"
            );
            assert_eq!(
                script.urls()[1],
                "auth/getuserinfo?access_token=T1&code=C%2F1"
            );
            assert!(!format!("{expected:?}").contains("li"));
        }
        let nobody = Script::with_token()
            .then(r#"{"errcode":0,"errmsg":"ok"}"#)
            .client();
        assert!(matches!(
            nobody.visitor("C").await,
            Err(Error::Protocol { .. })
        ));
        let used = Script::with_token().then(r#"{"errcode":40029,"errmsg":"invalid code"}"#);
        let error = used.client().visitor("C").await.unwrap_err();
        assert_eq!(error.class(), Some(crate::ErrorClass::OauthCode));
    }

    #[tokio::test]
    async fn details_and_openids() {
        let script = Script::with_token()
            .then(r#"{"errcode":0,"userid":"li","gender":1,"mobile":"138"}"#)
            .then(r#"{"errcode":0,"openid":"o1"}"#)
            .then(r#"{"errcode":0,"userid":"li"}"#)
            .then(r#"{"errcode":43004,"errmsg":"require subscribe"}"#);
        let client = script.client();
        let details = client.member_details("TK").await.unwrap();
        assert_eq!(
            (details.gender.as_deref(), details.email.as_deref()),
            (Some("1"), None)
        );
        assert_eq!(format!("{details:?}"), "MemberDetails { .. }");
        assert_eq!(client.openid_of("li").await.unwrap(), "o1");
        assert_eq!(script.last_body(), r#"{"userid":"li"}"#);
        assert_eq!(client.userid_of("o1").await.unwrap(), "li");
        let unbound = client.openid_of("han").await.unwrap_err();
        assert_eq!(unbound.class(), Some(crate::ErrorClass::NotBound));
        assert!(!unbound.is_retryable());
    }
}

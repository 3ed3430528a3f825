//! The application itself (agent/get) and the platform's address lists (wecom-app §12).

use serde::Deserialize;

use super::{Client, error::Error, lenient};
use crate::lenient_json::Records;

/// The application as the platform knows it (wecom-app §12).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// The agent id.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub agentid: u32,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::string")]
    pub name: String,
    /// Its description.
    #[serde(default, deserialize_with = "lenient::string")]
    pub description: String,
    /// True if it is switched off.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub close: bool,
    /// True if entering the application is reported (`enter_agent`).
    #[serde(default, deserialize_with = "lenient::flag")]
    pub isreportenter: bool,
    /// Location reports: 0 none, 1 on entering.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub report_location_flag: i64,
    /// The trusted domain for OAuth and the JS-SDK.
    #[serde(default, deserialize_with = "lenient::string")]
    pub redirect_domain: String,
    /// The home page.
    #[serde(default, deserialize_with = "lenient::string")]
    pub home_url: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_userinfos: AllowedUsers,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_partys: AllowedParties,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_tags: AllowedTags,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct AllowedUsers {
    #[serde(default)]
    user: Records<AllowedUser>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct AllowedUser {
    #[serde(deserialize_with = "lenient::id")]
    userid: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct AllowedParties {
    #[serde(default, deserialize_with = "lenient::wholes")]
    partyid: Vec<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct AllowedTags {
    #[serde(default, deserialize_with = "lenient::wholes")]
    tagid: Vec<u64>,
}

impl Agent {
    /// Users named in the visible range (可见范围); members of parties and tags are not listed.
    pub fn visible_users(&self) -> impl Iterator<Item = &str> {
        self.allow_userinfos.user.iter().map(|user| &*user.userid)
    }

    /// Parties in the visible range.
    #[must_use]
    pub fn visible_parties(&self) -> &[u64] {
        &self.allow_partys.partyid
    }

    /// Tags in the visible range.
    #[must_use]
    pub fn visible_tags(&self) -> &[u64] {
        &self.allow_tags.tagid
    }
}

/// Addresses of the platform: single ones, CIDR, or with wildcards (`101.226.103.*`).
///
/// They change: ask daily, never freeze them (wecom-app §12).
pub type IpList = Vec<String>;

#[derive(Deserialize)]
struct IpAnswer {
    #[serde(default, deserialize_with = "lenient::or_default")]
    ip_list: IpList,
}

impl Client {
    /// `agent/get` for this client's own application.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn agent(&self) -> Result<Agent, Error> {
        self.get("agent/get", &[("agentid", &self.agent_id().to_string())])
            .await
    }

    /// `getcallbackip`: where callbacks come from (for an ingress allow-list).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn callback_ips(&self) -> Result<IpList, Error> {
        Ok(self.get::<IpAnswer>("getcallbackip", &[]).await?.ip_list)
    }

    /// `get_api_domain_ip`: where the API lives (for an egress allow-list).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn api_ips(&self) -> Result<IpList, Error> {
        Ok(self
            .get::<IpAnswer>("get_api_domain_ip", &[])
            .await?
            .ip_list)
    }
}

//! The account behind the cookie, and the planet itself (zsxq §4.1).

use chrono::{DateTime, Utc};
use serde::Deserialize;
use wecom::lenient_json::Records;

use super::Planet;
use super::error::Error;
use super::transport::{SELF_CALL, SELF_PATH};
use super::wire::{Id, optional_id, optional_instant, or_none, picture, text};

/// Who the cookie belongs to. The planet's answer also holds the person's phone number; it is
/// never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfUser {
    /// The account's id.
    pub user_id: i64,
    /// Nickname; may be blank.
    pub name: String,
    /// Picture; the address expires after some weeks.
    pub avatar_url: Option<String>,
}

/// The planet and who may manage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The planet's id, as in the settings.
    pub group_id: i64,
    /// The planet's name.
    pub name: String,
    /// The number people search it by (星球号); not a person's.
    pub number: Option<i64>,
    /// The owner (星主).
    pub owner_id: Option<i64>,
    /// Administrators and partners. The planet may leave out either list.
    pub manager_ids: Vec<i64>,
    /// Whether members have a number of their own (成员编号); `None` when the planet does not say.
    pub member_numbers_enabled: Option<bool>,
    /// How many members it counts.
    pub member_count: Option<u64>,
    /// When the membership of the cookie's account ends.
    pub membership_ends_at: Option<DateTime<Utc>>,
}

impl Group {
    /// True when this user is the owner, a partner or an administrator: what the cookie's account
    /// should be, so that projects and the roster can be read.
    pub fn is_managed_by(&self, user_id: i64) -> bool {
        self.owner_id == Some(user_id) || self.manager_ids.contains(&user_id)
    }
}

impl Planet {
    /// Asks who the cookie belongs to: the way to validate it. `Ok` means it works,
    /// [`Error::CookieDead`] that it does not, anything else that nobody knows yet.
    ///
    /// Tries `/v3/users/self`, and `/v2/users/self` when v3 is refused or reads otherwise.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn self_user(&self) -> Result<SelfUser, Error> {
        let newer = self.transport.get::<SelfAnswer>(SELF_CALL, SELF_PATH).await;
        let answer = match newer {
            Err(Error::Refused { .. } | Error::Protocol { .. } | Error::Gone { .. }) => {
                self.transport
                    .get::<SelfAnswer>(SELF_CALL, "/v2/users/self")
                    .await?
            }
            other => other?,
        };
        let WireSelf {
            uid,
            user_id,
            name,
            avatar_url,
        } = answer.user;
        let user_id = uid.or(user_id).ok_or(Error::Protocol {
            call: SELF_CALL,
            what: "no id of the account",
        })?;
        Ok(SelfUser {
            user_id,
            name,
            avatar_url,
        })
    }

    /// The planet's own data: for the check at setup that the cookie's account manages it.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Configuration`] when the account is not in the planet.
    pub async fn group(&self) -> Result<Group, Error> {
        const CALL: &str = "groups/G";
        let path = format!("/v2/groups/{}", self.group_id);
        let answer = self.transport.get::<GroupAnswer>(CALL, &path).await?;
        let group = Group::from(answer.group);
        if group.group_id != self.group_id {
            return Err(Error::Protocol {
                call: CALL,
                what: "it is about another planet",
            });
        }
        Ok(group)
    }
}

#[derive(Deserialize)]
struct SelfAnswer {
    user: WireSelf,
}

/// v3 calls the id `uid` (a string), v2 `user_id` (a number).
#[derive(Deserialize)]
struct WireSelf {
    #[serde(default, deserialize_with = "optional_id")]
    uid: Option<i64>,
    #[serde(default, deserialize_with = "optional_id")]
    user_id: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "picture")]
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct GroupAnswer {
    group: WireGroup,
}

#[derive(Deserialize)]
struct WireGroup {
    group_id: Id,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "optional_id")]
    number: Option<i64>,
    #[serde(default, deserialize_with = "or_none")]
    owner: Option<WireOwner>,
    #[serde(default, deserialize_with = "or_none")]
    admin_ids: Option<Records<Id>>,
    #[serde(default, deserialize_with = "or_none")]
    partner_ids: Option<Records<Id>>,
    #[serde(default, deserialize_with = "or_none")]
    policies: Option<WirePolicies>,
    #[serde(default, deserialize_with = "or_none")]
    statistics: Option<WireGroupStatistics>,
    #[serde(default, deserialize_with = "or_none")]
    user_specific: Option<WireGroupUser>,
}

#[derive(Deserialize)]
struct WireOwner {
    #[serde(default, deserialize_with = "optional_id")]
    user_id: Option<i64>,
}

#[derive(Deserialize)]
struct WirePolicies {
    enable_member_number: Option<bool>,
}

#[derive(Deserialize)]
struct WireGroupStatistics {
    members: Option<WireCount>,
}

#[derive(Deserialize)]
struct WireCount {
    count: Option<u64>,
}

#[derive(Deserialize)]
struct WireGroupUser {
    membership: Option<WireMembership>,
}

#[derive(Deserialize)]
struct WireMembership {
    #[serde(default, deserialize_with = "optional_instant")]
    end_time: Option<DateTime<Utc>>,
}

impl From<WireGroup> for Group {
    fn from(wire: WireGroup) -> Self {
        let managers = [wire.admin_ids, wire.partner_ids].into_iter().flatten();
        let managers = managers.flat_map(Records::into_kept);
        Self {
            group_id: wire.group_id.0,
            name: wire.name,
            number: wire.number,
            owner_id: wire.owner.and_then(|owner| owner.user_id),
            manager_ids: managers.map(|id| id.0).collect(),
            member_numbers_enabled: wire.policies.and_then(|p| p.enable_member_number),
            member_count: wire
                .statistics
                .and_then(|s| s.members)
                .and_then(|m| m.count),
            membership_ends_at: wire
                .user_specific
                .and_then(|user| user.membership)
                .and_then(|membership| membership.end_time),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::error::{CookieDeath, Failure};
    use super::super::fake_planet::{FakePlanet, GROUP, Reply};
    use super::*;

    #[tokio::test]
    async fn the_newer_path_is_asked_and_the_phone_number_left_there() {
        let fake = FakePlanet::start(|_, _| {
            Reply::data(&json!({
                "accounts": {"phone": {"country_calling_code": "86", "local_phone_number":
                    "13900000007"}, "wechat": {"name": "Host"}},
                "identity_status": "verified",
                "user": {"uid": "300000000000001", "name": "Host", "user_sid": "x", "grade": {}}}))
            .with("X-Expire-In", 432_000)
        })
        .await;
        let planet = fake.planet();
        let user = planet.self_user().await.unwrap();
        assert_eq!(
            (user.user_id, user.name.as_str()),
            (300_000_000_000_001, "Host")
        );
        assert!(!format!("{user:?}").contains("13900000007"));
        assert_eq!(fake.seen().len(), 1);
        assert_eq!(planet.cookie_expires_in().unwrap().as_secs(), 432_000);
    }

    #[tokio::test]
    async fn the_older_path_helps_when_the_newer_is_refused_or_odd() {
        let newer: [fn() -> Reply; 3] = [
            || Reply::raw(404, "not found"),
            || Reply::code(60_001),
            || Reply::data(&json!({"profile": {}})),
        ];
        for newer in newer {
            let fake = FakePlanet::start(move |seen, _| match seen.path() {
                "/v2/users/self" => {
                    Reply::data(&json!({"user": {"user_id": 300_000_000_000_001_i64}}))
                }
                _ => newer(),
            })
            .await;
            let user = fake.planet().self_user().await.unwrap();
            assert_eq!(user.user_id, 300_000_000_000_001);
        }
    }

    #[tokio::test]
    async fn dead_is_not_unknown_and_unknown_is_not_dead() {
        let fake = FakePlanet::start(|_, _| Reply::code(1009)).await;
        let error = fake.planet().self_user().await.unwrap_err();
        assert!(
            matches!(error, Error::CookieDead(CookieDeath::KickedOut)),
            "{error:?}"
        );

        let fake = FakePlanet::start(|_, _| Reply::code(1059)).await;
        let error = fake.planet().self_user().await.unwrap_err();
        let Error::Unavailable {
            last: Failure::Code { code, .. },
            ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(code, 1059);
        assert!(
            fake.seen().iter().all(|seen| seen.path() == SELF_PATH),
            "no detour"
        );
    }

    #[tokio::test]
    async fn an_account_without_an_id_is_an_odd_answer() {
        let fake = FakePlanet::start(|_, _| Reply::data(&json!({"user": {"uid": ""}}))).await;
        let error = fake.planet().self_user().await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Protocol {
                    call: SELF_CALL,
                    ..
                }
            ),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn a_planet_and_its_managers() {
        let fake = FakePlanet::start(|seen, _| {
            assert_eq!(seen.path(), "/v2/groups/88000000000011");
            Reply::data(&json!({"group": {
                "group_id": GROUP, "number": 70_000_003, "name": "Demo",
                "owner": {"user_id": 300_000_000_000_001_i64, "name": "Host"},
                "admin_ids": [300_000_000_000_003_i64], "partner_ids": [300_000_000_000_006_i64],
                "policies": {"enable_member_number": true, "members_visibility": "admins"},
                "statistics": {"topics": {"topics_count": 3}, "members": {"count": 229}},
                "user_specific": {"membership": {"end_time": "2286-11-21T01:46:39.000+0800"}}}}))
        })
        .await;
        let group = fake.planet().group().await.unwrap();
        assert_eq!((group.group_id, group.number), (GROUP, Some(70_000_003)));
        assert_eq!(
            (group.member_numbers_enabled, group.member_count),
            (Some(true), Some(229))
        );
        assert!(group.membership_ends_at.is_some());
        for (user, manages) in [(1, true), (3, true), (6, true), (7, false)] {
            assert_eq!(
                group.is_managed_by(300_000_000_000_000 + user),
                manages,
                "{user}"
            );
        }
    }

    #[tokio::test]
    async fn a_bare_planet_is_fine_another_one_is_not() {
        let fake =
            FakePlanet::start(|_, _| Reply::data(&json!({"group": {"group_id": GROUP}}))).await;
        let group = fake.planet().group().await.unwrap();
        assert_eq!((group.owner_id, group.member_count), (None, None));
        assert!(!group.is_managed_by(3));

        let fake = FakePlanet::start(|_, _| Reply::data(&json!({"group": {"group_id": 3}}))).await;
        let error = fake.planet().group().await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    }
}

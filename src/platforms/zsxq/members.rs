//! The roster of the planet: the only place where an account meets its member number (zsxq §4.1).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use wecom::lenient_json::Records;

use super::Planet;
use super::error::Error;
use super::time::to_query;
use super::wire::{WireUser, log_lost, optional_id, optional_instant, text};

const LIST_CALL: &str = "groups/G/members";
const ONE_CALL: &str = "groups/G/members/U";

/// The most rows the planet gives at once.
const PAGE_ROWS: usize = 200;

/// 100,000 members.
const MAX_PAGES: usize = 500;

/// A member of the planet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account's id: the key to rankings and posts.
    pub user_id: i64,
    /// The member number (成员编号) in this planet, where the planet gives them out.
    pub number: Option<i64>,
    /// Nickname; may be blank, may repeat.
    pub name: String,
    /// Name on this planet's card; empty if none was set.
    pub alias: String,
    /// Picture; the address expires after some weeks.
    pub avatar_url: Option<String>,
    /// When they joined.
    pub joined_at: Option<DateTime<Utc>>,
    /// When their membership ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// The planet's word, `joined` for a present member; empty when it gives none.
    pub status: String,
}

/// The roster as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberList {
    /// Members, youngest first, each once.
    pub members: Vec<Member>,
    /// False when members may be missing: the planet kept repeating a full page, or rows could not
    /// be read.
    pub is_complete: bool,
}

impl Planet {
    /// The whole roster, pages of 200 from the youngest member down, linked by an inclusive
    /// `end_time` on the joining time.
    ///
    /// # Errors
    /// See [`Error`]; a failed page fails the whole.
    pub async fn members(&self) -> Result<MemberList, Error> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen = HashSet::new();
        let mut cursor = String::new();
        let mut lost_any = false;
        for page_idx in 0..MAX_PAGES {
            let path = format!(
                "/v2/groups/{}/members?count={PAGE_ROWS}&scope=all&sort=join_time&order=desc{cursor}",
                self.group_id
            );
            let page = self
                .transport
                .get::<MembersAnswer>(LIST_CALL, &path)
                .await?
                .members;
            log_lost(LIST_CALL, page_idx, &page);
            lost_any |= !page.lost().is_empty();
            let is_full = page.total() >= PAGE_ROWS;
            let oldest = page.iter().rev().find_map(|row| row.join_time);
            let known = members.len();
            let fresh = page
                .into_kept()
                .into_iter()
                .filter(|row| seen.insert(row.user.user_id.0));
            members.extend(fresh.map(Member::from));
            match oldest {
                Some(oldest) if is_full && members.len() > known => {
                    cursor = format!("&end_time={}", to_query(oldest));
                }
                _ => {
                    return Ok(MemberList {
                        members,
                        is_complete: !is_full && !lost_any,
                    });
                }
            }
        }
        Err(Error::TooManyPages {
            call: LIST_CALL,
            limit_pages: MAX_PAGES,
        })
    }

    /// One member: for a user id that a sync brought and the roster does not know yet.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn member(&self, user_id: i64) -> Result<Member, Error> {
        let path = format!("/v2/groups/{}/members/{user_id}", self.group_id);
        let answer = self.transport.get::<MemberAnswer>(ONE_CALL, &path).await?;
        let member = Member::from(answer.member);
        if member.user_id != user_id {
            return Err(Error::Protocol {
                call: ONE_CALL,
                what: "it is about another member",
            });
        }
        Ok(member)
    }
}

#[derive(Deserialize)]
pub(super) struct MembersAnswer {
    members: Records<WireMember>,
}

#[cfg(any(test, fuzzing))]
impl MembersAnswer {
    /// Rows on the page, whether they could be read or not.
    pub(super) fn n_rows(&self) -> usize {
        self.members.total()
    }
}

#[derive(Deserialize)]
struct MemberAnswer {
    member: WireMember,
}

#[derive(Deserialize)]
struct WireMember {
    #[serde(flatten)]
    user: WireUser,
    #[serde(default, deserialize_with = "optional_id")]
    number: Option<i64>,
    #[serde(default, deserialize_with = "optional_instant")]
    join_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "optional_instant")]
    expired_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "text")]
    status: String,
}

impl From<WireMember> for Member {
    fn from(wire: WireMember) -> Self {
        Self {
            user_id: wire.user.user_id.0,
            number: wire.number,
            name: wire.user.name,
            alias: wire.user.alias,
            avatar_url: wire.user.avatar_url,
            joined_at: wire.join_time,
            expires_at: wire.expired_time,
            status: wire.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fake_planet::{FakePlanet, Reply, Seen, at, wire_time};
    use super::super::time;
    use super::*;

    /// Member `n` joined at second `joined_s`.
    fn row(n: i64, joined_s: i64) -> Value {
        json!({"user_id": 300_000_000_000_000_i64 + n, "name": "Ann", "number": n, "status": "joined",
            "join_time": wire_time(at(joined_s * 1_000)), "isolated": false,
            "expired_time": "2286-11-21T01:46:39.000+0800"})
    }

    fn page(rows: &[Value], seen: &Seen) -> Reply {
        for (name, value) in [
            ("count", "200"),
            ("scope", "all"),
            ("sort", "join_time"),
            ("order", "desc"),
        ] {
            assert_eq!(seen.query(name).as_deref(), Some(value));
        }
        let end_time = seen
            .query("end_time")
            .map(|text| time::parse(&text).unwrap());
        let joined = |row: &Value| time::parse(row["join_time"].as_str().unwrap()).unwrap();
        let visible = rows
            .iter()
            .filter(|row| end_time.is_none_or(|end| joined(row) <= end));
        Reply::data(&json!({"members": visible.take(200).collect::<Vec<_>>()}))
    }

    #[tokio::test]
    async fn the_whole_roster_is_read() {
        for (n, requests) in [(0, 1), (199, 1), (200, 2), (201, 2), (399, 3), (450, 3)] {
            let rows: Vec<Value> = (1..=n).rev().map(|n| row(n, n)).collect();
            let fake = FakePlanet::start(move |seen, _| page(&rows, seen)).await;
            let list = fake.planet().members().await.unwrap();
            let found: Vec<i64> = list.members.iter().filter_map(|m| m.number).collect();
            assert_eq!(found, (1..=n).rev().collect::<Vec<_>>(), "{n}");
            assert!(list.is_complete, "{n}");
            assert_eq!(fake.seen().len(), requests, "{n}");
        }
    }

    #[tokio::test]
    async fn many_who_joined_at_once_are_told_as_incomplete() {
        let rows: Vec<Value> = (1..=250).map(|n| row(n, 0)).collect();
        let fake = FakePlanet::start(move |seen, _| page(&rows, seen)).await;
        let list = fake.planet().members().await.unwrap();
        assert_eq!(list.members.len(), 200);
        assert!(!list.is_complete);
    }

    #[tokio::test]
    async fn one_member_with_and_without_optional_fields() {
        let full = row(7, 1);
        let fake = FakePlanet::start(move |_, _| Reply::data(&json!({"member": full}))).await;
        let member = fake.planet().member(300_000_000_000_007).await.unwrap();
        assert_eq!(member.number, Some(7));
        assert_eq!(member.joined_at, Some(at(1_000)));
        assert_eq!(
            member.expires_at.unwrap().to_rfc3339(),
            "2286-11-20T17:46:39+00:00"
        );
        assert_eq!(member.status, "joined");
        let other = fake.planet().member(300_000_000_000_009).await.unwrap_err();
        assert!(
            matches!(other, Error::Protocol { call: ONE_CALL, .. }),
            "{other:?}"
        );

        let fake =
            FakePlanet::start(|_, _| Reply::data(&json!({"member": {"user_id": "3"}}))).await;
        let bare = fake.planet().member(3).await.unwrap();
        assert_eq!((bare.user_id, bare.number, bare.joined_at), (3, None, None));
    }
}

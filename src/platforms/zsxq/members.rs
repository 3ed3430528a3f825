//! The roster of the planet: the only place where an account meets its member number (zsxq §4.1).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Planet;
use super::error::Error;
use super::time::to_query;
use super::wire::{WireUser, optional_id, optional_instant, text};

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
    /// False when the planet kept repeating a full page, so that older members may be missing.
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
        for _ in 0..MAX_PAGES {
            let path = format!(
                "/v2/groups/{}/members?count={PAGE_ROWS}&scope=all&sort=join_time&order=desc{cursor}",
                self.group_id
            );
            let page = self
                .transport
                .get::<MembersAnswer>(LIST_CALL, &path)
                .await?
                .members;
            let is_full = page.len() >= PAGE_ROWS;
            let oldest = page.iter().rev().find_map(|row| row.join_time);
            let known = members.len();
            let fresh = page
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
                        is_complete: !is_full,
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
struct MembersAnswer {
    members: Vec<WireMember>,
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

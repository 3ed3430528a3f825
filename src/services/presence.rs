//! Who of a camp has checked in on a day, and who has not, as the posts have it.

use chrono::NaiveDate;

use crate::domain::staff::Actor;
use crate::domain::{Action, Timestamp};
use crate::store::camps::Camp;
use crate::store::members::{self, Member};
use crate::store::{Conn, syncs};

use super::rows::readable;
use super::{Context, Result, require};

/// Who has come on a day.
#[derive(Debug, Clone)]
pub struct Presence {
    pub day: NaiveDate,
    /// As of when the posts were read; none where they never were as a whole.
    pub as_of: Option<Timestamp>,
    /// Members who have checked in.
    pub came: i64,
    /// Those who have not, as far as their account is known.
    pub absent: Vec<Member>,
    /// Members of whom no account is known, so that nobody can say.
    pub unknown: i64,
}

impl Presence {
    /// As of when who has come is known; none where the posts were read before that day only, since
    /// then nobody can say.
    #[must_use]
    pub fn known_at(&self) -> Option<Timestamp> {
        self.as_of.filter(|at| is_of_day(*at, self.day))
    }
}

/// True for a reading that tells of a day: a check-in of the evening before says nothing about it.
pub(super) fn is_of_day(read_at: Timestamp, day: NaiveDate) -> bool {
    read_at.shanghai_day() >= day
}

/// Reads who of a camp has checked in on a day that is one of their own terms.
///
/// # Errors
/// [`super::Error::Forbidden`] unless `actor` may see the camp.
pub async fn on(ctx: &Context, actor: &Actor, camp: &Camp, day: NaiveDate) -> Result<Presence> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, camp.id).await?;
    of_camp(&mut conn, camp, day).await
}

/// The same, for who has been asked about the right before.
pub(super) async fn of_camp(conn: &mut Conn, camp: &Camp, day: NaiveDate) -> Result<Presence> {
    let as_of = match camp.posts_sync {
        Some(id) => syncs::by_id(conn, id).await?.map(|run| run.started_at),
        None => None,
    };
    let expected = readable(members::expected_on(conn, camp.id, day).await?);
    let came = members::came_on(conn, camp.id, day).await?;
    let (known, unknown): (Vec<Member>, Vec<Member>) = expected
        .into_iter()
        .partition(|member| member.identity.planet_user_id.is_some());
    let all = known.len();
    let absent: Vec<Member> = known
        .into_iter()
        .filter(|member| !came.contains(&member.id))
        .collect();
    let count = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
    Ok(Presence {
        day,
        as_of,
        came: count(all - absent.len()),
        absent,
        unknown: count(unknown.len()),
    })
}

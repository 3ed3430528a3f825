//! Lists of check-ins.

use chrono::NaiveDate;

use crate::domain::shown_name::shown_name;
use crate::domain::{CampId, CheckInSource, PlanetUserId, UserId};

use super::StoreResult;
use super::filter::{Bind, Conditions, typed};
use super::listing::{Key, ListSql, Order, listing};
use super::member_search::{self, Fit};

statements! {
    // A check-in of which the day alone is known stands behind the others of its day.
    LIST_HEAD = "SELECT r.camp_id, t.name AS camp_name, t.total_days AS camp_days, \
                 r.planet_user_id, u.nickname AS planet_nickname, m.id AS member_id, \
                 m.planet_nickname AS member_nickname, m.wechat_nickname, \
                 m.checked_in_days, m.eligible, r.day, r.checked_in_at, r.summary, r.source \
                 FROM checkin_record r JOIN training_camp t ON t.id = r.camp_id \
                 LEFT JOIN camp_member m ON m.camp_id = r.camp_id \
                 AND m.planet_user_id = r.planet_user_id AND m.match_status = 'matched' \
                 LEFT JOIN planet_user u ON u.planet_user_id = r.planet_user_id WHERE TRUE";
}

/// The check-ins that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct CheckInFilter {
    pub camp: Option<CampId>,
    /// Of the camps that somebody leads or serves.
    pub staffed_by: Option<UserId>,
    /// Of the members whom this means, or of the account with this id.
    pub text: Option<String>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, inclusive.
    pub to: Option<NaiveDate>,
}

/// A check-in as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ListedCheckIn {
    pub camp_id: i64,
    pub camp_name: String,
    /// The days of the camp's project.
    pub camp_days: i64,
    pub planet_user_id: i64,
    /// Its nickname, where a sync or the roster has named it.
    pub planet_nickname: Option<String>,
    /// The member of the camp who is known to be that account.
    pub member_id: Option<i64>,
    member_nickname: Option<String>,
    wechat_nickname: Option<String>,
    /// The member's days that count, without grace.
    pub checked_in_days: Option<i64>,
    /// Whether the member's days suffice.
    pub eligible: Option<bool>,
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Microseconds.
    pub checked_in_at: Option<i64>,
    /// The beginning of the post.
    pub summary: Option<String>,
    #[sqlx(try_from = "String")]
    pub source: CheckInSource,
}

impl ListedCheckIn {
    /// The name by which people read of whoever checked in.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let nicknames = [
            &self.planet_nickname,
            &self.member_nickname,
            &self.wechat_nickname,
        ];
        let nicknames = nicknames.map(|nickname| nickname.as_deref().unwrap_or_default());
        shown_name(&nicknames, None, Some(PlanetUserId(self.planet_user_id)))
    }

    /// The member's days of the camp's, in percent.
    #[must_use]
    pub fn rate(&self) -> Option<i64> {
        let days = self.checked_in_days?;
        (self.camp_days > 0).then(|| days * 100 / self.camp_days)
    }
}

listing!(CheckInFilter => ListedCheckIn);

impl ListSql for CheckInFilter {
    type Row = ListedCheckIn;
    type Item = ListedCheckIn;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM checkin_record r WHERE TRUE";
    const ID: &'static str = "r.camp_id, r.planet_user_id, r.day";
    const ORDER: Order = Order::Descending(&[
        "r.day",
        "COALESCE(r.checked_in_at, 0)",
        "r.camp_id",
        "r.planet_user_id",
    ]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp {
            conditions.value("AND r.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND r.camp_id", user);
        }
        if let Some(from) = self.from {
            conditions.value("AND r.day >= ", Bind::Text(from.to_string()), "");
        }
        if let Some(to) = self.to {
            conditions.value("AND r.day <= ", Bind::Text(to.to_string()), "");
        }
        if let Some(text) = typed(self.text.as_deref()) {
            search(&mut conditions, text);
        }
        conditions
    }

    fn key(row: &ListedCheckIn) -> Key {
        Key(vec![
            Bind::Text(row.day.clone()),
            Bind::Number(row.checked_in_at.unwrap_or(0)),
            Bind::Number(row.camp_id),
            Bind::Number(row.planet_user_id),
        ])
    }

    fn read(row: ListedCheckIn) -> StoreResult<ListedCheckIn> {
        Ok(row)
    }
}

/// Who checked in may be no member yet: an account is found by its id all the same.
fn search(conditions: &mut Conditions, text: &str) {
    conditions.fixed("AND (");
    if let Ok(account) = text.parse() {
        conditions.value("r.planet_user_id = ", Bind::Number(account), " OR");
    }
    conditions.fixed(
        "(r.camp_id, r.planet_user_id) IN (SELECT m.camp_id, m.planet_user_id \
         FROM camp_member m WHERE m.match_status = 'matched' AND",
    );
    member_search::meant(conditions, text, Fit::Part);
    conditions.fixed("))");
}

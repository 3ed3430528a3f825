//! The list of refunds as staff filter it.

use crate::domain::shown_name::shown_name;
use crate::domain::{CampId, Fen, RefundFlag, RefundStatus, Timestamp, UserId};
use crate::store::filter::{Bind, Conditions, typed};
use crate::store::listing::{Key, ListSql, Order, listing};
use crate::store::member_search::{self, Fit, ORDER_PREFIX};
use crate::store::{StoreError, StoreResult};

use super::LIST_HEAD;
use super::Refund;
use super::row::RefundRow;

/// The beginning of every refund number of ours.
const REFUND_PREFIX: &str = "rfd_";

/// The refunds that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<RefundStatus>,
    pub camp: Option<CampId>,
    /// At least this sure.
    pub min_confidence: Option<i64>,
    /// Only those that one click may approve.
    pub only_clear: bool,
    /// Only those that carry this flag.
    pub flag: Option<RefundFlag>,
    /// At least so much.
    pub min_fen: Option<i64>,
    /// At most so much.
    pub max_fen: Option<i64>,
    /// Order or refund number, or part of a nickname.
    pub text: Option<String>,
    /// Proposed at or after.
    pub from: Option<Timestamp>,
    /// Proposed before.
    pub until: Option<Timestamp>,
    /// Only of the camps that this person leads or serves.
    pub staffed_by: Option<UserId>,
}

/// A refund with its member's names.
#[derive(Debug, Clone)]
pub struct Listed {
    pub refund: Refund,
    /// 星球昵称, of the member or else as the order claims it; empty where neither is known.
    pub planet_nickname: String,
    /// 微信昵称, likewise.
    pub wechat_nickname: String,
    /// What was to be paid; none for an order that we do not know.
    pub due: Option<Fen>,
}

impl Listed {
    /// The name by which people read of the member.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let nicknames = [&*self.planet_nickname, &*self.wechat_nickname];
        shown_name(&nicknames, None, self.refund.proposal.planet_user_id)
    }
}

#[derive(sqlx::FromRow)]
pub(in crate::store) struct ListedRow {
    #[sqlx(flatten)]
    refund: RefundRow,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    due_fen: Option<i64>,
}

listing!(Filter => Listed);

impl ListSql for Filter {
    type Row = ListedRow;
    type Item = Listed;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM refund_record r WHERE TRUE";
    const ID: &'static str = "r.id";
    const ORDER: Order = Order::Descending(&["r.id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(status) = self.status {
            let word = status.as_str().to_owned();
            conditions.value("AND r.status = ", Bind::Text(word), "");
        }
        if let Some(camp) = self.camp {
            conditions.value("AND r.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(least) = self.min_confidence {
            conditions.value("AND r.confidence >= ", Bind::Number(least), "");
        }
        if let Some(flag) = self.flag {
            // Words with a comma between, none of which is a part of another.
            conditions.holds("AND r.flags LIKE ", flag.as_str(), "");
        }
        if let Some(least) = self.min_fen {
            conditions.value("AND r.amount_fen >= ", Bind::Number(least), "");
        }
        if let Some(most) = self.max_fen {
            conditions.value("AND r.amount_fen <= ", Bind::Number(most), "");
        }
        if self.only_clear {
            conditions.fixed("AND r.is_clear");
        }
        if let Some(from) = self.from {
            conditions.value("AND r.created_at >= ", Bind::Number(from.micros()), "");
        }
        if let Some(until) = self.until {
            conditions.value("AND r.created_at < ", Bind::Number(until.micros()), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND r.camp_id", user);
        }
        if let Some(text) = typed(self.text.as_deref()) {
            search(&mut conditions, text);
        }
        conditions
    }

    fn key(row: &ListedRow) -> Key {
        Key(vec![Bind::Number(row.refund.id)])
    }

    fn read(row: ListedRow) -> StoreResult<Listed> {
        let refund: Refund = row.refund.try_into()?;
        let bad = |_| StoreError::Inconsistent {
            table: "payment_record",
            id: refund.payment_id.0,
            what: "amount_fen".to_owned(),
        };
        Ok(Listed {
            due: row.due_fen.map(Fen::new).transpose().map_err(bad)?,
            refund,
            planet_nickname: row.planet_nickname.unwrap_or_default(),
            wechat_nickname: row.wechat_nickname.unwrap_or_default(),
        })
    }
}

/// Numbers of ours are looked up as they are; anything else means a member.
fn search(conditions: &mut Conditions, text: &str) {
    let number = || Bind::Text(text.to_owned());
    if text.starts_with(ORDER_PREFIX) {
        conditions.value("AND r.order_no = ", number(), "");
    } else if text.starts_with(REFUND_PREFIX) {
        conditions.value("AND r.refund_no = ", number(), "");
    } else {
        conditions.fixed("AND r.member_id IN (SELECT m.id FROM camp_member m WHERE");
        member_search::meant(conditions, text, Fit::Part);
        conditions.fixed(")");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flag_is_a_part_of_another() {
        for flag in RefundFlag::ALL {
            let others = RefundFlag::ALL.iter().filter(|other| *other != flag);
            let longer: Vec<_> = others
                .filter(|other| other.as_str().contains(flag.as_str()))
                .collect();
            assert!(longer.is_empty(), "{flag} is found in {longer:?}");
        }
    }
}

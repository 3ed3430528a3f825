//! The one search for members, by what people type: a name, an order, or a number. The console's
//! lists and the chat both go by it.

use crate::domain::CampId;

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::members::{Member, MemberRow, select_member};
use super::{Rows, StoreResult};

/// The beginning of every order number of ours.
pub(super) const ORDER_PREFIX: &str = "ord_";

statements! {
    FOUND_HEAD = select_member!("m WHERE TRUE");
}

/// The part of a name that has to be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Any part of it.
    Part,
    /// All of it.
    Whole,
}

/// Adds that a member (`m`) is meant by a text. An order number is looked up as it is, anything
/// else among the names. A number may besides be what a person means by 星球ID: the account, its
/// 成员编号, or what they typed when they paid.
pub(super) fn meant(conditions: &mut Conditions, text: &str, fit: Fit) {
    let text = text.trim();
    if text.starts_with(ORDER_PREFIX) {
        let before = "m.payment_id IN (SELECT id FROM payment_record WHERE order_no = ";
        conditions.value(before, Bind::Text(text.to_owned()), ")");
        return;
    }
    conditions.fixed("(");
    if let Ok(number) = text.parse::<i64>() {
        conditions.value("m.planet_user_id = ", Bind::Number(number), "");
        let of_number = "OR m.planet_user_id IN (SELECT planet_user_id FROM planet_user \
                         WHERE member_number = ";
        conditions.value(of_number, Bind::Number(number), ")");
        let typed = "OR m.payment_id IN (SELECT id FROM payment_record WHERE claimed_planet_id = ";
        conditions.value(typed, Bind::Text(number.to_string()), ") OR");
    }
    match fit {
        Fit::Part => conditions.contains("m.names_folded LIKE ", text, ""),
        Fit::Whole => conditions.names("m.names_folded", text),
    }
    conditions.fixed(")");
}

/// Finds the members of a camp whom a text means, the oldest first; those called exactly so alone,
/// if there are any.
pub async fn in_camp(
    conn: &mut Conn,
    camp: CampId,
    text: &str,
    limit: i64,
) -> StoreResult<Rows<Member>> {
    for fit in [Fit::Whole, Fit::Part] {
        let mut conditions = Conditions::default();
        conditions.value("AND m.camp_id = ", Bind::Number(camp.0), "");
        conditions.fixed("AND");
        meant(&mut conditions, text, fit);
        conditions.value("ORDER BY m.id LIMIT ", Bind::Number(limit), "");
        // Only constants of ours make up the text; what people typed is bound.
        let sql = sqlx::AssertSqlSafe(conditions.statement(FOUND_HEAD, ""));
        let found: Vec<MemberRow> =
            run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
        if !found.is_empty() {
            return Ok(found.into_iter().map(Member::try_from).collect());
        }
    }
    Ok(Rows::default())
}

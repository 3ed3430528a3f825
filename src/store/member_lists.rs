//! Lists of members with what staff want to see beside them: the order, its binding, the refund.

use crate::domain::{
    BindMethod, BindStatus, CampId, MatchStatus, MemberId, PlanetUserId, RefundStatus, UnknownWord,
    UserId,
};

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::members::Identity;
use super::{StoreError, StoreResult};

const TABLE: &str = "camp_member";
/// What every order number of ours begins with.
const ORDER_PREFIX: &str = "ord_";

macro_rules! select_listed {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.camp_id, p.order_no, m.planet_user_id, m.planet_nickname, ",
            "m.wechat_nickname, m.match_status, m.confidence, m.match_reasons, m.looked_at_by, ",
            "p.bind_status, p.bind_method, m.joined, m.checked_in_days, m.eligible, r.status AS refund_status ",
            "FROM camp_member m JOIN payment_record p ON p.id = m.payment_id ",
            "LEFT JOIN refund_record r ON r.payment_id = p.id AND r.replaced_by IS NULL ",
            $tail
        )
    };
}

statements! {
    LIST_HEAD = select_listed!("WHERE TRUE");
    COUNT_HEAD = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member m WHERE TRUE";
    ONE = select_listed!("WHERE m.id = $1");
    HISTORY = "SELECT 'match' AS what, id, from_status, to_status, operator, reason, created_at \
               FROM member_status_log WHERE member_id = $1 \
               UNION ALL \
               SELECT 'binding' AS what, id, from_status, to_status, operator, reason, created_at \
               FROM payment_bind_status_log \
               WHERE payment_id = (SELECT payment_id FROM camp_member WHERE id = $1) \
               ORDER BY created_at, what, id LIMIT 200";
}

/// Which members are listed.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// Of one camp.
    pub camp_id: Option<CampId>,
    /// Known, asked about, or given up by the machine.
    pub match_status: Option<MatchStatus>,
    /// In the group or not.
    pub joined: Option<bool>,
    /// Part of a name, an order number, an account of the planet or its 成员编号.
    pub text: Option<String>,
    /// Of camps led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// A member as lists show them.
#[derive(Debug, Clone)]
pub struct ListedMember {
    /// Their row.
    pub id: MemberId,
    /// The camp.
    pub camp_id: CampId,
    /// The order that made them.
    pub order_no: String,
    /// How they are identified.
    pub identity: Identity,
    /// Whether that is sure.
    pub match_status: MatchStatus,
    /// Where the binding is in its life.
    pub bind_status: BindStatus,
    /// How they were bound.
    pub bind_method: Option<BindMethod>,
    /// Whether they have joined the group.
    pub joined: bool,
    /// Days by the sync that decides, without grace.
    pub checked_in_days: i64,
    /// Whether those suffice.
    pub eligible: bool,
    /// Where their refund is; none while there is none.
    pub refund_status: Option<RefundStatus>,
}

/// One move of a member's match or binding.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MemberEvent {
    /// `match` or `binding`.
    pub what: String,
    /// Where it stood; none at its beginning.
    pub from_status: Option<String>,
    /// Where it went.
    pub to_status: String,
    /// A staff member's name, `member`, `wechat_pay`, or the job that did it.
    pub operator: String,
    /// Why, in a few words.
    pub reason: String,
    /// Microseconds.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    id: i64,
    camp_id: i64,
    order_no: String,
    planet_user_id: Option<i64>,
    planet_nickname: String,
    wechat_nickname: String,
    match_status: String,
    confidence: i64,
    match_reasons: String,
    looked_at_by: Option<i64>,
    bind_status: String,
    bind_method: Option<String>,
    joined: bool,
    checked_in_days: i64,
    eligible: bool,
    refund_status: Option<String>,
}

impl ListedRow {
    fn bad(&self, what: impl ToString) -> StoreError {
        StoreError::Inconsistent {
            table: TABLE,
            id: self.id,
            what: what.to_string(),
        }
    }

    fn word<T: std::str::FromStr<Err = UnknownWord>>(&self, word: &str) -> StoreResult<T> {
        word.parse()
            .map_err(|unknown: UnknownWord| self.bad(unknown))
    }
}

impl TryFrom<ListedRow> for ListedMember {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> StoreResult<Self> {
        let reasons = serde_json::from_str(&row.match_reasons).map_err(|error| row.bad(error))?;
        let bind_method = row.bind_method.as_deref().map(|word| row.word(word));
        let refund_status = row.refund_status.as_deref().map(|word| row.word(word));
        Ok(Self {
            id: MemberId(row.id),
            camp_id: CampId(row.camp_id),
            match_status: row.word(&row.match_status)?,
            bind_status: row.word(&row.bind_status)?,
            bind_method: bind_method.transpose()?,
            refund_status: refund_status.transpose()?,
            joined: row.joined,
            checked_in_days: row.checked_in_days,
            eligible: row.eligible,
            order_no: row.order_no,
            identity: Identity {
                planet_user_id: row.planet_user_id.map(PlanetUserId),
                planet_nickname: row.planet_nickname,
                wechat_nickname: row.wechat_nickname,
                confidence: row.confidence,
                reasons,
                looked_at_by: row.looked_at_by.map(UserId),
            },
        })
    }
}

impl MemberFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp_id {
            conditions.value("AND m.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(status) = self.match_status {
            let word = status.as_str().to_owned();
            conditions.value("AND m.match_status = ", Bind::Text(word), "");
        }
        match self.joined {
            Some(true) => conditions.fixed("AND m.joined"),
            Some(false) => conditions.fixed("AND NOT m.joined"),
            None => {}
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND m.camp_id", user);
        }
        if let Some(text) = self.text.as_deref().map(str::trim) {
            search(&mut conditions, text);
        }
        conditions
    }
}

/// An order number is looked up as it is, anything else among the names. A number may besides be
/// what a person means by 星球ID: the account, its 成员编号, or what they typed when they paid.
fn search(conditions: &mut Conditions, text: &str) {
    if text.starts_with(ORDER_PREFIX) {
        let order_no = Bind::Text(text.to_owned());
        let before = "AND m.payment_id IN (SELECT id FROM payment_record WHERE order_no = ";
        conditions.value(before, order_no, ")");
    } else if let Ok(number) = text.parse::<i64>() {
        conditions.value("AND (m.planet_user_id = ", Bind::Number(number), "");
        let of_number = "OR m.planet_user_id IN (SELECT planet_user_id FROM planet_user \
                         WHERE member_number = ";
        conditions.value(of_number, Bind::Number(number), ")");
        let typed = "OR m.payment_id IN (SELECT id FROM payment_record WHERE claimed_planet_id = ";
        conditions.value(typed, Bind::Text(number.to_string()), ")");
        conditions.contains("OR m.names_folded LIKE ", text, ")");
    } else if !text.is_empty() {
        conditions.contains("AND m.names_folded LIKE ", text, "");
    }
}

/// A page of the members that a filter lets through, the newest first, and how many there are.
pub async fn list(
    conn: &mut Conn,
    filter: &MemberFilter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<ListedMember>, i64)> {
    let conditions = filter.conditions();
    let tail = format!("ORDER BY m.id DESC LIMIT {limit} OFFSET {offset}");
    // Only constants and numbers of ours make up the text; what people typed is bound.
    let page = sqlx::AssertSqlSafe(conditions.statement(LIST_HEAD, &tail));
    let count = sqlx::AssertSqlSafe(conditions.statement(COUNT_HEAD, ""));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    let rows: Vec<ListedRow> =
        run!(conn, c => bind_all!(sqlx::query_as(page), conditions).fetch_all(c).await)?;
    let members: StoreResult<_> = rows.into_iter().map(ListedMember::try_from).collect();
    Ok((members?, total))
}

/// One member as lists show them.
pub async fn one(conn: &mut Conn, id: MemberId) -> StoreResult<Option<ListedMember>> {
    let row: Option<ListedRow> =
        run!(conn, c => sqlx::query_as(ONE).bind(id.0).fetch_optional(c).await)?;
    row.map(ListedMember::try_from).transpose()
}

/// How a member's match and binding came to be what they are, from the beginning.
pub async fn history(conn: &mut Conn, id: MemberId) -> StoreResult<Vec<MemberEvent>> {
    Ok(run!(conn, c => sqlx::query_as(HISTORY).bind(id.0).fetch_all(c).await)?)
}

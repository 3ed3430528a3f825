//! Lists of members with what staff want to see beside them: the order, its binding, the refund.

use crate::domain::{
    BindMethod, BindStatus, CampId, CheckInSource, MatchStatus, MemberId, PlanetUserId,
    RefundStatus, Timestamp, UnknownWord, UserId,
};

use super::db::{Conn, run};
use super::filter::{Bind, Conditions, typed};
use super::listing::{Key, ListSql, Order, listing};
use super::member_search::{self, Fit};
use super::members::Identity;
use super::{StoreError, StoreResult};

const TABLE: &str = "camp_member";

macro_rules! select_listed {
    ($tail:literal) => {
        concat!(
            "SELECT m.id, m.camp_id, p.order_no, m.planet_user_id, m.planet_nickname, ",
            "m.wechat_nickname, m.match_status, m.confidence, m.match_reasons, m.looked_at_by, ",
            "p.bind_status, p.bind_method, m.joined, m.joined_said_at, m.left_at, m.checked_in_days, m.days_source, m.eligible, ",
            "r.status AS refund_status, t.name AS camp_name, p.paid_fen, p.paid_at, ",
            "(SELECT MAX(c.checked_in_at) FROM checkin_record c WHERE c.camp_id = m.camp_id ",
            "AND c.planet_user_id = m.planet_user_id) AS last_checkin_at ",
            "FROM camp_member m JOIN payment_record p ON p.id = m.payment_id ",
            "JOIN training_camp t ON t.id = m.camp_id ",
            "LEFT JOIN refund_record r ON r.payment_id = p.id AND r.replaced_by IS NULL ",
            $tail
        )
    };
}

statements! {
    LIST_HEAD = select_listed!("WHERE TRUE");
    ONE = select_listed!("WHERE m.id = $1");
    HISTORY = "SELECT 'match' AS what, id, from_status, to_status, operator, reason, created_at \
               FROM member_status_log WHERE member_id = $1 \
               UNION ALL \
               SELECT 'binding' AS what, id, from_status, to_status, operator, reason, created_at \
               FROM payment_bind_status_log \
               WHERE payment_id = (SELECT payment_id FROM camp_member WHERE id = $1) \
               ORDER BY created_at, what, id LIMIT 200";
}

/// The members that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    pub camp_id: Option<CampId>,
    /// Known, asked about, or given up by the machine.
    pub match_status: Option<MatchStatus>,
    /// In the group or not.
    pub joined: Option<bool>,
    /// Whose days suffice, or do not.
    pub eligible: Option<bool>,
    /// Part of a name, an order number, an account of the planet or its 成员编号.
    pub text: Option<String>,
    /// Of camps led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// A member as lists show them.
#[derive(Debug, Clone)]
pub struct ListedMember {
    pub id: MemberId,
    pub camp_id: CampId,
    pub camp_name: String,
    pub order_no: String,
    /// In fen; none where it was paid in another currency.
    pub paid_fen: Option<i64>,
    pub paid_at: Option<Timestamp>,
    /// Their newest check-in whose time is known.
    pub last_checkin_at: Option<Timestamp>,
    /// How they are identified.
    pub identity: Identity,
    pub match_status: MatchStatus,
    /// Where the binding is in its life.
    pub bind_status: BindStatus,
    pub bind_method: Option<BindMethod>,
    /// Whether they are in the group; none while nobody has said so or otherwise.
    pub joined: Option<bool>,
    /// When somebody said that they are out again.
    pub left_at: Option<Timestamp>,
    /// The days that count, without grace.
    pub checked_in_days: i64,
    /// By whose word; none before anything was stated of them.
    pub days_source: Option<CheckInSource>,
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
pub(super) struct ListedRow {
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
    joined_said_at: Option<i64>,
    left_at: Option<i64>,
    checked_in_days: i64,
    days_source: Option<String>,
    eligible: bool,
    refund_status: Option<String>,
    camp_name: String,
    paid_fen: Option<i64>,
    paid_at: Option<i64>,
    last_checkin_at: Option<i64>,
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
        let days_source = row.days_source.as_deref().map(|word| row.word(word));
        let refund_status = row.refund_status.as_deref().map(|word| row.word(word));
        Ok(Self {
            id: MemberId(row.id),
            camp_id: CampId(row.camp_id),
            match_status: row.word(&row.match_status)?,
            bind_status: row.word(&row.bind_status)?,
            bind_method: bind_method.transpose()?,
            refund_status: refund_status.transpose()?,
            joined: (row.joined || row.joined_said_at.is_some()).then_some(row.joined),
            left_at: row.left_at.map(Timestamp::from_micros),
            checked_in_days: row.checked_in_days,
            days_source: days_source.transpose()?,
            eligible: row.eligible,
            order_no: row.order_no,
            camp_name: row.camp_name,
            paid_fen: row.paid_fen,
            paid_at: row.paid_at.map(Timestamp::from_micros),
            last_checkin_at: row.last_checkin_at.map(Timestamp::from_micros),
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

listing!(MemberFilter => ListedMember);

impl ListSql for MemberFilter {
    type Row = ListedRow;
    type Item = ListedMember;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM camp_member m WHERE TRUE";
    const ID: &'static str = "m.id";
    const ORDER: Order = Order::Descending(&["m.id"]);

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
        match self.eligible {
            Some(true) => conditions.fixed("AND m.eligible"),
            Some(false) => conditions.fixed("AND NOT m.eligible"),
            None => {}
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND m.camp_id", user);
        }
        if let Some(text) = typed(self.text.as_deref()) {
            conditions.fixed("AND");
            member_search::meant(&mut conditions, text, Fit::Part);
        }
        conditions
    }

    fn key(row: &ListedRow) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: ListedRow) -> StoreResult<ListedMember> {
        row.try_into()
    }
}

/// Reads one member as lists show them.
pub async fn one(conn: &mut Conn, id: MemberId) -> StoreResult<Option<ListedMember>> {
    let row: Option<ListedRow> =
        run!(conn, c => sqlx::query_as(ONE).bind(id.0).fetch_optional(c).await)?;
    row.map(ListedMember::try_from).transpose()
}

/// Reads how a member's match and binding came to be what they are, from the beginning.
pub async fn history(conn: &mut Conn, id: MemberId) -> StoreResult<Vec<MemberEvent>> {
    Ok(run!(conn, c => sqlx::query_as(HISTORY).bind(id.0).fetch_all(c).await)?)
}

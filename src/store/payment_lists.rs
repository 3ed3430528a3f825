//! Lists of payments for staff. Openids are not among the columns.

use crate::domain::{
    BindMethod, BindStatus, CampId, MemberId, OrderFlag, OrderStatus, PayChannel, PaymentId,
    Timestamp, UnknownWord, UserId,
};

use super::filter::{Bind, Conditions, typed};
use super::listing::{Key, ListSql, Order, listing};
use super::member_search::{self, Fit, ORDER_PREFIX};
use super::{StoreError, StoreResult};

const TABLE: &str = "payment_record";
/// A number of so many digits is WeChat Pay's (wechat-pay-v3 §4.4: 28 of them).
const TRANSACTION_DIGITS: usize = 20;

statements! {
    LIST_HEAD = "SELECT p.id, p.order_no, p.camp_id, p.member_id, m.planet_nickname, \
                 m.wechat_nickname, p.channel, p.status, p.flag, p.amount_fen, p.paid_fen, \
                 p.paid_at, p.transaction_id, p.bind_status, p.bind_method, p.created_at \
                 FROM payment_record p LEFT JOIN camp_member m ON m.id = p.member_id WHERE TRUE";
}

/// The payments that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    pub camp_id: Option<CampId>,
    pub status: Option<OrderStatus>,
    pub flag: Option<OrderFlag>,
    /// Part of a member's name, or a whole number: of an order, or WeChat Pay's.
    pub text: Option<String>,
    /// Paid (or, while unpaid, made) at this moment or later.
    pub from: Option<Timestamp>,
    /// Paid (or made) before this moment.
    pub before: Option<Timestamp>,
    /// Of camps led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// A payment as lists show it.
#[derive(Debug, Clone)]
pub struct ListedPayment {
    pub id: PaymentId,
    pub order_no: String,
    /// The camp; none for an unknown order.
    pub camp_id: Option<CampId>,
    pub member_id: Option<MemberId>,
    pub planet_nickname: Option<String>,
    pub wechat_nickname: Option<String>,
    /// How it is paid; none for an unknown order.
    pub channel: Option<PayChannel>,
    pub status: OrderStatus,
    pub flag: Option<OrderFlag>,
    pub amount_fen: i64,
    pub paid_fen: Option<i64>,
    pub paid_at: Option<Timestamp>,
    pub transaction_id: Option<String>,
    pub bind_status: BindStatus,
    pub bind_method: Option<BindMethod>,
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct ListedRow {
    id: i64,
    order_no: String,
    camp_id: Option<i64>,
    member_id: Option<i64>,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    channel: Option<String>,
    status: String,
    flag: Option<String>,
    amount_fen: i64,
    paid_fen: Option<i64>,
    paid_at: Option<i64>,
    transaction_id: Option<String>,
    bind_status: String,
    bind_method: Option<String>,
    created_at: i64,
}

impl ListedRow {
    fn word<T: std::str::FromStr<Err = UnknownWord>>(&self, word: &str) -> StoreResult<T> {
        word.parse()
            .map_err(|unknown: UnknownWord| StoreError::Inconsistent {
                table: TABLE,
                id: self.id,
                what: unknown.to_string(),
            })
    }

    fn given<T: std::str::FromStr<Err = UnknownWord>>(
        &self,
        word: Option<&str>,
    ) -> StoreResult<Option<T>> {
        word.map(|word| self.word(word)).transpose()
    }
}

impl TryFrom<ListedRow> for ListedPayment {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> StoreResult<Self> {
        Ok(Self {
            id: PaymentId(row.id),
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            channel: row.given(row.channel.as_deref())?,
            status: row.word(&row.status)?,
            flag: row.given(row.flag.as_deref())?,
            bind_status: row.word(&row.bind_status)?,
            bind_method: row.given(row.bind_method.as_deref())?,
            amount_fen: row.amount_fen,
            paid_fen: row.paid_fen,
            paid_at: row.paid_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
            planet_nickname: row.planet_nickname,
            wechat_nickname: row.wechat_nickname,
            transaction_id: row.transaction_id,
            order_no: row.order_no,
        })
    }
}

listing!(PaymentFilter => ListedPayment);

impl ListSql for PaymentFilter {
    type Row = ListedRow;
    type Item = ListedPayment;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM payment_record p WHERE TRUE";
    const ID: &'static str = "p.id";
    const ORDER: Order = Order::Descending(&["p.id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp_id {
            conditions.value("AND p.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(status) = self.status {
            let word = status.as_str().to_owned();
            conditions.value("AND p.status = ", Bind::Text(word), "");
        }
        if let Some(flag) = self.flag {
            let word = flag.as_str().to_owned();
            conditions.value("AND p.flag = ", Bind::Text(word), "");
        }
        let bounds = [
            ("AND COALESCE(p.paid_at, p.created_at) >= ", self.from),
            ("AND COALESCE(p.paid_at, p.created_at) < ", self.before),
        ];
        for (before, bound) in bounds {
            if let Some(at) = bound {
                conditions.value(before, Bind::Number(at.micros()), "");
            }
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND p.camp_id", user);
        }
        if let Some(text) = typed(self.text.as_deref()) {
            search(&mut conditions, text);
        }
        conditions
    }

    fn key(row: &ListedRow) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: ListedRow) -> StoreResult<ListedPayment> {
        row.try_into()
    }
}

/// A number of ours or of WeChat Pay is looked up as it is. Anything else may mean a member, or be
/// the whole number of an order that is not ours.
fn search(conditions: &mut Conditions, text: &str) {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = || Bind::Text(text.to_owned());
    if text.starts_with(ORDER_PREFIX) {
        conditions.value("AND p.order_no = ", whole(), "");
    } else if is_number && text.len() >= TRANSACTION_DIGITS {
        conditions.value("AND (p.transaction_id = ", whole(), "");
        conditions.value("OR p.order_no = ", whole(), ")");
    } else {
        conditions.value("AND (p.order_no = ", whole(), "");
        conditions.fixed("OR p.member_id IN (SELECT m.id FROM camp_member m WHERE");
        member_search::meant(conditions, text, Fit::Part);
        conditions.fixed("))");
    }
}

//! A row of `payment_record` and what it means.

use crate::domain::promise::Promise;
use crate::domain::{
    BindMethod, BindStatus, CampId, CampStatus, Fen, MemberId, OrderFlag, OrderStatus, PayChannel,
    PaymentId, PlanetUserId, Terms, Timestamp, UnknownWord,
};
use crate::store::{Sealed, StoreError, StoreResult};

use super::{PayMeans, Payer, PlanetClaim, PromiseColumns, TABLE, TermsColumns};

/// The columns of [`PaymentRow`].
macro_rules! payment_columns {
    () => {
        concat!(
            "id, order_no, camp_id, member_id, session_hash, channel, status, flag, ",
            "amount_fen, paid_fen, paid_at, transaction_id, openid, openid_mac, wecom_userid, ",
            "start_date, end_date, total_days, required_days, grace_days, promise_list_by, ",
            "promise_decision_by, promise_money_days, claimed_planet_id, ",
            "claimed_nickname, wechat_nickname, signed_user_id, bind_status, bind_method, ",
            "bind_deadline, prepay_id, code_url, h5_url, payer_ip, prepared_at, ",
            "expires_at, queries, asked_at, rested_at, created_at"
        )
    };
}
pub(super) use payment_columns;

/// The columns of [`PaymentRow`], with a tail of one's own.
macro_rules! select_payment {
    ($tail:literal) => {
        concat!(
            "SELECT ",
            payment_columns!(),
            " FROM payment_record ",
            $tail
        )
    };
}
pub(super) use select_payment;

/// A payment attempt as it stands.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Its row.
    pub id: PaymentId,
    /// Our number at WeChat Pay; for an unknown order, whatever WeChat Pay named.
    pub order_no: String,
    /// The camp; none for an unknown order.
    pub camp_id: Option<CampId>,
    /// The member that it made.
    pub member_id: Option<MemberId>,
    /// The session that ordered.
    pub session_hash: Option<Vec<u8>>,
    /// How it is paid; none for an unknown order.
    pub channel: Option<PayChannel>,
    /// Where the order is in its life.
    pub status: OrderStatus,
    /// What is wrong with it.
    pub flag: Option<OrderFlag>,
    /// What was asked for.
    pub amount: Fen,
    /// What was paid.
    pub paid: Option<Fen>,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// WeChat Pay's number.
    pub transaction_id: Option<String>,
    /// Who pays.
    pub payer: Option<Payer>,
    /// Their account, if they are a member of the corp.
    pub wecom_userid: Option<String>,
    /// The rules agreed to; none for an unknown order.
    pub terms: Option<Terms>,
    /// What was promised with them.
    pub promise: Option<Promise>,
    /// Who the payer says to be.
    pub claim: PlanetClaim,
    /// Where the binding is in its life.
    pub bind_status: BindStatus,
    /// How it was bound.
    pub bind_method: Option<BindMethod>,
    /// Until when the member may bind.
    pub bind_deadline: Option<Timestamp>,
    /// What the member pages need to have it paid.
    pub means: PayMeans,
    /// The payer's address, for the h5 channel.
    pub payer_ip: Option<String>,
    /// When `means` were given, by the wall.
    pub prepared_at: Option<Timestamp>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// How often WeChat Pay has been asked about it.
    pub queries: i64,
    /// When the payer's page last had WeChat Pay asked about it.
    pub asked_at: Option<Timestamp>,
    /// Since when nothing of it is in custody any more.
    pub rested_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An order whose payment is to be confirmed, with what that rests on.
#[derive(Debug, Clone)]
pub struct ToConfirm {
    /// The order.
    pub order: Payment,
    /// Where its camp is in its life; none if it has no camp, or the camp was deleted.
    pub camp_status: Option<CampStatus>,
    /// The appid that it was made for; none where nobody kept it.
    pub app_id: Option<String>,
    /// Whether the payer holds a place in the camp by an earlier payment.
    pub payer_has_place: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct ToConfirmRow {
    #[sqlx(flatten)]
    payment: PaymentRow,
    app_id: Option<String>,
    camp_status: Option<String>,
    payer_has_place: bool,
}

impl TryFrom<ToConfirmRow> for ToConfirm {
    type Error = StoreError;

    fn try_from(row: ToConfirmRow) -> StoreResult<Self> {
        let status = row.camp_status.as_deref();
        Ok(Self {
            camp_status: status.map(|word| row.payment.word(word)).transpose()?,
            app_id: row.app_id,
            payer_has_place: row.payer_has_place,
            order: row.payment.try_into()?,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct PaymentRow {
    id: i64,
    order_no: String,
    camp_id: Option<i64>,
    member_id: Option<i64>,
    session_hash: Option<Vec<u8>>,
    channel: Option<String>,
    status: String,
    flag: Option<String>,
    amount_fen: i64,
    paid_fen: Option<i64>,
    paid_at: Option<i64>,
    transaction_id: Option<String>,
    openid: Option<Vec<u8>>,
    openid_mac: Option<Vec<u8>>,
    wecom_userid: Option<String>,
    #[sqlx(flatten)]
    terms: TermsColumns,
    #[sqlx(flatten)]
    promise: PromiseColumns,
    claimed_planet_id: Option<String>,
    claimed_nickname: Option<String>,
    wechat_nickname: Option<String>,
    signed_user_id: Option<i64>,
    bind_status: String,
    bind_method: Option<String>,
    bind_deadline: Option<i64>,
    prepay_id: Option<String>,
    code_url: Option<String>,
    h5_url: Option<String>,
    payer_ip: Option<String>,
    prepared_at: Option<i64>,
    expires_at: i64,
    queries: i64,
    asked_at: Option<i64>,
    rested_at: Option<i64>,
    created_at: i64,
}

impl PaymentRow {
    fn bad(&self, what: &str) -> StoreError {
        StoreError::Inconsistent {
            table: TABLE,
            id: self.id,
            what: what.to_owned(),
        }
    }

    fn word<T: std::str::FromStr<Err = UnknownWord>>(&self, word: &str) -> StoreResult<T> {
        word.parse()
            .map_err(|unknown: UnknownWord| self.bad(&unknown.to_string()))
    }
}

impl TryFrom<PaymentRow> for Payment {
    type Error = StoreError;

    fn try_from(row: PaymentRow) -> StoreResult<Self> {
        let amount = Fen::new(row.amount_fen).map_err(|_| row.bad("amount_fen"))?;
        let paid = row
            .paid_fen
            .map(Fen::new)
            .transpose()
            .map_err(|_| row.bad("paid_fen"))?;
        let payer = match (row.openid.clone(), row.openid_mac.clone()) {
            (Some(openid), Some(openid_mac)) => Some(Payer {
                openid: Sealed(openid),
                openid_mac,
            }),
            (None, None) => None,
            _ => return Err(row.bad("openid without its MAC")),
        };
        Ok(Self {
            id: PaymentId(row.id),
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            channel: row
                .channel
                .as_deref()
                .map(|word| row.word(word))
                .transpose()?,
            status: row.word(&row.status)?,
            flag: row
                .flag
                .as_deref()
                .map(|word| row.word::<OrderFlag>(word))
                .transpose()?,
            amount,
            paid,
            paid_at: row.paid_at.map(Timestamp::from_micros),
            payer,
            terms: row.terms.with(amount).map_err(|what| row.bad(what))?,
            promise: row.promise.read().map_err(|what| row.bad(what))?,
            bind_status: row.word::<BindStatus>(&row.bind_status)?,
            bind_method: row
                .bind_method
                .as_deref()
                .map(|word| row.word::<BindMethod>(word))
                .transpose()?,
            bind_deadline: row.bind_deadline.map(Timestamp::from_micros),
            prepared_at: row.prepared_at.map(Timestamp::from_micros),
            expires_at: Timestamp::from_micros(row.expires_at),
            created_at: Timestamp::from_micros(row.created_at),
            queries: row.queries,
            asked_at: row.asked_at.map(Timestamp::from_micros),
            rested_at: row.rested_at.map(Timestamp::from_micros),
            claim: PlanetClaim {
                planet_id: row.claimed_planet_id,
                nickname: row.claimed_nickname,
                wechat_nickname: row.wechat_nickname,
                signed: row.signed_user_id.map(PlanetUserId),
            },
            means: PayMeans {
                prepay_id: row.prepay_id,
                code_url: row.code_url,
                h5_url: row.h5_url,
            },
            order_no: row.order_no,
            session_hash: row.session_hash,
            transaction_id: row.transaction_id,
            wecom_userid: row.wecom_userid,
            payer_ip: row.payer_ip,
        })
    }
}

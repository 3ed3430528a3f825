//! The facts behind a refund, read in one go: the payment, its member, what is stated of their days,
//! the calendar and who else claims the account.

use crate::domain::refund::{Appealed, Claimant, DecidingSync, Grounds, Posts};
use crate::domain::{
    AppealStatus, BindMethod, CampId, Fen, MatchStatus, MemberId, OrderStatus, PaymentId,
    PlanetUserId, SyncId, Terms, Timestamp, UnknownWord,
};
use crate::store::evidence::EvidenceColumns;
use crate::store::payments::TermsColumns;
use crate::store::{StoreError, StoreResult};

/// The columns of [`CaseRow`], with a tail of one's own; payments are `p`, members `m`.
macro_rules! select_case {
    ($tail:literal) => {
        concat!(
            "SELECT p.id, p.order_no, p.camp_id, p.status, p.flag, p.amount_fen, p.paid_fen, ",
            "p.transaction_id, p.paid_at, p.openid_mac, p.start_date, p.end_date, p.total_days, p.required_days, ",
            "p.grace_days, p.bind_method, p.refused_at, p.wecom_userid, t.name AS camp_name, ",
            "t.current_sync_id, t.posts_waived_at, f.closed_way IS NOT NULL AS is_settled, ",
            "m.id AS member_id, m.planet_user_id, m.planet_nickname, m.wechat_nickname, ",
            "m.match_status, m.confidence, m.match_reasons, f.rejected_before, ",
            evidence_columns!(),
            ", (SELECT CAST(COUNT(*) AS BIGINT) FROM checkin_record c ",
            "WHERE c.camp_id = m.camp_id AND c.planet_user_id = m.planet_user_id ",
            "AND c.source = 'post' AND c.day >= p.start_date AND c.day <= p.end_date) AS post_days, ",
            "(SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member o WHERE o.camp_id = m.camp_id ",
            "AND o.planet_user_id = m.planet_user_id AND o.id <> m.id ",
            "AND o.match_status <> 'failed' AND o.released_at IS NULL) AS rivals, ",
            "(SELECT CAST(COALESCE(SUM(l.amount_fen), 0) AS BIGINT) FROM ledger_transfer l ",
            "WHERE l.payment_id = p.id AND l.kind = 'plain' AND l.credit = 'returned') ",
            "AS returned_fen, ",
            // An open one comes after an accepted one in the alphabet too.
            "(SELECT MAX(w.status) FROM appeal w WHERE w.payment_id = p.id AND (w.status = 'open' ",
            "OR (w.status = 'accepted' AND w.kind <> 'day'))) AS appealed ",
            "FROM payment_record p ",
            "LEFT JOIN training_camp t ON t.id = p.camp_id ",
            "LEFT JOIN camp_member m ON m.id = p.member_id ",
            "LEFT JOIN refund_record f ON f.payment_id = p.id AND f.replaced_by IS NULL ",
            evidence_joins!(),
            $tail
        )
    };
}
pub(super) use select_case;

/// A payment with everything that a refund of it rests on.
#[derive(Debug, Clone)]
pub struct Case {
    /// The payment.
    pub payment_id: PaymentId,
    /// Its number.
    pub order_no: String,
    /// WeChat Pay's number of it. An order's second payment has no other.
    pub transaction_id: Option<String>,
    /// The camp; none for an unknown order.
    pub camp_id: Option<CampId>,
    /// The member that it made.
    pub member_id: Option<MemberId>,
    pub order_status: OrderStatus,
    pub paid_at: Option<Timestamp>,
    /// Since when the list says that the days do not suffice.
    pub refused_at: Option<Timestamp>,
    /// The payer has it by another way.
    pub is_settled: bool,
    /// The payer.
    pub openid_mac: Option<Vec<u8>>,
    /// The payer, where they are a member of the corp.
    pub wecom_userid: Option<String>,
    pub camp_name: Option<String>,
    /// The member's planet nickname; empty where there is no member.
    pub planet_nickname: String,
    /// The member's WeChat nickname; empty where there is no member.
    pub wechat_nickname: String,
    pub grounds: Grounds,
}

#[derive(sqlx::FromRow)]
pub(super) struct CaseRow {
    id: i64,
    order_no: String,
    transaction_id: Option<String>,
    camp_id: Option<i64>,
    status: String,
    flag: Option<String>,
    amount_fen: i64,
    paid_fen: Option<i64>,
    paid_at: Option<i64>,
    openid_mac: Option<Vec<u8>>,
    #[sqlx(flatten)]
    terms: TermsColumns,
    bind_method: Option<String>,
    refused_at: Option<i64>,
    wecom_userid: Option<String>,
    camp_name: Option<String>,
    is_settled: bool,
    current_sync_id: Option<i64>,
    posts_waived_at: Option<i64>,
    member_id: Option<i64>,
    planet_user_id: Option<i64>,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    match_status: Option<String>,
    confidence: Option<i64>,
    match_reasons: Option<String>,
    rejected_before: Option<String>,
    #[sqlx(flatten)]
    evidence: EvidenceColumns,
    post_days: i64,
    rivals: i64,
    returned_fen: i64,
    appealed: Option<String>,
}

impl CaseRow {
    pub(super) const fn payment_id(&self) -> PaymentId {
        PaymentId(self.id)
    }

    fn bad(&self, what: impl ToString) -> StoreError {
        StoreError::Inconsistent {
            table: "payment_record",
            id: self.id,
            what: what.to_string(),
        }
    }

    fn terms(&self) -> StoreResult<Option<Terms>> {
        let deposit = Fen::new(self.amount_fen).map_err(|_| self.bad("amount_fen"))?;
        self.terms.with(deposit).map_err(|what| self.bad(what))
    }

    fn appealed(&self) -> StoreResult<Appealed> {
        let status = self.appealed.as_deref().map(str::parse).transpose();
        let status = status.map_err(|unknown: UnknownWord| self.bad(unknown))?;
        Ok(match status {
            Some(AppealStatus::Open) => Appealed::Open,
            Some(AppealStatus::Accepted) => Appealed::Accepted,
            Some(AppealStatus::Refused) | None => Appealed::No,
        })
    }

    fn claimant(&self, terms: Option<&Terms>) -> StoreResult<Option<Claimant>> {
        let (Some(status), Some(confidence), Some(reasons)) =
            (&self.match_status, self.confidence, &self.match_reasons)
        else {
            return Ok(None);
        };
        let match_status = status
            .parse()
            .map_err(|unknown: UnknownWord| self.bad(unknown))?;
        let is_by_hand = self.bind_method.as_deref() == Some(BindMethod::Manual.as_str());
        let account = self.planet_user_id.map(PlanetUserId);
        Ok(Some(Claimant {
            planet_user_id: account,
            match_status,
            confidence,
            match_reasons: serde_json::from_str(reasons).map_err(|error| self.bad(error))?,
            evidence: self.evidence.read(account, terms),
            post_days: self.post_days,
            rivals: self.rivals,
            is_given: match_status == MatchStatus::Matched && is_by_hand,
        }))
    }

    fn grounds(&self) -> StoreResult<Grounds> {
        let terms = self.terms()?;
        let sync = self.current_sync_id.zip(self.evidence.ranked_at());
        Ok(Grounds {
            payment_id: self.payment_id(),
            paid: Fen::new(self.paid_fen.unwrap_or(0)).map_err(|_| self.bad("paid_fen"))?,
            returned: Fen::new(self.returned_fen).map_err(|_| self.bad("returned_fen"))?,
            flag: self
                .flag
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|unknown: UnknownWord| self.bad(unknown))?,
            sync: sync.map(|(id, started_at)| DecidingSync {
                id: SyncId(id),
                started_at,
            }),
            posts: match (self.evidence.has_posts(), self.posts_waived_at) {
                (true, _) => Posts::Read,
                (false, Some(_)) => Posts::Waived,
                (false, None) => Posts::Missing,
            },
            rejected_before: self.rejected_before.clone(),
            appealed: self.appealed()?,
            claimant: self.claimant(terms.as_ref())?,
            terms,
        })
    }
}

impl TryFrom<CaseRow> for Case {
    type Error = StoreError;

    fn try_from(row: CaseRow) -> StoreResult<Self> {
        let order_status = row
            .status
            .parse()
            .map_err(|unknown: UnknownWord| row.bad(unknown))?;
        Ok(Self {
            payment_id: PaymentId(row.id),
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            order_status,
            paid_at: row.paid_at.map(Timestamp::from_micros),
            refused_at: row.refused_at.map(Timestamp::from_micros),
            is_settled: row.is_settled,
            grounds: row.grounds()?,
            order_no: row.order_no,
            transaction_id: row.transaction_id,
            openid_mac: row.openid_mac,
            wecom_userid: row.wecom_userid,
            camp_name: row.camp_name,
            planet_nickname: row.planet_nickname.unwrap_or_default(),
            wechat_nickname: row.wechat_nickname.unwrap_or_default(),
        })
    }
}

//! A row of `refund_record` and what it means.

use crate::domain::refund::{FailureReason, Proposal, hash_of};
use crate::domain::{
    CampId, MemberId, PaymentId, RefundId, RefundKind, RefundNo, RefundStatus, Timestamp,
    UnknownWord, UserId,
};
use crate::store::{StoreError, StoreResult};

use super::TABLE;

/// The columns of [`RefundRow`]; the table is `r`.
macro_rules! refund_columns {
    () => {
        "r.id, r.refund_no, r.camp_id, r.member_id, r.payment_id, r.order_no, r.status, \
         r.amount_fen, r.eligible, r.proposal, r.proposal_hash, r.reason, r.proposed_by, \
         r.first_approver, r.decided_by, r.decided_by_name, r.decided_at, r.undo_until, \
         r.attempts, r.polls, r.next_try_at, r.lease_until, r.silent_since, r.failure_reason, \
         r.wechat_refund_id, r.refunded_at, r.replaced_by, r.created_at"
    };
}
pub(super) use refund_columns;

/// A query of [`RefundRow`]s, with a tail of one's own.
macro_rules! select_refund {
    ($tail:literal) => {
        concat!(
            "SELECT ",
            refund_columns!(),
            " FROM refund_record r ",
            $tail
        )
    };
}
pub(super) use select_refund;

/// A refund as it stands.
#[derive(Debug, Clone)]
pub struct Refund {
    /// Its row.
    pub id: RefundId,
    /// Our number at WeChat Pay, the same for every attempt.
    pub refund_no: RefundNo,
    /// The camp; none for an unknown order.
    pub camp_id: Option<CampId>,
    /// The member; none for a payment that made none.
    pub member_id: Option<MemberId>,
    /// The payment that goes back.
    pub payment_id: PaymentId,
    /// Its number.
    pub order_no: String,
    /// Where the refund is in its life.
    pub status: RefundStatus,
    /// What an approval refers to.
    pub proposal: Proposal,
    /// Its hash.
    pub proposal_hash: String,
    /// Whether the days suffice.
    pub eligible: bool,
    /// Why a person proposed it; empty where no person did.
    pub reason: String,
    /// The person who proposed it against the judgement.
    pub proposed_by: Option<UserId>,
    /// What people and the runner have made of it.
    pub standing: Standing,
    /// When it was proposed.
    pub created_at: Timestamp,
}

/// The part of a refund that changes with its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The first approver, where a second is needed.
    pub first_approver: Option<UserId>,
    /// The last decision of a person.
    pub decision: Option<Decision>,
    /// Until when the approval can be withdrawn.
    pub undo_until: Option<Timestamp>,
    /// Tries so far.
    pub attempts: i64,
    /// Questions to WeChat Pay since the last try.
    pub polls: i64,
    /// When the runner is to look at it next, business time.
    pub next_try_at: Option<Timestamp>,
    /// Until when a runner holds it, by the wall.
    pub lease_until: Option<Timestamp>,
    /// Since when WeChat Pay has told nothing of it although it was asked, business time.
    pub silent_since: Option<Timestamp>,
    /// Why it failed, needs a person, or cannot be asked about.
    pub failure_reason: Option<FailureReason>,
    /// WeChat Pay's number.
    pub wechat_refund_id: Option<String>,
    /// When the money went back.
    pub refunded_at: Option<Timestamp>,
    /// The number of the refund that took its place.
    pub replaced_by: Option<String>,
}

/// Who decided, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The account.
    pub by: UserId,
    /// Its name at that time.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

impl Refund {
    /// Whether nobody decided: the system itself took the proposal back.
    #[must_use]
    pub fn was_withdrawn_by_system(&self) -> bool {
        self.status == RefundStatus::Rejected && self.standing.decision.is_none()
    }

    /// Whether the deposit may still be proposed in its place: a person's no to something else, or
    /// the system's own, does not decide it.
    #[must_use]
    pub fn leaves_deposit_open(&self) -> bool {
        self.was_withdrawn_by_system()
            || (self.status == RefundStatus::Rejected && self.proposal.kind != RefundKind::Deposit)
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct RefundRow {
    id: i64,
    refund_no: String,
    camp_id: Option<i64>,
    member_id: Option<i64>,
    payment_id: i64,
    order_no: String,
    status: String,
    amount_fen: i64,
    eligible: bool,
    proposal: String,
    proposal_hash: String,
    reason: String,
    proposed_by: Option<i64>,
    first_approver: Option<i64>,
    decided_by: Option<i64>,
    decided_by_name: Option<String>,
    decided_at: Option<i64>,
    undo_until: Option<i64>,
    attempts: i64,
    polls: i64,
    next_try_at: Option<i64>,
    lease_until: Option<i64>,
    silent_since: Option<i64>,
    failure_reason: Option<String>,
    wechat_refund_id: Option<String>,
    refunded_at: Option<i64>,
    replaced_by: Option<String>,
    created_at: i64,
}

impl RefundRow {
    fn bad(&self, what: impl ToString) -> StoreError {
        StoreError::Inconsistent {
            table: TABLE,
            id: self.id,
            what: what.to_string(),
        }
    }

    /// The proposal, if it is the one that was hashed and the amount is its amount: money never
    /// moves on a row that somebody edited by hand.
    fn proposal(&self) -> StoreResult<Proposal> {
        if hash_of(&self.proposal) != self.proposal_hash {
            return Err(self.bad("proposal_hash"));
        }
        let proposal: Proposal =
            serde_json::from_str(&self.proposal).map_err(|error| self.bad(error))?;
        if proposal.amount_fen.get() == self.amount_fen {
            Ok(proposal)
        } else {
            Err(self.bad("amount_fen"))
        }
    }
}

impl RefundRow {
    fn decision(&self) -> StoreResult<Option<Decision>> {
        match (self.decided_by, &self.decided_by_name, self.decided_at) {
            (Some(by), Some(name), Some(at)) => Ok(Some(Decision {
                by: UserId(by),
                name: name.clone(),
                at: Timestamp::from_micros(at),
            })),
            (None, None, None) => Ok(None),
            _ => Err(self.bad("half a decision")),
        }
    }

    fn standing(&self) -> StoreResult<Standing> {
        let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Ok(Standing {
            first_approver: self.first_approver.map(UserId),
            decision: self.decision()?,
            undo_until: moment(self.undo_until),
            attempts: self.attempts,
            polls: self.polls,
            next_try_at: moment(self.next_try_at),
            lease_until: moment(self.lease_until),
            silent_since: moment(self.silent_since),
            failure_reason: self.failure_reason.as_deref().map(FailureReason::parse),
            wechat_refund_id: self.wechat_refund_id.clone(),
            refunded_at: moment(self.refunded_at),
            replaced_by: self.replaced_by.clone(),
        })
    }
}

impl TryFrom<RefundRow> for Refund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> StoreResult<Self> {
        let refund_no = RefundNo::parse(&row.refund_no).ok_or_else(|| row.bad("refund_no"))?;
        let status = row
            .status
            .parse()
            .map_err(|unknown: UnknownWord| row.bad(unknown))?;
        let proposal = row.proposal()?;
        let standing = row.standing()?;
        Ok(Self {
            id: RefundId(row.id),
            refund_no,
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            payment_id: PaymentId(row.payment_id),
            order_no: row.order_no,
            status,
            proposal,
            proposal_hash: row.proposal_hash,
            eligible: row.eligible,
            reason: row.reason,
            proposed_by: row.proposed_by.map(UserId),
            standing,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

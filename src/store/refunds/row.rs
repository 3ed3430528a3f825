//! A row of `refund_record` and what it means.

use crate::domain::merchant::WaitingFor;
use crate::domain::refund::{Proposal, Provenance, RefundState, hash_of};
use crate::domain::{
    CampId, MemberId, PaymentId, RefundId, RefundKind, RefundNo, RefundStatus, SyncId, Timestamp,
    UserId,
};
use crate::store::{StoreError, StoreResult};

use super::TABLE;
use super::state_columns::StateColumns;

/// The columns of [`RefundRow`]; the table is `r`.
macro_rules! refund_columns {
    () => {
        concat!(
            "r.id, r.refund_no, r.camp_id, r.member_id, r.payment_id, r.order_no, r.amount_fen, ",
            "r.eligible, r.proposal_version, r.proposal, r.proposal_hash, r.sync_id, ",
            "r.confidence, r.match_reasons, r.reason, r.proposed_by, r.rejected_before, ",
            "r.created_at, ",
            "EXISTS (SELECT 1 FROM merchant_hold) AS is_held, ",
            state_columns!()
        )
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
    pub proposal: Proposal,
    pub proposal_hash: String,
    /// Where it was read from, last.
    pub provenance: Provenance,
    /// The days suffice.
    pub eligible: bool,
    /// The person who proposed it against the judgement.
    pub proposed_by: Option<UserId>,
    /// Why a person has rejected what was proposed against the judgement, unless they took it back.
    pub rejected_before: Option<String>,
    pub state: RefundState,
    /// Nothing goes out for now, of this or of any refund.
    pub is_held: bool,
    pub created_at: Timestamp,
}

impl Refund {
    /// The word for its state.
    #[must_use]
    pub const fn status(&self) -> RefundStatus {
        self.state.status()
    }

    /// What it waits for although it is let go.
    #[must_use]
    pub const fn waiting_for(&self) -> Option<WaitingFor> {
        match self.status() {
            RefundStatus::Approved | RefundStatus::Failed if self.is_held => {
                Some(WaitingFor::Merchant)
            }
            _ => None,
        }
    }

    /// True if nobody decided: the system itself took the proposal back.
    #[must_use]
    pub const fn was_withdrawn_by_system(&self) -> bool {
        matches!(self.state, RefundState::Rejected { by: None })
    }

    /// True if the deposit may still be proposed in its place: a person's no to something else, or
    /// the system's own, does not decide it.
    #[must_use]
    pub fn leaves_deposit_open(&self) -> bool {
        let is_rejected = matches!(self.state, RefundState::Rejected { .. });
        self.was_withdrawn_by_system() || (is_rejected && self.proposal.kind != RefundKind::Deposit)
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct RefundRow {
    pub(super) id: i64,
    refund_no: String,
    camp_id: Option<i64>,
    member_id: Option<i64>,
    payment_id: i64,
    order_no: String,
    amount_fen: i64,
    eligible: bool,
    proposal_version: i64,
    proposal: String,
    proposal_hash: String,
    sync_id: Option<i64>,
    confidence: i64,
    match_reasons: String,
    reason: String,
    proposed_by: Option<i64>,
    rejected_before: Option<String>,
    created_at: i64,
    is_held: bool,
    #[sqlx(flatten)]
    state: StateColumns,
}

impl RefundRow {
    pub(super) const fn id(&self) -> RefundId {
        RefundId(self.id)
    }

    pub(super) const fn payment_id(&self) -> PaymentId {
        PaymentId(self.payment_id)
    }

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
        let of = self.payment_id();
        let proposal = Proposal::read(self.proposal_version, &self.proposal, of, &self.reason)
            .map_err(|unreadable| self.bad(unreadable))?;
        if proposal.payment_id != of {
            Err(self.bad("payment_id"))
        } else if proposal.amount_fen.get() != self.amount_fen {
            Err(self.bad("amount_fen"))
        } else {
            Ok(proposal)
        }
    }

    fn provenance(&self) -> StoreResult<Provenance> {
        Ok(Provenance {
            sync_id: self.sync_id.map(SyncId),
            confidence: self.confidence,
            match_reasons: serde_json::from_str(&self.match_reasons)
                .map_err(|error| self.bad(error))?,
        })
    }
}

impl TryFrom<RefundRow> for Refund {
    type Error = StoreError;

    fn try_from(mut row: RefundRow) -> StoreResult<Self> {
        let state = std::mem::take(&mut row.state);
        Ok(Self {
            id: RefundId(row.id),
            refund_no: RefundNo::parse(&row.refund_no).ok_or_else(|| row.bad("refund_no"))?,
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            payment_id: PaymentId(row.payment_id),
            proposal: row.proposal()?,
            provenance: row.provenance()?,
            state: state.decode().map_err(|what| row.bad(what))?,
            order_no: row.order_no,
            proposal_hash: row.proposal_hash,
            eligible: row.eligible,
            rejected_before: row.rejected_before,
            proposed_by: row.proposed_by.map(UserId),
            is_held: row.is_held,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

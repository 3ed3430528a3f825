//! Custody: what each payment whose money is here waits for, whose turn it is, and until when
//! (design §3). A rule over facts: it finds exactly one next step for every combination of them.

use chrono::{Days, NaiveDate, TimeDelta};

use super::appeal::REJECTION_STANDS;
use super::promise::{Promise, PromiseRules};
use super::refund::{Due, Processing, RefundState};
use super::{RefundKind, Timestamp};

/// What only a person can mend is looked at within a day.
const LOOKED_AT_WITHIN: TimeDelta = TimeDelta::days(1);

text_enum! {
    /// What a payment in custody waits for.
    pub enum Awaited {
        /// The member says which planet account is theirs.
        Bind = "bind",
        /// A person says who the member is.
        Match = "match",
        /// The refund list is built.
        List = "list",
        /// A person decides about the refund.
        Decide = "decide",
        /// The time in which the approval can be withdrawn passes.
        Undo = "undo",
        /// A person answers an objection.
        Answer = "answer",
        /// A person mends what no machine can.
        Manual = "manual",
        /// The planet tells the days as of the end.
        Evidence = "evidence",
        /// The merchant account can pay again.
        Merchant = "merchant",
        /// WeChat Pay pays.
        Wechat = "wechat",
        /// The member may object; afterwards it is final.
        Object = "object",
    }
}

text_enum! {
    /// Whose turn it is.
    pub enum Turn {
        Member = "member",
        Staff = "staff",
        Planet = "planet",
        Wechat = "wechat",
    }
}

impl Awaited {
    /// Whose turn it is.
    #[must_use]
    pub const fn who(self) -> Turn {
        match self {
            Self::Bind | Self::Object => Turn::Member,
            Self::Evidence => Turn::Planet,
            Self::Wechat => Turn::Wechat,
            Self::Match
            | Self::List
            | Self::Decide
            | Self::Undo
            | Self::Answer
            | Self::Manual
            | Self::Merchant => Turn::Staff,
        }
    }
}

/// The next step of a payment in custody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextStep {
    pub what: Awaited,
    pub until: Timestamp,
}

impl NextStep {
    /// True if its date has passed.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.until < now
    }
}

/// What the next step follows from.
#[derive(Debug, Clone)]
pub struct Facts {
    pub paid_at: Timestamp,
    /// The promise of the order; none for an order that we do not know.
    pub promise: Option<Promise>,
    /// Of this moment, for what the order says nothing about.
    pub rules: PromiseRules,
    /// None for a payment that made none.
    pub member: Option<MemberFacts>,
    /// The refund that was not replaced.
    pub refund: Option<RefundFacts>,
    /// Since when an objection waits for its answer.
    pub objected_at: Option<Timestamp>,
    /// The merchant account cannot pay.
    pub is_merchant_held: bool,
}

/// The member of a payment.
#[derive(Debug, Clone, Copy)]
pub struct MemberFacts {
    /// They have not bound yet, and may until then.
    pub may_bind: bool,
    pub bind_deadline: Option<Timestamp>,
    /// It is sure who they are.
    pub is_matched: bool,
    /// None while their days are not known as of the end.
    pub verdict: Option<VerdictFacts>,
}

/// The judgement of a member's days.
#[derive(Debug, Clone, Copy)]
pub struct VerdictFacts {
    pub is_eligible: bool,
    /// The moment at which a list first said that they do not suffice; none before.
    pub refused_at: Option<Timestamp>,
}

/// The refund of a payment.
#[derive(Debug, Clone)]
pub struct RefundFacts {
    pub state: RefundState,
    pub kind: RefundKind,
    pub proposed_at: Timestamp,
}

impl RefundFacts {
    fn decided_at(&self) -> Timestamp {
        let decision = self.state.decision();
        decision.map_or(self.proposed_at, |decision| decision.at)
    }
}

/// The step of a payment whose rows cannot be read: a person mends them.
#[must_use]
pub fn unreadable(paid_at: Timestamp) -> NextStep {
    NextStep {
        what: Awaited::Manual,
        until: paid_at.plus(LOOKED_AT_WITHIN),
    }
}

/// The step of an objection: somebody answers it.
#[must_use]
pub fn answer_of(rules: PromiseRules, objected_at: Timestamp) -> NextStep {
    NextStep {
        what: Awaited::Answer,
        until: objected_at.plus(TimeDelta::days(rules.answer_within.into())),
    }
}

impl Facts {
    /// The next step, whoever's it is.
    #[must_use]
    pub fn next_step(&self, now: Timestamp) -> NextStep {
        let refund = self.refund.as_ref();
        if let Some(objected_at) = self.objected_at
            && refund.is_none_or(|refund| refund.state.waits_for_people())
        {
            return answer_of(self.rules, objected_at);
        }
        let of_refund = refund.and_then(|refund| self.step_of_refund(refund, now));
        let (what, until) = of_refund.unwrap_or_else(|| self.step_of_payment());
        NextStep { what, until }
    }

    /// None where the refund leaves the payment to be judged like one that has none.
    fn step_of_refund(&self, refund: &RefundFacts, now: Timestamp) -> Option<(Awaited, Timestamp)> {
        Some(match &refund.state {
            RefundState::Pending | RefundState::AwaitingSecond { .. } => {
                (Awaited::Decide, self.decision_by(refund))
            }
            RefundState::Rejected { by } => {
                let by = by.as_ref().filter(|_| self.is_final(refund))?;
                (Awaited::Object, by.at.plus(REJECTION_STANDS))
            }
            RefundState::Approved { history, .. } if now < history.approval.undo_until => {
                (Awaited::Undo, history.approval.undo_until)
            }
            RefundState::Approved {
                due: Due::SetAside, ..
            }
            | RefundState::Processing(Processing {
                due: Due::SetAside, ..
            })
            | RefundState::Failed {
                retry_at: Due::SetAside,
                ..
            }
            | RefundState::ManualRequired { .. } => {
                (Awaited::Manual, self.money_by(refund.decided_at()))
            }
            RefundState::Approved { history, .. } | RefundState::Failed { history, .. }
                if self.is_merchant_held =>
            {
                (Awaited::Merchant, self.money_by(history.approval.last.at))
            }
            RefundState::Approved { history, .. }
            | RefundState::Failed { history, .. }
            | RefundState::Processing(Processing { history, .. }) => {
                (Awaited::Wechat, self.money_by(history.approval.last.at))
            }
            // Money is here although its refund says otherwise: somebody has to look.
            RefundState::Success { .. } | RefundState::Closed { .. } => {
                let mended = refund.decided_at().plus(LOOKED_AT_WITHIN);
                (Awaited::Manual, mended)
            }
        })
    }

    /// A person's no to a deposit, or to a payment that made no member, decides it; a no to anything
    /// else leaves the deposit to be judged.
    fn is_final(&self, refund: &RefundFacts) -> bool {
        self.member.is_none() || refund.kind == RefundKind::Deposit
    }

    fn step_of_payment(&self) -> (Awaited, Timestamp) {
        let Some(member) = &self.member else {
            let within = TimeDelta::days(self.rules.decision_within.into());
            return (Awaited::Decide, self.paid_at.plus(within));
        };
        let list_by = self.list_by();
        let deadline = member.bind_deadline.unwrap_or(self.paid_at);
        match member.verdict {
            _ if member.may_bind => (Awaited::Bind, deadline),
            _ if !member.is_matched => {
                let within = TimeDelta::days(self.rules.list_within.into());
                (Awaited::Match, list_by.max(deadline.plus(within)))
            }
            None => (Awaited::Evidence, list_by),
            Some(VerdictFacts {
                is_eligible: false,
                refused_at: Some(refused_at),
            }) => (Awaited::Object, self.final_at(refused_at)),
            Some(_) => (Awaited::List, list_by),
        }
    }

    /// The moment at which a refusal is final: after the time to object to it, and to the rejection
    /// of what a person had proposed against it.
    #[must_use]
    pub fn final_at(&self, refused_at: Timestamp) -> Timestamp {
        let verdict = refused_at.plus(TimeDelta::hours(self.rules.appeal_hours.into()));
        let rejected = self.refund.as_ref().and_then(|refund| match &refund.state {
            RefundState::Rejected { by: Some(by) } => Some(by.at.plus(REJECTION_STANDS)),
            _ => None,
        });
        rejected.map_or(verdict, |rejected| verdict.max(rejected))
    }

    fn list_by(&self) -> Timestamp {
        match self.promise {
            Some(promise) => end_of(promise.list_by),
            None => self
                .paid_at
                .plus(TimeDelta::days(self.rules.list_within.into())),
        }
    }

    /// As promised; what was proposed later than that has as many days from then on.
    fn decision_by(&self, refund: &RefundFacts) -> Timestamp {
        let within = TimeDelta::days(self.rules.decision_within.into());
        let later = refund.proposed_at.plus(within);
        match self.promise.map(|promise| end_of(promise.decision_by)) {
            Some(promised)
                if refund.kind == RefundKind::Deposit && refund.proposed_at <= promised =>
            {
                promised
            }
            _ => later,
        }
    }

    fn money_by(&self, decided_at: Timestamp) -> Timestamp {
        let days = self
            .promise
            .map_or(self.rules.money_within.into(), |promise| promise.money_days);
        decided_at.plus(TimeDelta::days(days))
    }
}

fn end_of(day: NaiveDate) -> Timestamp {
    Timestamp::start_of_day(day.checked_add_days(Days::new(1)).unwrap_or(day))
}

#[cfg(test)]
mod tests;

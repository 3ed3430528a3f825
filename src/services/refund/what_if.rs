//! What another rule would have meant for a camp: who flips, and what sum. The rules are frozen into
//! the orders, so that nothing changes by it; whoever is to get their deposit back all the same is
//! proposed by a person (按善意退还), and somebody else approves.

use crate::domain::eligibility::Judgement;
use crate::domain::shown_name::shown_name;
use crate::domain::staff::Actor;
use crate::domain::{
    Action, CampId, CampStatus, Fen, MatchStatus, MemberId, OrderStatus, PaymentId, RefundFlag,
};
use crate::services::rows::readable;
use crate::store::camps::Camp;
use crate::store::refunds::Case;
use crate::store::{Lock, StoreError, Tx, camps, refunds};

use super::approve::CHUNK;
use super::propose::{propose_case, tell_list_ready};
use super::{
    Context, Error, FieldError, Result, WrongState, authorize, in_one_transaction, worded,
};

/// What stands before the reason of such a proposal.
const GOODWILL: &str = "按善意退还：";

/// The numbers that the rules would ask for; what is absent stays as each order has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherRules {
    /// Days that earn the deposit back.
    pub required_days: Option<i64>,
    /// Days that may be missing all the same.
    pub grace_days: Option<i64>,
}

/// A member whom the other rules would judge otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// The member.
    pub member: MemberId,
    /// By which people read of them.
    pub name: String,
    /// The judgement by their own rules.
    pub from: Judgement,
    /// The judgement by the other ones.
    pub to: Judgement,
    payment: PaymentId,
    amount: Fen,
}

/// What the other rules would mean.
#[derive(Debug, Default)]
pub struct WhatIf {
    /// Members whose days suffice.
    pub eligible: i64,
    /// Members whose days would.
    pub would_be_eligible: i64,
    /// Those of whom the two differ and whose money is here.
    pub flips: Vec<Flip>,
    /// Their deposits.
    pub sum_fen: Fen,
}

/// The proposals that were made for those who would flip.
#[derive(Debug, Default)]
pub struct GoodwillProposals {
    /// Wait for somebody else to approve them.
    pub proposed: usize,
    /// Left out, each with its reason.
    pub skipped: Vec<(MemberId, Error)>,
}

/// Works out what other rules would mean for a camp.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for rules that no camp could have.
pub async fn what_if(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    rules: OtherRules,
) -> Result<WhatIf> {
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, camp).await?;
    let camp = camp.ok_or(Error::NotFound)?;
    authorize(&mut conn, actor, Action::ReviewRefunds, Some(camp.id)).await?;
    rules.check(&camp)?;
    let mut outcome = WhatIf::default();
    for case in readable(refunds::cases_of_camp(&mut conn, camp.id).await?) {
        let (from, to) = rules.judgements(&case);
        outcome.eligible += i64::from(from.is_eligible());
        outcome.would_be_eligible += i64::from(to.is_eligible());
        if from.is_eligible() != to.is_eligible()
            && is_here(&case)
            && let Some(member) = case.member_id
        {
            let amount = case.grounds.left();
            let sum = outcome.sum_fen.checked_add(amount);
            outcome.sum_fen = sum.map_err(|error| Error::Invariant(error.to_string()))?;
            outcome.flips.push(Flip {
                name: name_of(&case),
                payment: case.payment_id,
                member,
                from,
                to,
                amount,
            });
        }
    }
    Ok(outcome)
}

/// Proposes to give back the deposits of those whose days would suffice by other rules. Each is looked
/// at once more under the lock of decisions; one that cannot be proposed is left out.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] without a reason; `wrong_state` before the camp's end.
pub async fn propose_goodwill(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    rules: OtherRules,
    reason: &str,
) -> Result<GoodwillProposals> {
    let reason = worded("propose.reason", reason)?;
    let reason = worded("propose.reason", &format!("{GOODWILL}{reason}"))?;
    let outcome = what_if(ctx, actor, camp, rules).await?;
    let gaining = |flip: &&Flip| flip.to.is_eligible();
    let flips: Vec<_> = outcome.flips.iter().filter(gaining).collect();
    let flips: Vec<(MemberId, PaymentId)> = flips
        .into_iter()
        .map(|flip| (flip.member, flip.payment))
        .collect();
    let mut done = GoodwillProposals::default();
    // Also with nobody to propose: who may not is told so.
    for chunk in flips
        .chunks(CHUNK)
        .chain(flips.is_empty().then_some(&[][..]))
    {
        let (actor, chunk, reason) = (actor.clone(), chunk.to_vec(), reason.clone());
        let proposed = in_one_transaction(ctx, move |ctx, tx| {
            let (actor, chunk, reason) = (actor.clone(), chunk.clone(), reason.clone());
            Box::pin(
                async move { propose_each(&ctx, tx, &actor, camp, rules, &chunk, &reason).await },
            )
        })
        .await?;
        done.proposed += proposed.proposed;
        done.skipped.extend(proposed.skipped);
    }
    Ok(done)
}

async fn propose_each(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    camp: CampId,
    rules: OtherRules,
    flips: &[(MemberId, PaymentId)],
    reason: &str,
) -> Result<GoodwillProposals> {
    tx.lock(Lock::Decisions).await?;
    let camp = camps::by_id(tx, camp).await?.ok_or(Error::NotFound)?;
    authorize(tx, actor, Action::ProposeRefund, Some(camp.id)).await?;
    if !matches!(camp.status, CampStatus::Ended | CampStatus::Settling) {
        let status = camp.status;
        return Err(WrongState::CampNotSettling { status }.into());
    }
    let payments: Vec<PaymentId> = flips.iter().map(|(_, payment)| *payment).collect();
    let cases = refunds::cases_of_payments(tx, &payments).await?;
    let mut done = GoodwillProposals::default();
    for (member, payment) in flips {
        let proposed = match cases.get(payment) {
            Some(case) if !is_surely_theirs(case) => Err(WrongState::IdentityContested.into()),
            Some(case) if !case.grounds.is_judged() => Err(WrongState::NoFinalSync.into()),
            Some(case) if rules.judgements(case).0.is_eligible() => {
                Err(WrongState::NothingToRefund.into())
            }
            Some(case) if rules.judgements(case).1.is_eligible() => {
                propose_case(ctx, tx, actor, case, reason).await
            }
            Some(_) => Err(WrongState::NotEligible.into()),
            None => Err(Error::NotFound),
        };
        match proposed {
            Ok(_) => done.proposed += 1,
            Err(
                error @ (Error::NotFound
                | Error::Refused(_)
                | Error::Store(StoreError::Inconsistent { .. })),
            ) => done.skipped.push((*member, error)),
            Err(error) => return Err(error),
        }
    }
    if done.proposed > 0 {
        tell_list_ready(ctx, tx, &camp).await?;
    }
    Ok(done)
}

impl OtherRules {
    /// Refuses rules that a camp of these days could not have, and none at all.
    fn check(self, camp: &Camp) -> Result<()> {
        let required = self.required_days.unwrap_or(camp.terms.required_days);
        let within = |field, value, min, max| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(field, FieldError::OutOfRange { min, max }))
            }
        };
        if self == Self::default() {
            return Err(Error::invalid("requiredDays", FieldError::Missing));
        }
        within("requiredDays", required, 1, camp.terms.total_days)?;
        within("graceDays", self.grace_days.unwrap_or(0), 0, required)
    }

    /// How a case is judged, and how it would be.
    fn judgements(self, case: &Case) -> (Judgement, Judgement) {
        let grounds = &case.grounds;
        let other = grounds.judgement_if(self.required_days, self.grace_days);
        (grounds.judgement(), other)
    }
}

/// The deposit has not gone back, by whatever way, and is not about to.
fn is_here(case: &Case) -> bool {
    case.order_status == OrderStatus::Paid && !case.is_settled && !case.grounds.went_back()
}

/// It is known whose days these are. A person may still propose the others one by one.
fn is_surely_theirs(case: &Case) -> bool {
    let claimant = case.grounds.claimant.as_ref();
    claimant.is_some_and(|claimant| claimant.match_status == MatchStatus::Matched)
        && !case.grounds.flags().contains(&RefundFlag::Contested)
}

fn name_of(case: &Case) -> String {
    let claimant = case.grounds.claimant.as_ref();
    let account = claimant.and_then(|claimant| claimant.planet_user_id);
    shown_name(
        &[&case.planet_nickname, &case.wechat_nickname],
        None,
        account,
    )
}

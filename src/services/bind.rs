//! Binding after paying: the member says who they are, within seven days; afterwards staff do.

use serde_json::json;

use crate::domain::{
    BindMethod, BindStatus, CampId, Machine as _, MatchStatus, MemberId, Timestamp,
};
use crate::store::payments::{self, Payment, PlanetClaim};
use crate::store::{Lock, Note, Tx, members};

use super::contest::{self, Newcomer};
use super::matching::claimed;
use super::rows;
use super::{Context, Error, FieldError, Refusal, Result, WrongState, access_token, identity};

/// Payments looked at in one round of the job.
const BATCH: i64 = 500;

/// A member's request to be bound.
#[derive(Debug, Clone)]
pub struct Request {
    /// The order.
    pub order_no: String,
    /// The account that they say is theirs.
    pub claim: PlanetClaim,
    /// They mean it although another payment of the camp names the account.
    pub confirms_claim: bool,
}

/// A bound order.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The order as it is now.
    pub payment: Payment,
    /// The member.
    pub member_id: MemberId,
}

/// Binds the order of an access token to the account that its holder names.
///
/// # Errors
/// `token_invalid`, `token_expired`, `not_your_order`, `already_bound`, `bind_expired`, `claimed`, or invalid
/// fields.
pub async fn bind(ctx: &Context, token: &str, request: Request) -> Result<Bound> {
    let payment = access_token::payment(ctx, token).await?;
    if payment.order_no != request.order_no {
        return Err(Refusal::NotYourOrder.into());
    }
    let claim = identity::check_claim(request.claim)?;
    if claim.planet_id.is_none() {
        return Err(Error::invalid("planetUserId", FieldError::Missing));
    }
    let (id, note) = (payment.id, Note::new("member", "bound", ctx.now()));
    let given = (ctx.clone(), id, claim, request.confirms_claim, note);
    ctx.transact(given, |tx, (ctx, id, claim, confirms_claim, note)| {
        Box::pin(async move {
            // Before any row, as staff do who decide about the same member.
            tx.lock(Lock::Decisions).await?;
            let payment = payments::by_id(tx, *id).await?.ok_or(Error::NotFound)?;
            let (camp, member) = place_of(&payment)?;
            refuse_unless_open(&payment, note.at)?;
            if !confirms_claim {
                contest::refuse_claimed(tx, camp, claim, Some(member)).await?;
            }
            apply(ctx, tx, payment, claim.clone(), note).await
        })
    })
    .await
}

async fn apply(
    ctx: &Context,
    tx: &mut Tx,
    payment: Payment,
    mut claim: PlanetClaim,
    note: &Note,
) -> Result<Bound> {
    let (camp, member_id) = place_of(&payment)?;
    let member = members::by_id(tx, member_id)
        .await?
        .ok_or(Error::NotFound)?;
    let earlier_name = payment.claim.wechat_nickname.clone();
    claim.wechat_nickname = claim.wechat_nickname.or(earlier_name);
    payments::set_bound_claim(tx, payment.id, &claim, note.at).await?;
    let mut judged = identity::judge(tx, &claim).await?;
    let newcomer = Newcomer {
        camp,
        order_no: &payment.order_no,
    };
    contest::settle(ctx, tx, newcomer, &mut judged, note).await?;
    let note = &claimed(&judged, note);
    if judged.status == MatchStatus::Matched {
        let change = member.match_status.to(MatchStatus::Matched)?;
        members::set_match(tx, member_id, change, &judged.identity, note).await?;
    } else {
        members::set_identity(
            tx,
            member_id,
            member.match_status,
            &judged.identity,
            note.at,
        )
        .await?;
    }
    let change = payment.bind_status.to(BindStatus::Completed)?;
    let method = Some(BindMethod::UserFill);
    payments::advance_binding(tx, payment.id, change, method, note);
    let payment = payments::by_id(tx, payment.id)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Bound { payment, member_id })
}

fn place_of(payment: &Payment) -> Result<(CampId, MemberId)> {
    let place = payment.camp_id.zip(payment.member_id);
    Ok(place.ok_or(WrongState::PaymentUnderReview)?)
}

fn refuse_unless_open(payment: &Payment, now: Timestamp) -> Result<()> {
    let in_time = payment.bind_deadline.is_none_or(|deadline| now < deadline);
    match payment.bind_status {
        BindStatus::Pending if in_time => Ok(()),
        BindStatus::Pending | BindStatus::Expired | BindStatus::ManualRequired => {
            Err(Refusal::BindExpired.into())
        }
        BindStatus::Completed | BindStatus::Closed => Err(Refusal::AlreadyBound.into()),
    }
}

/// Expires the bindings whose seven days have passed; the smart match takes them from there.
/// Gives how many.
///
/// # Errors
/// [`Error::PartlyDone`] while rows cannot be read; the others are expired all the same.
pub async fn expire(ctx: &Context) -> Result<usize> {
    let note = Note::new("expire-bindings", "seven days have passed", ctx.now());
    let mut expired = 0;
    loop {
        let due = {
            let mut conn = ctx.db.read().await?;
            payments::bind_expired(&mut conn, ctx.now(), BATCH).await?
        };
        // Each round leaves none of its own behind: they have expired, or the member was faster.
        if due.good.is_empty() {
            let figures = json!({ "expired": expired, "unreadable": due.bad.len() });
            rows::log(&due.bad);
            return match due.bad.len() {
                0 => Ok(expired),
                _ => Err(Error::PartlyDone(figures)),
            };
        }
        for payment in due.good {
            expired += usize::from(expire_one(ctx, &payment, &note).await?);
        }
    }
}

/// Expires one binding; false where the member was faster.
async fn expire_one(ctx: &Context, payment: &Payment, note: &Note) -> Result<bool> {
    let change = payment.bind_status.to(BindStatus::Expired)?;
    let (id, note) = (payment.id, note.clone());
    let done = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                payments::advance_binding(tx, id, change, None, &note);
                Ok::<_, Error>(())
            })
        })
        .await;
    match done {
        Ok(()) => Ok(true),
        // The member was faster.
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

//! Orders as their payers see them: where one stands, which ones are theirs, which group to join.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::group_code::code_for;
use crate::domain::{
    BindStatus, CampId, MemberId, OrderStatus, RefundStatus, Terms, Timestamp, UploadId,
};
use crate::store::audit::Entry;
use crate::store::camp_lists::ShownToMembers;
use crate::store::camps::Camp;
use crate::store::payments::{self, Payment};
use crate::store::refunds::{self, Refund};
use crate::store::sessions::Session;
use crate::store::{Conn, Keyring, Listing as _, Page, PageRequest, camps, members, reports};

use super::rows::{logged, readable};
use super::{Context, Error, Refusal, Result, access_token, close_order};

/// An order, and the token of its pages if it may be told.
#[derive(Debug, Clone)]
pub struct OrderView {
    /// The order.
    pub payment: Payment,
    /// Only for the person who ordered, and only once it is paid.
    pub access_token: Option<String>,
    /// Of a payment that gave no place: what people decided of it. A member's is in their progress.
    pub way_back: Option<WayBack>,
}

/// Whether the payer has said that they have paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// They only look.
    Looking,
    /// “我已完成支付”: WeChat Pay is asked again.
    SaysPaid,
}

/// A notification that has not come after so long may be lost: WeChat Pay is asked. Between two
/// questions there is as much at least.
const ASK_AFTER: TimeDelta = TimeDelta::seconds(3);

/// Where an order stands; WeChat Pay is asked once after three seconds, and whenever its payer says
/// that they have paid. Anybody who knows its number may ask; only the session that ordered
/// is told the token and the member.
pub async fn status(
    ctx: &Context,
    session: Option<&Session>,
    order_no: &str,
    asking: Asking,
) -> Result<OrderView> {
    let mut payment = load(ctx, order_no).await?;
    if payment.status == OrderStatus::Created && ask_wechat_pay(ctx, &payment, asking).await? {
        payment = load(ctx, order_no).await?;
    }
    let mut conn = ctx.db.read().await?;
    let ordered =
        session.is_some_and(|session| payment.session_hash.as_ref() == Some(&session.id_hash));
    Ok(if ordered {
        order_view(&mut conn, ctx.keys(), payment, ctx.now()).await?
    } else {
        OrderView {
            payment,
            access_token: None,
            way_back: None,
        }
    })
}

async fn load(ctx: &Context, order_no: &str) -> Result<Payment> {
    let payment = payments::by_order_no(&mut ctx.db.read().await?, order_no).await?;
    payment.ok_or(Error::NotFound)
}

/// Asks WeChat Pay about an order whose notification may be lost; `false` where it was not asked, or
/// did not answer: then things are as they were, and the job asks again.
async fn ask_wechat_pay(ctx: &Context, payment: &Payment, asking: Asking) -> Result<bool> {
    let now = ctx.now();
    // Business time on both sides: an order is prepared by the wall's.
    let is_early = payment.prepared_at.is_none() || payment.created_at.plus(ASK_AFTER) > now;
    let is_asked = asking == Asking::Looking && payment.asked_at.is_some();
    if is_early || is_asked || ctx.pay().is_err() {
        return Ok(false);
    }
    let (id, not_since) = match asking {
        Asking::Looking => (payment.id, None),
        Asking::SaysPaid => (payment.id, Some(now.minus(ASK_AFTER))),
    };
    let claimed = ctx.db.write(move |tx| {
        Box::pin(async move {
            let claimed = payments::claim_question(tx, id, not_since, now).await?;
            Ok::<_, Error>(claimed)
        })
    });
    // Looking goes on while the database takes no writes.
    let claimed = claimed.await.unwrap_or_else(|error| {
        tracing::warn!(payment.id = payment.id.0, %error, "a question could not be noted");
        false
    });
    if !claimed {
        return Ok(false);
    }
    match close_order::query_and_apply(ctx, payment).await {
        Ok(_) => Ok(true),
        Err(error) => {
            tracing::warn!(payment.id = payment.id.0, %error, "an order was asked about in vain");
            Ok(false)
        }
    }
}

/// The orders of a session and of the person it is signed in as, newest first.
pub async fn of_session(ctx: &Context, session: &Session) -> Result<Vec<OrderView>> {
    let mut conn = ctx.db.read().await?;
    let payments = payments::of_person(&mut conn, &session.person(ctx.keys())?).await?;
    let payments = readable(payments);
    let mut orders = Vec::with_capacity(payments.len());
    for payment in payments {
        let gave_no_place = payment.member_id.is_none() && payment.paid_at.is_some();
        let way_back = if gave_no_place {
            way_back(&mut conn, &payment).await?
        } else {
            None
        };
        let order = order_view(&mut conn, ctx.keys(), payment, ctx.now()).await?;
        orders.push(OrderView { way_back, ..order });
    }
    Ok(orders)
}

async fn order_view(
    conn: &mut Conn,
    keys: &Keyring,
    payment: Payment,
    now: Timestamp,
) -> Result<OrderView> {
    let is_member = payment.member_id.is_some() && payment.status != OrderStatus::Created;
    let access_token = if is_member {
        access_token::present(conn, keys, &payment, now).await?
    } else {
        None
    };
    Ok(OrderView {
        payment,
        access_token,
        way_back: None,
    })
}

/// The group that a member is to join.
#[derive(Debug, Clone)]
pub struct Group {
    /// The camp.
    pub camp: Camp,
    pub member_id: MemberId,
    /// The picture of the group's code.
    pub code: UploadId,
    /// The member has joined already.
    pub joined: bool,
}

/// The group of the member who holds `token`; shown once they are bound.
///
/// # Errors
/// `token_invalid`, `token_expired`, `not_your_order`, `not_bound`.
pub async fn group(ctx: &Context, token: &str, order_no: &str) -> Result<Group> {
    let payment = access_token::payment(ctx, token).await?;
    if payment.order_no != order_no {
        return Err(Refusal::NotYourOrder.into());
    }
    if !matches!(
        payment.bind_status,
        BindStatus::Completed | BindStatus::Closed
    ) {
        return Err(Refusal::NotBound.into());
    }
    let (camp_id, member_id) = place(&payment)?;
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, camp_id)
        .await?
        .ok_or(Error::NotFound)?;
    let member = members::by_id(&mut conn, member_id)
        .await?
        .ok_or(Error::NotFound)?;
    let codes = camps::group_codes(&mut conn, camp_id).await?;
    let before = members::count_before(&mut conn, camp_id, member_id).await?;
    let code = code_for(&codes, before, ctx.now()).ok_or(Error::NotFound)?;
    Ok(Group {
        camp,
        member_id,
        code: code.upload_id,
        joined: member.joined,
    })
}

/// Notes that the member who holds `token` is in the group, by their own word. Saying the same again
/// changes nothing.
///
/// # Errors
/// Those of [`group`].
pub async fn join(ctx: &Context, token: &str, order_no: &str) -> Result<()> {
    let group = group(ctx, token, order_no).await?;
    if group.joined {
        return Ok(());
    }
    let (member, camp, now) = (group.member_id, group.camp.id, ctx.now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                members::set_joined(tx, member, Some(now), now).await?;
                tx.audit(Entry {
                    actor: None,
                    action: "member.joined",
                    object_type: "member",
                    object_id: member.to_string(),
                    details: json!({"campId": camp, "joined": true, "by": "member"}),
                    at: now,
                });
                Ok::<_, Error>(())
            })
        })
        .await
}

/// The member of the order that a token was given for, if it is the one asked about.
pub async fn member_of_token(ctx: &Context, token: &str, member: MemberId) -> Result<Payment> {
    let payment = access_token::payment(ctx, token).await?;
    if payment.member_id == Some(member) {
        Ok(payment)
    } else {
        Err(Refusal::NotYourOrder.into())
    }
}

/// The deposit's way back as its payer may know it.
#[derive(Debug, Clone)]
pub struct WayBack {
    /// The refund.
    pub refund: Refund,
    /// The reason of a person who said no; none unless one did. What goes wrong at WeChat Pay is for staff.
    pub rejected_for: Option<String>,
    /// When it was proposed.
    pub listed_at: Option<Timestamp>,
    /// When WeChat Pay was first asked for it.
    pub sent_at: Option<Timestamp>,
}

/// The deposit's way back, if it has one.
pub async fn refund_of(ctx: &Context, payment: &Payment) -> Result<Option<WayBack>> {
    way_back(&mut ctx.db.read().await?, payment).await
}

async fn way_back(conn: &mut Conn, payment: &Payment) -> Result<Option<WayBack>> {
    let refund = refunds::of_payment(conn, payment.id).await?;
    // What the system has taken back was never a person's word.
    let Some(refund) = refund.filter(|refund| !refund.was_withdrawn_by_system()) else {
        return Ok(None);
    };
    let moves = refunds::timeline(conn, refund.id).await?;
    let first_to = |status: RefundStatus| {
        let found = moves.iter().find(|row| row.to_status == status.as_str());
        found.map(|row| Timestamp::from_micros(row.created_at))
    };
    let (listed_at, sent_at) = (
        first_to(RefundStatus::Pending),
        first_to(RefundStatus::Processing),
    );
    let last = moves.last().map(|last| last.reason.clone());
    Ok(Some(WayBack {
        rejected_for: last.filter(|_| refund.status() == RefundStatus::Rejected),
        refund,
        listed_at,
        sent_at,
    }))
}

fn place(payment: &Payment) -> Result<(CampId, MemberId)> {
    payment
        .camp_id
        .zip(payment.member_id)
        .ok_or(Error::NotFound)
}

/// A camp as members see it.
#[derive(Debug, Clone)]
pub struct ShownCamp {
    /// The camp.
    pub camp: Camp,
    /// Members with a place in it.
    pub enrolled: i64,
    /// One may order now.
    pub can_enroll: bool,
}

impl ShownCamp {
    /// The rules that the next order will copy.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.camp.terms
    }
}

/// Reads a page of the camps that members see.
pub async fn shown_camps(ctx: &Context, page: PageRequest) -> Result<Page<ShownCamp>> {
    let mut conn = ctx.db.read().await?;
    let page = logged(ShownToMembers.page(&mut conn, page).await?);
    let ids: Vec<CampId> = page.rows.good.iter().map(|camp| camp.id).collect();
    let sums = reports::sums(&mut conn, &ids).await?;
    Ok(page.map(|camp| {
        let enrolled = sums.get(&camp.id).map_or(0, |sums| sums.enrolled);
        as_shown(camp, enrolled)
    }))
}

/// One camp, if members see it.
pub async fn shown_camp(ctx: &Context, id: CampId) -> Result<ShownCamp> {
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, id).await?;
    let camp = camp
        .filter(|camp| camp.status.is_shown_to_members())
        .ok_or(Error::NotFound)?;
    let enrolled = members::count(&mut conn, camp.id).await?;
    Ok(as_shown(camp, enrolled))
}

fn as_shown(camp: Camp, enrolled: i64) -> ShownCamp {
    let can_enroll = camp.status == crate::domain::CampStatus::Enrolling;
    ShownCamp {
        camp,
        enrolled,
        can_enroll,
    }
}

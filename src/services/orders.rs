//! Orders as their payers see them: where one stands, which ones are theirs, which group to join.

use crate::domain::{BindStatus, CampId, MemberId, OrderStatus, RefundStatus, Terms, UploadId};
use crate::store::camp_lists::ShownToMembers;
use crate::store::camps::Camp;
use crate::store::payments::{self, Payment};
use crate::store::refunds::{self, Refund};
use crate::store::sessions::Session;
use crate::store::{Conn, Keyring, Listing as _, Page, PageRequest, camps, members, reports};

use super::rows::{logged, readable};
use super::{Context, Error, Refusal, Result, access_token};

/// A WeCom group holds 500 people (owner's wishes); the next picture is shown from then on.
const GROUP_HOLDS: i64 = 500;

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

/// Where an order stands. Anybody who knows its number may ask; only the session that ordered
/// is told the token and the member.
pub async fn status(ctx: &Context, session: Option<&Session>, order_no: &str) -> Result<OrderView> {
    let mut conn = ctx.db.read().await?;
    let payment = payments::by_order_no(&mut conn, order_no)
        .await?
        .ok_or(Error::NotFound)?;
    let ordered =
        session.is_some_and(|session| payment.session_hash.as_ref() == Some(&session.id_hash));
    Ok(if ordered {
        order_view(&mut conn, ctx.keys(), payment).await?
    } else {
        OrderView {
            payment,
            access_token: None,
            way_back: None,
        }
    })
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
        let order = order_view(&mut conn, ctx.keys(), payment).await?;
        orders.push(OrderView { way_back, ..order });
    }
    Ok(orders)
}

async fn order_view(conn: &mut Conn, keys: &Keyring, payment: Payment) -> Result<OrderView> {
    let is_member = payment.member_id.is_some() && payment.status != OrderStatus::Created;
    let access_token = if is_member {
        access_token::present(conn, keys, &payment).await?
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
    let nth = usize::try_from(before / GROUP_HOLDS).unwrap_or(usize::MAX);
    let code = codes
        .get(nth)
        .or(codes.last())
        .copied()
        .ok_or(Error::NotFound)?;
    Ok(Group {
        camp,
        code,
        joined: member.joined,
    })
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
    let rejected_for = if refund.status() == RefundStatus::Rejected {
        let moves = refunds::timeline(conn, refund.id).await?;
        moves.into_iter().next_back().map(|last| last.reason)
    } else {
        None
    };
    Ok(Some(WayBack {
        refund,
        rejected_for,
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

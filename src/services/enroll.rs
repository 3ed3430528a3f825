//! Enrolling: an order for a camp, and what the member needs to have it paid.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::domain::order::ORDER_EXPIRES_AFTER;
use crate::domain::{
    CampId, CampStatus, Fen, OrderNo, OrderStatus, PayChannel, PaymentId, Timestamp,
};
use crate::platforms::wechat_pay::{self, Channel, NewOrder, NextStep, PayParams, Prepay};
use crate::store::camps::Camp;
use crate::store::payments::{self, NewPayment, PayMeans, Payee, Payer, Payment, PlanetClaim};
use crate::store::sessions::{self, Session};
use crate::store::{Note, StoreError, camps};

use super::close_order::{self, Closing, pay_failure};
use super::rows::readable;
use super::transact::again_if_overtaken;
use super::{
    Context, Error, Refusal, Result, WrongState, confirm_payment, contest, identity,
    personal_information,
};

/// An `h5_url` is good for five minutes (wechat-pay-v3 §4); it is fetched again a little earlier.
const H5_URL_LIVES: TimeDelta = TimeDelta::minutes(4);
/// `prepay_id` and `code_url` are good for two hours, longer than an order.
const PREPAY_LIVES: TimeDelta = TimeDelta::minutes(110);
/// WeChat Pay is first asked about an order this long after it was made.
const FIRST_QUERY_AFTER: TimeDelta = TimeDelta::minutes(5);

/// A member's request for a place.
#[derive(Debug, Clone)]
pub struct Request {
    /// The camp.
    pub camp_id: CampId,
    /// Their way to pay.
    pub channel: PayChannel,
    /// The account that they say is theirs.
    pub claim: PlanetClaim,
    /// They mean it although another payment of the camp names the account.
    pub confirms_claim: bool,
    /// Their address, for the h5 channel.
    pub ip: IpAddr,
}

/// An order, ready to be paid.
#[derive(Debug, Clone)]
pub struct Ordered {
    /// Our number.
    pub order_no: String,
    /// Its way to be paid.
    pub channel: PayChannel,
    /// The deposit.
    pub amount: Fen,
    /// Until when.
    pub expires_at: Timestamp,
    /// jsapi: what the page hands to WeChat.
    pub pay_params: Option<PayParams>,
    /// native: to be drawn as a QR code.
    pub code_url: Option<String>,
    /// h5: to be opened.
    pub h5_url: Option<String>,
}

/// Who orders.
#[derive(Debug, Clone, Copy)]
pub enum Orderer<'a> {
    /// A browser that has a session.
    Known(&'a Session),
    /// A browser that has none: this one is kept together with its first order, and not without.
    New(&'a Session),
}

impl<'a> Orderer<'a> {
    const fn session(self) -> &'a Session {
        match self {
            Self::Known(session) | Self::New(session) => session,
        }
    }
}

/// Makes an order for a camp, or gives the unpaid one of the same session again.
///
/// # Errors
/// `camp_not_enrolling`, `already_enrolled`, `claimed`, `unauthenticated` (jsapi without an openid), invalid
/// fields, or a failure of WeChat Pay, after which asking again continues with the same order.
pub async fn order(ctx: &Context, orderer: Orderer<'_>, request: Request) -> Result<Ordered> {
    let claim = identity::check_claim(request.claim)?;
    let payer = payer_of(ctx, orderer.session())?;
    if request.channel == PayChannel::Jsapi && payer.is_none() {
        return Err(Refusal::Unauthenticated.into());
    }
    let request = Request { claim, ..request };
    // If a second tap was faster, its order is found the next time.
    again_if_overtaken(|| place(ctx, orderer, &request, payer.clone())).await
}

/// The order of a checked request, found or made.
async fn place(
    ctx: &Context,
    orderer: Orderer<'_>,
    request: &Request,
    payer: Option<Payer>,
) -> Result<Ordered> {
    let session = orderer.session();
    let camp = enrolling_camp(ctx, request.camp_id).await?;
    refuse_second_place(ctx, session, camp.id).await?;
    if !request.confirms_claim {
        let mut conn = ctx.db.read().await?;
        contest::refuse_claimed(&mut conn, camp.id, &request.claim, None).await?;
    }
    let (same, others) = open_orders(ctx, session, &camp, request).await?;
    for other in &others {
        if close_order::close(ctx, other).await? == Closing::Paid {
            refuse_second_place(ctx, session, camp.id).await?;
        }
    }
    let order = match same {
        Some(order) => keep_claim(ctx, order, request.claim.clone()).await?,
        None => insert(ctx, orderer, &camp, request, payer).await?,
    };
    prepare(ctx, order, &camp.name).await
}

/// Gives the member again what they need to pay their unpaid order.
pub async fn pay_means(ctx: &Context, session: &Session, order_no: &str) -> Result<Ordered> {
    let (order, camp) = {
        let mut conn = ctx.db.read().await?;
        let order = payments::by_order_no(&mut conn, order_no).await?;
        let order = order.ok_or(Error::NotFound)?;
        if order.session_hash.as_ref() != Some(&session.id_hash) {
            return Err(Refusal::NotYourOrder.into());
        }
        let camp_id = order.camp_id.ok_or(Error::NotFound)?;
        (
            order,
            camps::by_id(&mut conn, camp_id)
                .await?
                .ok_or(Error::NotFound)?,
        )
    };
    if order.status != OrderStatus::Created || order.expires_at <= ctx.now() {
        return Err(WrongState::OrderNotPayable.into());
    }
    match prepare(ctx, order, &camp.name).await {
        Err(error) if error.is_conflict() => Err(WrongState::OrderNotPayable.into()),
        other => other,
    }
}

async fn enrolling_camp(ctx: &Context, id: CampId) -> Result<Camp> {
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, id).await?.ok_or(Error::NotFound)?;
    if camp.status == CampStatus::Enrolling {
        Ok(camp)
    } else {
        Err(Refusal::CampNotEnrolling.into())
    }
}

async fn refuse_second_place(ctx: &Context, session: &Session, camp: CampId) -> Result<()> {
    let mut conn = ctx.db.read().await?;
    match payments::place_of(&mut conn, camp, &session.person(ctx.keys())?).await? {
        Some(place) => Err(Refusal::AlreadyEnrolled {
            order_no: place.order_no,
            bind_status: place.bind_status,
        }
        .into()),
        None => Ok(()),
    }
}

fn payer_of(ctx: &Context, session: &Session) -> Result<Option<Payer>> {
    let openid = session.openid(ctx.keys())?;
    openid
        .map(|openid| confirm_payment::payer(ctx, &openid))
        .transpose()
}

/// The session's unpaid order that fits the request, and those that another channel, payer or
/// price, or the end of their time, has made useless.
async fn open_orders(
    ctx: &Context,
    session: &Session,
    camp: &Camp,
    request: &Request,
) -> Result<(Option<Payment>, Vec<Payment>)> {
    let mut conn = ctx.db.read().await?;
    let open = payments::open_of_session(&mut conn, &session.id_hash, camp.id).await?;
    let (open, now) = (readable(open), ctx.now());
    let macs = session.person(ctx.keys())?.openid_macs;
    let (mut fitting, mut others): (Vec<_>, Vec<_>) = open.into_iter().partition(|order| {
        let same_payer = match &order.payer {
            Some(payer) => macs.iter().flatten().any(|mac| *mac == payer.openid_mac),
            None => session.openid.is_none(),
        };
        let same_address = request.channel != PayChannel::H5
            || order.payer_ip.as_deref() == Some(request.ip.to_string().as_str());
        order.channel == Some(request.channel)
            && order.terms == Some(camp.terms)
            && order.expires_at > now
            && same_payer
            && same_address
    });
    let same = if fitting.is_empty() {
        None
    } else {
        Some(fitting.remove(0))
    };
    others.append(&mut fitting);
    Ok((same, others))
}

async fn keep_claim(ctx: &Context, mut order: Payment, claim: PlanetClaim) -> Result<Payment> {
    if order.claim != claim {
        let (id, now, kept) = (order.id, ctx.now(), claim.clone());
        ctx.db
            .write(move |tx| {
                Box::pin(async move {
                    payments::set_claim(tx, id, &kept, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        order.claim = claim;
    }
    Ok(order)
}

async fn insert(
    ctx: &Context,
    orderer: Orderer<'_>,
    camp: &Camp,
    request: &Request,
    payer: Option<Payer>,
) -> Result<Payment> {
    let (now, pay, session) = (ctx.now(), ctx.pay()?, orderer.session());
    let order = NewPayment {
        order_no: OrderNo::new(ctx.new_uuid()),
        camp_id: camp.id,
        session_hash: session.id_hash.clone(),
        channel: request.channel,
        terms: camp.terms,
        promise: ctx.settings.promise.promise(&camp.terms),
        info_version: personal_information::current().version,
        payer,
        wecom_userid: session.wecom_userid.clone(),
        claim: request.claim.clone(),
        expires_at: now.plus(ORDER_EXPIRES_AFTER),
        payer_ip: (request.channel == PayChannel::H5).then(|| request.ip.to_string()),
        next_query_at: now.plus(FIRST_QUERY_AFTER),
        payee: Payee {
            mch_id: pay.mch_id().to_owned(),
            app_id: pay.app_id().to_owned(),
        },
    };
    let wall_now = ctx.wall_now();
    let fresh = match orderer {
        Orderer::New(session) => Some(session.clone()),
        Orderer::Known(_) => None,
    };
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // The camp may have been withdrawn or begun since it was looked at.
                let camp = camps::by_id(tx, order.camp_id)
                    .await?
                    .ok_or(Error::NotFound)?;
                if camp.status != CampStatus::Enrolling || camp.terms != order.terms {
                    return Err(Refusal::CampNotEnrolling.into());
                }
                // There already where the order is the second of one request, after a conflict.
                if let Some(fresh) = fresh
                    && sessions::by_hash(tx, &fresh.id_hash, wall_now)
                        .await?
                        .is_none()
                {
                    sessions::insert(tx, &fresh, wall_now).await?;
                }
                let note = Note::new("member", "ordered", now);
                let id = payments::insert(tx, &order, &note).await?;
                let made = payments::by_id(tx, id).await?;
                made.ok_or_else(|| Error::Invariant("an order vanished".to_owned()))
            })
        })
        .await
}

/// Has WeChat Pay prepare the order, unless what it gave before is still good. A conflict says that
/// the order is over, and another one has to take its place.
async fn prepare(ctx: &Context, order: Payment, camp_name: &str) -> Result<Ordered> {
    let means = if is_still_prepared(ctx, &order) {
        order.means.clone()
    } else {
        fetch_means(ctx, &order, camp_name).await?
    };
    let prepay_id = means.prepay_id.as_deref();
    let pay_params = prepay_id.map(|id| ctx.pay()?.jsapi_params(id).map_err(pay_failure));
    Ok(Ordered {
        order_no: order.order_no,
        channel: order
            .channel
            .ok_or_else(|| Error::Invariant("no channel".to_owned()))?,
        amount: order.amount,
        expires_at: order.expires_at,
        pay_params: pay_params.transpose()?,
        code_url: means.code_url,
        h5_url: means.h5_url,
    })
}

/// The number is fixed, so doing it twice makes one order at WeChat Pay.
async fn fetch_means(ctx: &Context, order: &Payment, camp_name: &str) -> Result<PayMeans> {
    let asked = new_order(ctx, order, camp_name)?;
    let means = match ctx.pay()?.create_order(&asked).await {
        Ok(prepay) => means_of(prepay),
        Err(error) if is_used_up(&error, order) => {
            close_order::close(ctx, order).await?;
            return Err(StoreError::Conflict.into());
        }
        Err(error) => return Err(pay_failure(error)),
    };
    let (id, kept, wall_now) = (order.id, means.clone(), ctx.wall_now());
    let written: Result<()> = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                payments::set_prepared(tx, id, &kept, wall_now).await?;
                Ok(())
            })
        })
        .await;
    match written {
        Ok(()) => Ok(means),
        Err(error) if error.is_conflict() => Err(close_overtaken(ctx, id, error).await?),
        Err(error) => Err(error),
    }
}

/// Says whether WeChat Pay takes this number no more: it ended there, or was asked for otherwise when
/// it was prepared before.
fn is_used_up(error: &wechat_pay::Error, order: &Payment) -> bool {
    match error.next_step() {
        NextStep::NewNumber => true,
        NextStep::QueryFirst => order.prepared_at.is_some(),
        _ => false,
    }
}

/// Closes an order at WeChat Pay, too, that was closed in the books while WeChat Pay made it; the
/// member goes on with the order that took its place. If it was paid instead, `conflict` says so.
async fn close_overtaken(ctx: &Context, id: PaymentId, conflict: Error) -> Result<Error> {
    let mut conn = ctx.db.read().await?;
    let order = payments::by_id(&mut conn, id).await?;
    drop(conn);
    let order = order.ok_or(Error::NotFound)?;
    if order.status != OrderStatus::Closed {
        return Ok(conflict);
    }
    if close_order::close(ctx, &order).await? == Closing::Paid {
        return Ok(conflict);
    }
    Ok(WrongState::OrderClosed.into())
}

fn is_still_prepared(ctx: &Context, order: &Payment) -> bool {
    let lives = if order.channel == Some(PayChannel::H5) {
        H5_URL_LIVES
    } else {
        PREPAY_LIVES
    };
    order
        .prepared_at
        .is_some_and(|at| at.plus(lives) > ctx.wall_now())
}

fn new_order(ctx: &Context, order: &Payment, camp_name: &str) -> Result<NewOrder> {
    let missing = |what: &str| Error::Invariant(format!("order {} has no {what}", order.order_no));
    let channel = match order.channel.ok_or_else(|| missing("channel"))? {
        PayChannel::Jsapi => {
            let payer = order.payer.as_ref().ok_or_else(|| missing("payer"))?;
            Channel::Jsapi {
                openid: ctx.keys().open_text(payments::OPENID, &payer.openid)?,
            }
        }
        PayChannel::Native => Channel::Native,
        PayChannel::H5 => {
            let ip = order.payer_ip.as_deref().and_then(|ip| ip.parse().ok());
            Channel::H5 {
                payer_ip: ip.ok_or_else(|| missing("address"))?,
            }
        }
    };
    Ok(NewOrder {
        out_trade_no: order.order_no.clone(),
        description: format!("{camp_name} 押金"),
        amount_fen: order.amount.get(),
        notify_url: format!(
            "{}{}",
            ctx.settings.public_url,
            confirm_payment::NOTIFIED_AT
        ),
        expires_at: Some(order.expires_at.shanghai().to_utc()),
        attach: None,
        channel,
    })
}

fn means_of(prepay: Prepay) -> PayMeans {
    match prepay {
        Prepay::Jsapi { prepay_id } => PayMeans {
            prepay_id: Some(prepay_id),
            ..PayMeans::default()
        },
        Prepay::Native { code_url } => PayMeans {
            code_url: Some(code_url),
            ..PayMeans::default()
        },
        Prepay::H5 { h5_url } => PayMeans {
            h5_url: Some(h5_url),
            ..PayMeans::default()
        },
    }
}

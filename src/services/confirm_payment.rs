//! A payment that WeChat Pay confirms: by a notification, by a query, twenty times at once or
//! hours late. It is applied exactly once, and never lost.

use crate::domain::binding::BIND_WITHIN;
use crate::domain::ledger::Transfer;
use crate::domain::message::{Enrolled, PaymentAbnormal};
use crate::domain::order::flag_of_payment;
use crate::domain::{
    BindMethod, BindStatus, CampId, CampStatus, Fen, Machine as _, OrderFlag, OrderStatus,
    PaymentId, Timestamp,
};
use crate::platforms::wechat_pay::Transaction;
use crate::store::payments::{Confirmation, OPENID, Payee, Payer, Payment, RAW_NOTICE, ToConfirm};
use crate::store::{Macs, Note, Tx, camps, ledger, members, payments};

use super::contest::{self, Newcomer};
use super::matching::claimed;
use super::notify::{Notice, tell_deciders, tell_payer};
use super::{Context, Error, FieldError, Result, access_token, identity, refund};

/// Where WeChat Pay tells of payments (design §5.1).
pub const NOTIFIED_AT: &str = "/api/webhook/wechat/payment";
/// The only currency of deposits, and of payments that name none.
const CURRENCY: &str = "CNY";

/// What became of a confirmed payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is on the books now, with this flag if something is wrong with it.
    Now(Option<OrderFlag>),
    /// It was before.
    Before,
}

/// Applies what WeChat Pay says of a paid order. `raw` is the notification, if one brought it.
///
/// # Errors
/// [`Error::Invalid`] if it is a payment to another merchant: nothing is kept of it, known number or
/// not, since nobody else could give it back. Whatever else goes wrong, nothing was written
/// and WeChat Pay is to be asked to say it again.
pub async fn confirm(
    ctx: &Context,
    transaction: &Transaction,
    raw: Option<&[u8]>,
) -> Result<Applied> {
    if !transaction.trade_state.was_paid() {
        return Err(Error::invalid("trade_state", FieldError::NotPaid));
    }
    if transaction.mch_id != ctx.pay()?.mch_id() {
        return Err(Error::invalid("mchid", FieldError::NotOurs));
    }
    let confirmation = confirmation(ctx, transaction, raw)?;
    let note = Note::new("wechat_pay", reason(transaction), ctx.now());
    let order_no = transaction.out_trade_no.clone();
    let is_of_present_app = confirmation.payee.app_id == ctx.pay()?.app_id();
    let given = (ctx.clone(), order_no, confirmation, note);
    ctx.transact(given, move |tx, (ctx, order_no, confirmation, note)| {
        let confirmation = confirmation.clone();
        Box::pin(apply(
            ctx,
            tx,
            order_no,
            confirmation,
            is_of_present_app,
            note,
        ))
    })
    .await
}

/// What the log says of the payment; all that the books keep of an amount in another currency.
fn reason(transaction: &Transaction) -> String {
    match (foreign_currency(transaction), &transaction.amount) {
        (Some(currency), Some(amount)) => {
            let total = amount.total_fen.unwrap_or(0);
            format!("payment confirmed, {total} in {currency}")
        }
        _ => "payment confirmed".to_owned(),
    }
}

fn foreign_currency(transaction: &Transaction) -> Option<&str> {
    let amount = transaction.amount.as_ref()?;
    let currency = amount.currency.as_deref()?;
    (currency != CURRENCY).then_some(currency)
}

/// What of the transaction is kept.
fn confirmation(
    ctx: &Context,
    transaction: &Transaction,
    raw: Option<&[u8]>,
) -> Result<Confirmation> {
    let amount = transaction
        .amount
        .as_ref()
        .and_then(|amount| amount.total_fen);
    let paid = amount.and_then(|fen| Fen::new(fen).ok());
    let paid = paid.ok_or_else(|| Error::invalid("amount", FieldError::Missing))?;
    // Another currency is no fen: the payment is flagged for its amount, and since there are no fen
    // to give back, no refund of it can be proposed. A person settles it with WeChat Pay.
    let paid = foreign_currency(transaction).map_or(paid, |_| Fen::ZERO);
    let transaction_id = transaction.transaction_id.clone();
    let transaction_id =
        transaction_id.ok_or_else(|| Error::invalid("transaction_id", FieldError::Missing))?;
    let openid = transaction
        .payer
        .as_ref()
        .and_then(|payer| payer.openid.as_deref());
    Ok(Confirmation {
        paid,
        paid_at: transaction
            .success_time
            .map_or_else(|| ctx.now(), Timestamp::from),
        transaction_id,
        payer: openid.map(|openid| payer(ctx, openid)).transpose()?,
        flag: None,
        raw_notice: raw
            .map(|raw| ctx.keys().seal(RAW_NOTICE, raw))
            .transpose()?,
        payee: Payee {
            mch_id: transaction.mch_id.clone(),
            app_id: transaction.app_id.clone(),
        },
    })
}

/// A payer as the store keeps them.
pub(super) fn payer(ctx: &Context, openid: &str) -> Result<Payer> {
    Ok(Payer {
        openid: ctx.keys().seal(OPENID, openid.as_bytes())?,
        openid_mac: ctx.keys().kept_mac(OPENID, openid.as_bytes()),
    })
}

/// What the other payments of a payer are found by, whatever key they are under.
pub(super) fn macs_of(ctx: &Context, payer: Option<&Payer>) -> Result<Macs> {
    let Some(payer) = payer else {
        return Ok(Macs::default());
    };
    let openid = ctx.keys().open(OPENID, &payer.openid)?;
    Ok(ctx.keys().lookup(OPENID, &openid))
}

async fn apply(
    ctx: &Context,
    tx: &mut Tx,
    order_no: &str,
    mut confirmation: Confirmation,
    is_of_present_app: bool,
    note: &Note,
) -> Result<Applied> {
    let payer = macs_of(ctx, confirmation.payer.as_ref())?;
    let Some(seen) = payments::to_confirm(tx, order_no, &payer).await? else {
        let flag = if is_of_present_app {
            OrderFlag::UnknownOrder
        } else {
            OrderFlag::OtherAppid
        };
        confirmation.flag = Some(flag);
        let id = payments::insert_unknown(tx, order_no, &confirmation, note).await?;
        book(tx, id, None, &confirmation, false, note);
        refund::propose_flagged(ctx, tx, id, note).await?;
        tell_abnormal(ctx, tx, id, order_no, flag, None, &confirmation).await?;
        return Ok(Applied::Now(confirmation.flag));
    };
    // An order made before the appid was changed is paid under the one that it was made for.
    let is_of = |app_id: &str| confirmation.payee.app_id == app_id;
    let is_of_its_app = seen.app_id.as_deref().map_or(is_of_present_app, is_of);
    let order = &seen.order;
    if !matches!(order.status, OrderStatus::Created | OrderStatus::Closed) {
        return match order.transaction_id.as_deref() {
            Some(known) if known == confirmation.transaction_id => Ok(Applied::Before),
            _ => apply_second(ctx, tx, order, &confirmation, note).await,
        };
    }
    confirmation.payer = confirmation.payer.or_else(|| order.payer.clone());
    confirmation.flag = flag_of_payment(
        order.amount,
        confirmation.paid,
        !is_of_its_app,
        seen.payer_has_place,
        order.status == OrderStatus::Closed || is_withdrawn(&seen),
    );
    let change = order.status.to(OrderStatus::Paid)?;
    payments::confirm(tx, order, change, &confirmation, note);
    let takes_place = takes_a_place(&seen, confirmation.flag);
    book(
        tx,
        order.id,
        order.camp_id,
        &confirmation,
        takes_place,
        note,
    );
    if takes_place {
        enroll(ctx, tx, order, confirmation.paid_at, note).await?;
    }
    if let Some(flag) = confirmation.flag {
        refund::propose_flagged(ctx, tx, order.id, note).await?;
        let camp = order.camp_id;
        tell_abnormal(ctx, tx, order.id, order_no, flag, camp, &confirmation).await?;
    }
    Ok(Applied::Now(confirmation.flag))
}

/// Keeps a second payment of a paid order under WeChat Pay's number, to be given back by it.
async fn apply_second(
    ctx: &Context,
    tx: &mut Tx,
    first: &Payment,
    confirmation: &Confirmation,
    note: &Note,
) -> Result<Applied> {
    let number = &confirmation.transaction_id;
    if payments::by_order_no(tx, number).await?.is_some() {
        return Ok(Applied::Before);
    }
    let flag = OrderFlag::Duplicate;
    let confirmation = Confirmation {
        flag: Some(flag),
        payer: confirmation.payer.clone().or_else(|| first.payer.clone()),
        ..confirmation.clone()
    };
    let reason = format!("{}, the second of {}", note.reason, first.order_no);
    let note = &Note::new("wechat_pay", reason, note.at);
    let id = payments::insert_unknown(tx, number, &confirmation, note).await?;
    book(tx, id, None, &confirmation, false, note);
    refund::propose_flagged(ctx, tx, id, note).await?;
    tell_abnormal(ctx, tx, id, number, flag, first.camp_id, &confirmation).await?;
    Ok(Applied::Now(Some(flag)))
}

/// Books what came in. Another currency is no fen: it is in no account.
fn book(
    tx: &mut Tx,
    payment: PaymentId,
    camp: Option<CampId>,
    paid: &Confirmation,
    took_place: bool,
    note: &Note,
) {
    if paid.paid > Fen::ZERO {
        let number = &paid.transaction_id;
        let came_in = Transfer::payment(number, paid.paid, took_place, camp, payment, note.at);
        ledger::add(tx, &came_in);
    }
}

/// Whether the order's camp was withdrawn or deleted while the order was open: nobody has paid for
/// it then, and nobody would be looked after in it.
fn is_withdrawn(seen: &ToConfirm) -> bool {
    let withdrawn = [None, Some(CampStatus::Draft), Some(CampStatus::Pending)];
    seen.order.camp_id.is_some() && withdrawn.contains(&seen.camp_status)
}

/// Whether a payment makes a member: the deposit itself does; a late one does while the camp
/// still takes people in; a second one and one of the wrong amount wait for a person.
fn takes_a_place(seen: &ToConfirm, flag: Option<OrderFlag>) -> bool {
    match (flag, seen.order.camp_id) {
        (None, Some(_)) => true,
        (Some(OrderFlag::Late), Some(_)) => seen.camp_status == Some(CampStatus::Enrolling),
        _ => false,
    }
}

/// Makes the member of a paid order, binds it as far as the claim goes, and opens the pages.
pub(super) async fn enroll(
    ctx: &Context,
    tx: &mut Tx,
    order: &Payment,
    paid_at: Timestamp,
    note: &Note,
) -> Result<()> {
    let (Some(camp), Some(terms)) = (order.camp_id, order.terms) else {
        return Err(Error::Invariant(format!(
            "order {} has no camp or terms",
            order.order_no
        )));
    };
    let mut judged = identity::judge(tx, &order.claim).await?;
    let newcomer = Newcomer {
        camp,
        order_no: &order.order_no,
    };
    contest::settle(ctx, tx, newcomer, &mut judged, note).await?;
    let note = &claimed(&judged, note);
    members::insert(tx, camp, order.id, &judged.identity, judged.status, note);
    payments::set_member(tx, order.id, Some(paid_at.plus(BIND_WITHIN)));
    let method = match (order.claim.signed, &order.claim.planet_id) {
        (Some(_), _) => Some(BindMethod::DynamicQrcode),
        (None, Some(_)) => Some(BindMethod::UserFill),
        (None, None) => None,
    };
    if method.is_some() {
        let change = order.bind_status.to(BindStatus::Completed)?;
        payments::advance_binding(tx, order.id, change, method, note);
    }
    let until = terms.access_until();
    access_token::add(tx, ctx.keys(), order.id, &order.order_no, until, note.at);
    tell_enrolled(ctx, tx, order, camp, note).await
}

/// Tells the payer that they are in, and where the group's code is.
async fn tell_enrolled(
    ctx: &Context,
    tx: &mut Tx,
    order: &Payment,
    camp: CampId,
    note: &Note,
) -> Result<()> {
    let Some(payer) = &order.wecom_userid else {
        return Ok(());
    };
    let camp_name = camps::name(tx, Some(camp)).await?.unwrap_or_default();
    let enrolled = Enrolled {
        camp_id: camp,
        camp_name,
        amount: order.paid.unwrap_or(order.amount),
    };
    let notice = Notice {
        content: enrolled.into(),
        camp_id: Some(camp),
        dedupe_key: order.order_no.clone(),
    };
    tell_payer(tx, &ctx.settings, Some(payer), &notice, note.at).await
}

async fn tell_abnormal(
    ctx: &Context,
    tx: &mut Tx,
    payment: PaymentId,
    order_no: &str,
    flag: OrderFlag,
    camp_id: Option<CampId>,
    confirmation: &Confirmation,
) -> Result<()> {
    let camp_name = camps::name(tx, camp_id).await?;
    let order = payments::by_id(tx, payment).await?.ok_or(Error::NotFound)?;
    let abnormal = PaymentAbnormal {
        payment_id: payment,
        order_no: order_no.to_owned(),
        flag,
        camp_name,
        due: order.amount,
        paid: confirmation.paid,
        enrolled: order.member_id.is_some(),
    };
    let notice = Notice {
        content: abnormal.into(),
        camp_id,
        dedupe_key: payment.to_string(),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

//! Making an objection.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::json;

use crate::domain::appeal::{Appeal, Contestable};
use crate::domain::calendar::DayState;
use crate::domain::custody as custody_rules;
use crate::domain::message::AppealOpened;
use crate::domain::{AppealKind, AppealStatus, PaymentId, Timestamp, UploadId};
use crate::services::custody::{self, Held};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{access_token, progress, refund};
use crate::store::appeals::{self, Listed, NewAppeal};
use crate::store::audit::Entry;
use crate::store::{Conn, Lock, Note, Tx, camps, members};

use super::evidence::evidence_of;
use super::pictures::MAX_PICTURES;
use super::{Context, Duplicate, Error, FieldError, Refusal, Result, WrongState};

/// Characters of an objection at most.
const MAX_TEXT_CHARS: usize = 500;
/// Who makes it, in the logs.
const MEMBER: &str = "member";

/// An objection as a member sends it.
#[derive(Debug, Clone)]
pub struct Objection {
    pub order_no: String,
    pub kind: AppealKind,
    /// The day that it is about; the other kinds have none.
    pub day: Option<NaiveDate>,
    pub text: String,
    pub uploads: BTreeSet<UploadId>,
}

impl Objection {
    fn checked(mut self) -> Result<Self> {
        let text = self.text.trim();
        if text.is_empty() {
            return Err(Error::invalid("text", FieldError::Missing));
        }
        if text.chars().count() > MAX_TEXT_CHARS {
            let max = MAX_TEXT_CHARS;
            return Err(Error::invalid("text", FieldError::TooLong { max }));
        }
        if self.uploads.len() > MAX_PICTURES {
            let max = MAX_PICTURES;
            return Err(Error::invalid("uploadIds", FieldError::TooMany { max }));
        }
        self.text = text.to_owned();
        match (self.kind, self.day) {
            (AppealKind::Day, None) => Err(Error::invalid("day", FieldError::Missing)),
            (AppealKind::Day, Some(_)) | (_, None) => Ok(self),
            (_, Some(_)) => Err(Error::invalid("day", FieldError::NoSuchField)),
        }
    }
}

/// Makes an objection of the member who holds `token`. It holds that deposit alone until it is
/// answered, and those who decide about the camp are told.
///
/// # Errors
/// `token_invalid`, `token_expired`, `not_your_order`; `duplicate` while one is open, and for what was
/// answered; `wrong_state` where there is nothing to object to; [`Error::Invalid`].
pub async fn object(ctx: &Context, token: &str, objection: Objection) -> Result<Appeal> {
    let payment = access_token::payment(ctx, token).await?;
    if payment.order_no != objection.order_no {
        return Err(Refusal::NotYourOrder.into());
    }
    let given = (ctx.clone(), payment.id, objection.checked()?);
    ctx.transact(given, |tx, (ctx, payment, objection)| {
        Box::pin(write(ctx, tx, *payment, objection))
    })
    .await
}

async fn write(
    ctx: &Context,
    tx: &mut Tx,
    payment: PaymentId,
    objection: &Objection,
) -> Result<Appeal> {
    // Who approves, rejects or keeps it meanwhile is waited for.
    tx.lock(Lock::Decisions).await?;
    let kind = objection.kind;
    let found = contestable(ctx, tx, payment, objection.day).await?;
    let (held, contestable) = found.ok_or(WrongState::CannotObject { kind })?;
    refuse_repeated(tx, &held, &contestable, objection).await?;
    if !contestable.is_open(kind, ctx.now()) {
        return Err(WrongState::CannotObject { kind }.into());
    }
    let now = ctx.now();
    let note = Note::new(MEMBER, objection.kind.as_str(), now);
    let new = NewAppeal {
        payment_id: payment,
        camp_id: held.payment.camp_id,
        member_id: held.payment.member_id,
        kind: objection.kind,
        day: objection.day,
        text: objection.text.clone(),
    };
    let inserted = appeals::insert(tx, &new, &note).await?;
    let id = inserted.ok_or(Duplicate::Appeal)?;
    for upload in &objection.uploads {
        if !appeals::attach_picture(tx, *upload, payment, id).await? {
            return Err(Error::invalid("uploadIds", FieldError::Unknown));
        }
    }
    if let Some(camp) = held.payment.camp_id {
        refund::follow(ctx, tx, camp, &[payment], &note).await?;
    }
    let listed = appeals::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    tx.audit(Entry {
        actor: None,
        action: "appeal.open",
        object_type: "appeal",
        object_id: id.to_string(),
        details: json!({
            "orderNo": listed.order_no,
            "campId": listed.camp_id,
            "kind": objection.kind,
            "day": objection.day,
            "pictures": objection.uploads.len(),
        }),
        at: now,
    });
    tell(ctx, tx, &held, &listed, objection.uploads.len()).await?;
    Ok(listed.appeal)
}

/// What may be objected to of a payment; none where nothing of it is here.
async fn contestable(
    ctx: &Context,
    conn: &mut Conn,
    payment: PaymentId,
    day: Option<NaiveDate>,
) -> Result<Option<(Held, Contestable)>> {
    let Some(held) = custody::of_payment(ctx, conn, payment).await? else {
        return Ok(None);
    };
    let camp = match held.payment.camp_id {
        Some(camp) => camps::by_id(conn, camp).await?,
        None => None,
    };
    let member = match held.payment.member_id {
        Some(member) => members::by_id(conn, member).await?,
        None => None,
    };
    let terms = held.case.as_ref().and_then(|case| case.grounds.terms);
    let state: Option<DayState> = match (day, &camp, &member, terms) {
        (Some(day), Some(camp), Some(member), Some(terms)) => {
            progress::state_of_day(conn, member, camp, &terms, ctx.today(), day).await?
        }
        _ => None,
    };
    let contestable = custody::contestable(ctx, &held, camp.map(|camp| camp.status), state);
    Ok(Some((held, contestable)))
}

/// One at a time, and each thing once: an answer is an answer.
async fn refuse_repeated(
    conn: &mut Conn,
    held: &Held,
    contestable: &Contestable,
    objection: &Objection,
) -> Result<()> {
    let since = contestable.since(objection.kind, held.payment.refused_at);
    let is_same = |before: &Appeal| {
        before.kind == objection.kind
            && match objection.kind {
                AppealKind::Day => before.day == objection.day,
                _ => since.is_some_and(|since| before.made_at >= since),
            }
    };
    for before in appeals::of_payment(conn, held.payment.payment_id).await? {
        if before.status == AppealStatus::Open {
            return Err(Duplicate::Appeal.into());
        }
        if is_same(&before) {
            return Err(Duplicate::AnsweredAppeal.into());
        }
    }
    Ok(())
}

async fn tell(
    ctx: &Context,
    tx: &mut Tx,
    held: &Held,
    listed: &Listed,
    pictures: usize,
) -> Result<()> {
    let evidence = evidence_of(tx, listed, held.case.as_ref()).await?;
    let opened = AppealOpened {
        appeal_id: listed.appeal.id,
        camp_name: listed.camp_name.clone(),
        name: listed.name.clone(),
        kind: listed.appeal.kind,
        day: listed.appeal.day,
        text: listed.appeal.text.clone(),
        days: evidence.days,
        ranking_days: evidence.ranking_days,
        post_days: evidence.post_days,
        rejected_by: evidence.rejected.as_ref().map(|no| no.by.clone()),
        rejected_for: evidence.rejected.map(|no| no.reason),
        pictures,
        order_no: listed.order_no.clone(),
        answer_by: answer_by(ctx, listed.appeal.made_at),
    };
    let notice = Notice {
        content: opened.into(),
        camp_id: listed.camp_id,
        dedupe_key: listed.appeal.id.to_string(),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// By when an objection is to be answered.
pub(super) fn answer_by(ctx: &Context, made_at: Timestamp) -> Timestamp {
    custody_rules::answer_of(ctx.settings.promise, made_at).until
}

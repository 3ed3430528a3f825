//! Objections as those see them who answer.

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, AppealId, AppealStatus, Timestamp, UploadId};
use crate::services::file_links;
use crate::services::rows::logged;
use crate::store::appeals::{self, AppealFilter, Listed};
use crate::store::{Conn, Listing as _, Page, PageRequest, refunds};

use super::evidence::{Evidence, evidence_of};
use super::object::answer_by;
use super::{Context, Error, Result, reach_of};

/// An objection with what speaks for and against it.
#[derive(Debug)]
pub struct Shown {
    pub listed: Listed,
    pub evidence: Evidence,
    /// Signed addresses, good for ten minutes.
    pub pictures: Vec<String>,
    pub answer_by: Timestamp,
}

/// Reads a page of the objections that `actor` may answer, the newest first.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn page(
    ctx: &Context,
    actor: &Actor,
    filter: AppealFilter,
    page: PageRequest,
) -> Result<Page<Shown>> {
    let own = reach_of(actor, Action::AnswerAppeals)? == Reach::OwnCamps;
    let filter = AppealFilter {
        staffed_by: own.then_some(actor.user_id),
        ..filter
    };
    let mut conn = ctx.db.read().await?;
    let found = logged(filter.page(&mut conn, page).await?);
    let rows = shown(ctx, &mut conn, found.rows.good).await?.into();
    Ok(Page {
        rows,
        total: found.total,
        request: found.request,
    })
}

/// One objection as it is now; the right to see it was asked before.
pub(super) async fn one(ctx: &Context, id: AppealId) -> Result<Shown> {
    let mut conn = ctx.db.read().await?;
    let listed = appeals::by_id(&mut conn, id)
        .await?
        .ok_or(Error::NotFound)?;
    let shown = shown(ctx, &mut conn, vec![listed]).await?.pop();
    shown.ok_or(Error::NotFound)
}

/// True while an objection waits for its answer. Asks no permission: it tells nothing else.
pub async fn is_open(ctx: &Context, id: AppealId) -> Result<bool> {
    let listed = appeals::by_id(&mut ctx.db.read().await?, id).await?;
    Ok(listed.is_some_and(|listed| listed.appeal.status == AppealStatus::Open))
}

/// What an objection was answered; empty while it is open. Asks no permission: it tells whoever
/// comes second what the member has been told.
pub async fn answer_text(ctx: &Context, id: AppealId) -> Result<String> {
    let listed = appeals::by_id(&mut ctx.db.read().await?, id).await?;
    let answer = listed.and_then(|listed| listed.appeal.answer);
    Ok(answer.map_or_else(String::new, |answer| answer.text))
}

async fn shown(ctx: &Context, conn: &mut Conn, listed: Vec<Listed>) -> Result<Vec<Shown>> {
    let payments: Vec<_> = listed.iter().map(|listed| listed.payment_id).collect();
    let ids: Vec<_> = listed.iter().map(|listed| listed.appeal.id).collect();
    let cases = refunds::cases_of_payments(conn, &payments).await?;
    let mut pictures = appeals::pictures(conn, &ids).await?;
    let mut shown = Vec::with_capacity(listed.len());
    for listed in listed {
        let of_appeal = pictures.remove(&listed.appeal.id).unwrap_or_default();
        let signed = |upload: UploadId| file_links::signed_path(ctx, upload);
        shown.push(Shown {
            evidence: evidence_of(conn, &listed, cases.get(&listed.payment_id)).await?,
            pictures: of_appeal.into_iter().map(signed).collect(),
            answer_by: answer_by(ctx, listed.appeal.made_at),
            listed,
        });
    }
    Ok(shown)
}

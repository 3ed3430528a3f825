//! WeChat Pay's trade bills against the books.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::trade_bill::{BillFailure, BillState, DifferenceKind, Resolution, Side};
use crate::domain::{DifferenceId, Timestamp};
use crate::services::Context;
use crate::services::bills::{self, Bill};
use crate::store::PageRequest;
use crate::store::trade_bills::{BillFilter, KeptDifference};
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{Answer, Envelope, Json, Page, Path, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_bills))
        .routes(routes!(get_bill))
        .routes(routes!(run_bill))
        .routes(routes!(resolve_difference))
}

/// The bill of a day, as it was last compared with the books.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BillView {
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    #[schema(value_type = String, example = "equal")]
    state: BillState,
    /// Why there is no bill, while it is unavailable: `creating`, `unanswered`, `refused` or
    /// `unreadable`.
    #[schema(value_type = Option<String>, example = "creating")]
    failure: Option<BillFailure>,
    /// Rows of the bill.
    rows: i64,
    /// Those of them whose order numbers are not ours.
    foreign_rows: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    compared_at: Option<Timestamp>,
    differences: Vec<DifferenceView>,
}

/// Something in which a bill and the books differ.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DifferenceView {
    #[schema(value_type = i64)]
    id: DifferenceId,
    #[schema(value_type = String, example = "missing_here")]
    kind: DifferenceKind,
    /// Null where the bill's line does not tell.
    order_no: Option<String>,
    refund_no: Option<String>,
    ours: Option<SideView>,
    theirs: Option<SideView>,
    /// `book` or `correct`; null once it is settled.
    #[schema(value_type = Option<String>, example = "book")]
    next: Option<Resolution>,
    /// What was done: `book`, `correct` or `accept`.
    #[schema(value_type = Option<String>)]
    resolution: Option<Resolution>,
    resolved_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Timestamp>,
    note: Option<String>,
}

/// What the books or the bill have.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SideView {
    amount_fen: i64,
    /// WeChat Pay's number of a payment.
    transaction_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// How many rows the bill has of it, where it is not one.
    rows: Option<i64>,
    /// The order or the refund has it, and the ledger lacks its transfer.
    unposted: bool,
}

impl From<Bill> for BillView {
    fn from(it: Bill) -> Self {
        Self {
            date: it.bill.day,
            state: it.bill.state,
            failure: it.bill.failure,
            rows: it.bill.rows,
            foreign_rows: it.bill.foreign_rows,
            compared_at: it.bill.compared_at,
            differences: it.differences.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<KeptDifference> for DifferenceView {
    fn from(kept: KeptDifference) -> Self {
        let it = kept.difference;
        Self {
            id: kept.id,
            kind: it.kind,
            order_no: it.order_no,
            refund_no: it.refund_no,
            ours: it.ours.map(Into::into),
            theirs: it.theirs.map(Into::into),
            next: kept.resolution.is_none().then(|| it.kind.next()),
            resolution: kept.resolution,
            resolved_by: kept.resolved_by,
            resolved_at: kept.resolved_at,
            note: kept.note,
        }
    }
}

impl From<Side> for SideView {
    fn from(side: Side) -> Self {
        Self {
            amount_fen: side.amount_fen,
            transaction_id: side.transaction_id,
            at: side.at,
            rows: side.rows,
            unposted: side.is_unposted,
        }
    }
}

/// The days of a list.
#[derive(Debug, Deserialize)]
struct ListQuery {
    from: Option<Day>,
    to: Option<Day>,
}

/// What is done about a difference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResolveBody {
    /// `book`: apply what the bill shows; `correct`: ask WeChat Pay again; `accept`: leave it.
    #[schema(value_type = String, example = "book")]
    action: Resolution,
    /// Needed to accept.
    note: Option<String>,
}

/// Trade bills, newest day first.
#[utoipa::path(
    get, path = "/api/admin/bills", tag = "staff", security(("staff" = [])),
    params(
        ("from" = Option<String>, Query, description = "this day or later"),
        ("to" = Option<String>, Query, description = "this day or earlier"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Page<BillView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_bills(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<BillView>>> {
    let (from, to) = span(query.from, query.to)?;
    let filter = BillFilter { from, to };
    Ok(Answer(
        bills::page(&ctx, &actor, filter, page).await?.into(),
    ))
}

/// The trade bill of a day.
#[utoipa::path(
    get, path = "/api/admin/bills/{date}", tag = "staff", security(("staff" = [])),
    params(("date" = String, Path)),
    responses(
        (status = 200, body = Envelope<BillView>),
        (status = 404, description = "not_found: nobody has looked for it", body = ProblemBody)
    )
)]
async fn get_bill(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(day): Path<Day>,
) -> WebResult<Answer<BillView>> {
    Ok(Answer(bills::one(&ctx, &actor, day.into()).await?.into()))
}

/// Compares the bill of a day with the books now, whether or not it was before.
#[utoipa::path(
    post, path = "/api/admin/bills/{date}/run", tag = "staff", security(("staff" = [])),
    params(("date" = String, Path)),
    responses(
        (status = 200, body = Envelope<BillView>),
        (status = 409, description = "wrong_state: there is no bill yet, or none any more", body = ProblemBody),
        (status = 503, description = "platform_unavailable: what was found before stands", body = ProblemBody)
    )
)]
async fn run_bill(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(day): Path<Day>,
) -> WebResult<Answer<BillView>> {
    let bill = bills::compare(&ctx, &actor, day.into()).await?;
    Ok(Answer(bill.into()))
}

/// Settles one difference, and answers how the day stands then.
#[utoipa::path(
    post, path = "/api/admin/bills/{date}/differences/{id}/resolve", tag = "staff",
    security(("staff" = [])), params(("date" = String, Path), ("id" = i64, Path)),
    request_body = ResolveBody,
    responses(
        (status = 200, body = Envelope<BillView>),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 409, description = "already_decided; wrong_state: WeChat Pay does not bear it out", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn resolve_difference(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path((day, id)): Path<(Day, DifferenceId)>,
    Json(body): Json<ResolveBody>,
) -> WebResult<Answer<BillView>> {
    let note = body.note.as_deref();
    let bill = bills::resolve(&ctx, &actor, day.into(), id, body.action, note).await?;
    Ok(Answer(bill.into()))
}

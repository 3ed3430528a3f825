//! What is in custody: every payment whose money is here, whose turn it is, and until when.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::custody::{Awaited, Turn};
use crate::domain::{CampId, MemberId, Timestamp};
use crate::services::Context;
use crate::services::custody::{self, CustodyQuery, DaySum, Held};
use crate::store::PageRequest;
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Items, Page, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_custody))
        .routes(routes!(show_forecast))
}

/// A payment whose money is here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CustodyView {
    order_no: String,
    #[schema(value_type = Option<i64>)]
    member_id: Option<MemberId>,
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    held_fen: i64,
    /// `held`, `suspense`, or `reserved` while a refund is on its way.
    account: &'static str,
    /// `bind`, `match`, `list`, `decide`, `undo`, `answer`, `manual`, `evidence`, `merchant`,
    /// `wechat` or `object`.
    #[schema(value_type = String, example = "decide")]
    what: Awaited,
    /// `member`, `staff`, `planet` or `wechat`.
    #[schema(value_type = String, example = "staff")]
    who: Turn,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    overdue: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    camp_id: Option<CampId>,
    who: Option<Turn>,
    overdue: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForecastQuery {
    camp_id: Option<CampId>,
}

/// What goes back on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ForecastDay {
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    /// By who has the days now.
    least_fen: i64,
    /// By who still can.
    most_fen: i64,
}

fn view(held: Held, now: Timestamp) -> CustodyView {
    CustodyView {
        held_fen: held.amount.get(),
        account: held.account,
        what: held.next.what,
        who: held.next.what.who(),
        until: held.next.until,
        overdue: held.is_overdue(now),
        member_id: held.payment.member_id,
        camp_id: held.payment.camp_id,
        order_no: held.payment.order_no,
    }
}

impl From<DaySum> for ForecastDay {
    fn from(day: DaySum) -> Self {
        Self {
            date: day.date,
            least_fen: day.least.get(),
            most_fen: day.most.get(),
        }
    }
}

/// Payments in custody with their next step, the oldest first; coaches see those of their camps.
#[utoipa::path(
    get, path = "/api/admin/custody", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query),
        ("who" = Option<String>, Query, description = "member|staff|planet|wechat"),
        ("overdue" = Option<bool>, Query),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Page<CustodyView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_custody(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<CustodyView>>> {
    let query = CustodyQuery {
        camp_id: query.camp_id,
        who: query.who,
        overdue: query.overdue,
    };
    let page = custody::list(&ctx, &actor, query, page).await?;
    let now = ctx.now();
    Ok(Answer(page.map(|held| view(held, now)).into()))
}

/// How much goes back on each of the next 14 days.
#[utoipa::path(
    get, path = "/api/admin/forecast", tag = "staff", security(("staff" = [])),
    params(("campId" = Option<i64>, Query)),
    responses(
        (status = 200, body = Envelope<Items<ForecastDay>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn show_forecast(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ForecastQuery>,
) -> WebResult<Answer<Items<ForecastDay>>> {
    let days = custody::forecast(&ctx, &actor, query.camp_id).await?;
    let items = days.into_iter().map(ForecastDay::from).collect();
    Ok(Answer(Items { items }))
}

//! Objections of members, with our evidence beside their words.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{AppealId, AppealKind, AppealStatus, CampId, MemberId, RefundFlag, Timestamp};
use crate::services::Context;
use crate::services::appeals::{self, Evidence, Shown, Verdict};
use crate::store::PageRequest;
use crate::store::appeals::AppealFilter;
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Json, Page, Path, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_appeals))
        .routes(routes!(answer_appeal))
}

/// An objection of a member.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StaffAppealView {
    id: i64,
    order_no: String,
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    #[schema(required)]
    camp_name: Option<String>,
    #[schema(value_type = Option<i64>)]
    member_id: Option<MemberId>,
    name: String,
    /// `day`, `verdict` or `rejection`.
    #[schema(value_type = String)]
    kind: AppealKind,
    #[schema(value_type = Option<String>, format = Date, required)]
    day: Option<NaiveDate>,
    /// In the member's words.
    text: String,
    /// `open`, `accepted` or `refused`.
    #[schema(value_type = String)]
    status: AppealStatus,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// By when it is to be answered.
    #[schema(value_type = String, format = DateTime)]
    answer_by: Timestamp,
    #[schema(required)]
    answer: Option<String>,
    #[schema(required)]
    answered_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    answered_at: Option<Timestamp>,
    /// Signed addresses, good for ten minutes.
    pictures: Vec<String>,
    evidence: AppealEvidence,
}

/// What we know of what is objected to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AppealEvidence {
    /// The days that count.
    #[schema(required)]
    checked_in_days: Option<i64>,
    #[schema(required)]
    required_days: Option<i64>,
    #[schema(required)]
    grace_days: Option<i64>,
    /// By the planet's ranking; null where it is not known.
    #[schema(required)]
    ranking_days: Option<i64>,
    post_days: i64,
    #[schema(required)]
    imported_days: Option<i64>,
    #[schema(required)]
    attested_days: Option<i64>,
    /// Null while the days are not known as of the end.
    #[schema(required)]
    eligible: Option<bool>,
    #[schema(value_type = Vec<String>)]
    flags: Vec<RefundFlag>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    ranked_at: Option<Timestamp>,
    /// Check-ins of the day, the one before and the one after.
    nearby: Vec<NearbyCheckIn>,
    #[schema(required)]
    rejected_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    rejected_at: Option<Timestamp>,
    #[schema(required)]
    rejected_for: Option<String>,
}

/// A check-in around the day of an objection.
#[derive(Debug, Serialize, ToSchema)]
struct NearbyCheckIn {
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    at: Option<Timestamp>,
}

impl From<Evidence> for AppealEvidence {
    fn from(it: Evidence) -> Self {
        let nearby = it.nearby.into_iter();
        let (by, at, reason) = it.rejected.map_or((None, None, None), |no| {
            (Some(no.by), Some(no.at), Some(no.reason))
        });
        Self {
            checked_in_days: it.days.map(|days| days.checked_in),
            required_days: it.days.map(|days| days.required),
            grace_days: it.days.map(|days| days.grace),
            ranking_days: it.ranking_days,
            post_days: it.post_days,
            imported_days: it.imported_days,
            attested_days: it.attested_days,
            eligible: it.eligible,
            flags: it.flags,
            ranked_at: it.ranked_at,
            nearby: nearby
                .map(|(date, at)| NearbyCheckIn { date, at })
                .collect(),
            rejected_by: by,
            rejected_at: at,
            rejected_for: reason,
        }
    }
}

impl From<Shown> for StaffAppealView {
    fn from(shown: Shown) -> Self {
        let Shown {
            listed,
            evidence,
            pictures,
            answer_by,
        } = shown;
        let (answer, by) = listed
            .appeal
            .answer
            .map_or((None, None), |answer| (Some(answer.text), Some(answer.by)));
        Self {
            id: listed.appeal.id.0,
            order_no: listed.order_no,
            camp_id: listed.camp_id,
            camp_name: listed.camp_name,
            member_id: listed.member_id,
            name: listed.name,
            kind: listed.appeal.kind,
            day: listed.appeal.day,
            text: listed.appeal.text,
            status: listed.appeal.status,
            at: listed.appeal.made_at,
            answer_by,
            answer,
            answered_at: by.as_ref().map(|by| by.at),
            answered_by: by.map(|by| by.name),
            pictures,
            evidence: evidence.into(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    status: Option<AppealStatus>,
    camp_id: Option<CampId>,
}

/// Objections, the newest first; coaches see those of their camps.
#[utoipa::path(
    get, path = "/api/admin/appeals", tag = "staff", security(("staff" = [])),
    params(
        ("status" = Option<String>, Query, description = "open|accepted|refused"),
        ("campId" = Option<i64>, Query),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Page<StaffAppealView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_appeals(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<StaffAppealView>>> {
    let filter = AppealFilter {
        status: query.status,
        camp_id: query.camp_id,
        staffed_by: None,
    };
    let page = appeals::page(&ctx, &actor, filter, page).await?;
    Ok(Answer(page.map(StaffAppealView::from).into()))
}

/// The answer to an objection.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnswerInput {
    accept: bool,
    /// What the member reads.
    text: String,
}

/// Answers an objection; whoever decided what it is about does not.
#[utoipa::path(
    post, path = "/api/admin/appeals/{id}/answer", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = AnswerInput,
    responses(
        (status = 200, body = Envelope<StaffAppealView>),
        (status = 403, description = "forbidden", body = ProblemBody),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 409, description = "already_decided · needs_second_approver · wrong_state",
            body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn answer_appeal(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<AppealId>,
    Json(input): Json<AnswerInput>,
) -> WebResult<Answer<StaffAppealView>> {
    let verdict = if input.accept {
        Verdict::Accept
    } else {
        Verdict::Refuse
    };
    let shown = appeals::answer(&ctx, &actor, id, verdict, &input.text).await?;
    Ok(Answer(shown.into()))
}

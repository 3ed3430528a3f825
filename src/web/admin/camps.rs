//! Camps.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{CampId, PlanetUserId};
use crate::services::camps::{self, CampPhase, CampQuery};
use crate::services::{Context, refund};
use crate::store::PageRequest;
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{
    Answer, Envelope, Items, Json, Nothing, Page, Path, ProblemBody, Query, WebResult, WebState,
};

use super::camp_views::{
    CampBody, CampView, CampWithStats, EnrollUrl, PersonalLink, PersonalLinksBody,
    PlanetProjectView, PublishBody, WhatIfBody, WhatIfView,
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_camps, create_camp))
        .routes(routes!(get_camp, update_camp, delete_camp))
        .routes(routes!(publish_camp))
        .routes(routes!(withdraw_camp))
        .routes(routes!(reopen_camp))
        .routes(routes!(try_other_rules))
        .routes(routes!(list_planet_projects))
        .routes(routes!(get_enroll_url))
        .routes(routes!(make_personal_links))
}

/// Why a camp is opened again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReopenCampBody {
    /// At most 200 characters.
    reason: String,
}

/// The camps that a list is narrowed to.
#[derive(Debug, Deserialize)]
struct ListQuery {
    status: Option<CampPhase>,
    from: Option<Day>,
    to: Option<Day>,
    q: Option<String>,
}

/// Camps, newest first; coaches and volunteers see their own.
#[utoipa::path(
    get, path = "/api/admin/camps", tag = "staff", security(("staff" = [])),
    params(
        ("status" = Option<String>, Query, description = "draft|pending|enrolling|ongoing|ended|\
         settling|archived|upcoming|running|over"),
        ("from" = Option<String>, Query, description = "not over before this day"),
        ("to" = Option<String>, Query, description = "not begun after this day"),
        ("q" = Option<String>, Query, description = "part of the name"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<CampView>>))
)]
async fn list_camps(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<CampView>>> {
    let (from, to) = span(query.from, query.to)?;
    let query = CampQuery {
        phase: query.status,
        from,
        to,
        text: query.q,
    };
    let page = camps::list(&ctx, &actor, query, page).await?;
    Ok(Answer(page.map(|camp| CampView::new(&ctx, camp)).into()))
}

/// Makes a camp: a draft while something required is missing, else pending.
#[utoipa::path(
    post, path = "/api/admin/camps", tag = "staff", security(("staff" = [])),
    request_body = CampBody,
    responses(
        (status = 200, body = Envelope<CampView>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn create_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(body): Json<CampBody>,
) -> WebResult<Answer<CampView>> {
    let id = camps::create(&ctx, &actor, body.into()).await?;
    let camp = camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(CampView::new(&ctx, camp)))
}

/// One camp and its sums.
#[utoipa::path(
    get, path = "/api/admin/camps/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<CampWithStats>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn get_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
) -> WebResult<Answer<CampWithStats>> {
    let camp = camps::by_id(&ctx, &actor, id).await?;
    let statistics = camps::statistics(&ctx, &camp.camp).await?;
    Ok(Answer(CampWithStats::new(&ctx, camp, statistics)))
}

/// Edits a camp; absent fields stay as they are, `null` takes away.
#[utoipa::path(
    put, path = "/api/admin/camps/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = CampBody,
    responses(
        (status = 200, body = Envelope<CampView>),
        (status = 409, description = "wrong_state: the field can no longer change", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn update_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
    Json(body): Json<CampBody>,
) -> WebResult<Answer<CampView>> {
    camps::update(&ctx, &actor, id, body.into()).await?;
    let camp = camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(CampView::new(&ctx, camp)))
}

/// Deletes a camp that has not started and that nobody has paid for.
#[utoipa::path(
    delete, path = "/api/admin/camps/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn delete_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
) -> WebResult<Answer<Nothing>> {
    camps::delete(&ctx, &actor, id).await?;
    Ok(Answer(Nothing))
}

/// Publishes a pending camp: members may pay. With `createPlanetProject` the planet's project is
/// made first, if the camp has none.
#[utoipa::path(
    post, path = "/api/admin/camps/{id}/publish", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = PublishBody,
    responses(
        (status = 200, body = Envelope<CampView>),
        (status = 409, description = "wrong_state; `fields` say what is missing in a draft",
         body = ProblemBody),
        (status = 502, description = "platform_error: the planet refused", body = ProblemBody),
        (status = 503, description = "platform_unavailable · not_configured", body = ProblemBody)
    )
)]
async fn publish_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
    body: Option<Json<PublishBody>>,
) -> WebResult<Answer<CampView>> {
    if body.is_some_and(|Json(body)| body.create_planet_project) {
        camps::publish_with_project(&ctx, &actor, id).await?;
    } else {
        camps::publish(&ctx, &actor, id).await?;
    }
    let camp = camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(CampView::new(&ctx, camp)))
}

/// Takes a published camp back, while nobody has paid.
#[utoipa::path(
    post, path = "/api/admin/camps/{id}/withdraw", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<CampView>),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn withdraw_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
) -> WebResult<Answer<CampView>> {
    camps::withdraw(&ctx, &actor, id).await?;
    let camp = camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(CampView::new(&ctx, camp)))
}

/// Opens a camp again that was put away.
#[utoipa::path(
    post, path = "/api/admin/camps/{id}/reopen", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = ReopenCampBody,
    responses(
        (status = 200, body = Envelope<CampView>),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn reopen_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
    Json(body): Json<ReopenCampBody>,
) -> WebResult<Answer<CampView>> {
    camps::reopen(&ctx, &actor, id, &body.reason).await?;
    let camp = camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(CampView::new(&ctx, camp)))
}

/// Says who would flip if the rules had asked for other days, and what sum; with `propose` it makes
/// manual proposals for those whose days would suffice, which somebody else approves.
#[utoipa::path(
    post, path = "/api/admin/camps/{id}/what-if", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = WhatIfBody,
    responses(
        (status = 200, body = Envelope<WhatIfView>),
        (status = 409, description = "wrong_state: proposals are made after the end",
         body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn try_other_rules(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
    Json(body): Json<WhatIfBody>,
) -> WebResult<Answer<WhatIfView>> {
    let rules = body.rules();
    let outcome = refund::what_if(&ctx, &actor, id, rules).await?;
    let proposals = match body.propose {
        Some(propose) => {
            Some(refund::propose_goodwill(&ctx, &actor, id, rules, &propose.reason).await?)
        }
        None => None,
    };
    Ok(Answer(WhatIfView::new(outcome, proposals)))
}

/// The running check-in projects of the planet, newest first, at most a hundred: one is chosen for a
/// camp.
#[utoipa::path(
    get, path = "/api/admin/planet-projects", tag = "staff", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<Items<PlanetProjectView>>),
        (status = 502, description = "platform_error: the planet refused", body = ProblemBody),
        (status = 503, description = "platform_unavailable · not_configured", body = ProblemBody)
    )
)]
async fn list_planet_projects(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<Items<PlanetProjectView>>> {
    let projects = camps::planet_projects(&ctx, &actor).await?;
    let items = projects.into_iter().map(PlanetProjectView::from).collect();
    Ok(Answer(Items { items }))
}

/// Where members enroll, and its QR code.
#[utoipa::path(
    get, path = "/api/admin/camps/{id}/enroll-url", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses((status = 200, body = Envelope<EnrollUrl>))
)]
async fn get_enroll_url(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
) -> WebResult<Answer<EnrollUrl>> {
    camps::by_id(&ctx, &actor, id).await?;
    Ok(Answer(EnrollUrl::new(&ctx, id)))
}

/// Links that vouch for one planet user each.
#[utoipa::path(
    post, path = "/api/admin/camps/{id}/personal-links", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = PersonalLinksBody,
    responses((status = 200, body = Envelope<Items<PersonalLink>>))
)]
async fn make_personal_links(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<CampId>,
    Json(body): Json<PersonalLinksBody>,
) -> WebResult<Answer<Items<PersonalLink>>> {
    let users: &[PlanetUserId] = &body.planet_user_ids;
    let links = camps::personal_urls(&ctx, &actor, id, users).await?;
    let items = links.into_iter().map(PersonalLink::from).collect();
    Ok(Answer(Items { items }))
}

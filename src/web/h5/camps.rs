//! Camps as members see them, and “是你吗？”.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{CampId, CampStatus};
use crate::services::orders::{self, ShownCamp};
use crate::services::{Context, file_links, identity, personal_information};
use crate::store::PageRequest;

use super::super::{
    Answer, CallerAddress, Envelope, Page, Path, ProblemBody, Query, WebResult, WebState,
};
use super::session::MaybeSession;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_camps))
        .routes(routes!(one_camp))
        .routes(routes!(find_planet_user))
}

/// A camp as members see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CampSummary {
    id: i64,
    name: String,
    #[schema(required)]
    poster_url: Option<String>,
    deposit_fen: i64,
    #[schema(value_type = String, format = Date)]
    start_date: NaiveDate,
    #[schema(value_type = String, format = Date)]
    end_date: NaiveDate,
    total_days: i64,
    required_days: i64,
    grace_days: i64,
    status: CampStatus,
    /// How many have a place.
    enrolled: i64,
    can_enroll: bool,
}

impl From<ShownCamp> for CampSummary {
    fn from(shown: ShownCamp) -> Self {
        let terms = *shown.terms();
        Self {
            id: shown.camp.id.0,
            name: shown.camp.name,
            poster_url: shown.camp.poster.map(file_links::public_path),
            deposit_fen: terms.deposit_fen.get(),
            start_date: terms.start_date,
            end_date: terms.end_date,
            total_days: terms.total_days,
            required_days: terms.required_days,
            grace_days: terms.grace_days,
            status: shown.camp.status,
            enrolled: shown.enrolled,
            can_enroll: shown.can_enroll,
        }
    }
}

/// The camps that are open or running.
#[utoipa::path(
    get, path = "/api/h5/camps", tag = "member",
    params(("page" = Option<i64>, Query), ("size" = Option<i64>, Query)),
    responses((status = 200, body = Envelope<Page<CampSummary>>))
)]
async fn list_camps(
    State(ctx): State<Context>,
    page: PageRequest,
) -> WebResult<Answer<Page<CampSummary>>> {
    Ok(Answer(orders::shown_camps(&ctx, page).await?.into()))
}

/// A camp with its introduction and what the page can fill in by itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CampDetail {
    #[serde(flatten)]
    camp: CampSummary,
    /// Sanitised.
    introduction_html: String,
    #[schema(required)]
    prefill: Option<Prefill>,
    /// What the next order is promised.
    promise: CampPromise,
    personal_information: PersonalInformationView,
}

/// By when list, decision and money are there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CampPromise {
    #[schema(value_type = String, format = Date)]
    list_by: NaiveDate,
    #[schema(value_type = String, format = Date)]
    decision_by: NaiveDate,
    #[schema(value_type = String, format = Date)]
    money_by: NaiveDate,
    /// How long one may object to a verdict.
    appeal_hours: u16,
}

/// What members are told of their data; the order keeps the version.
#[derive(Serialize, ToSchema)]
struct PersonalInformationView {
    version: String,
    paragraphs: Vec<&'static str>,
}

/// Who the page may take the reader for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Prefill {
    planet_user_id: String,
    #[schema(required)]
    planet_nickname: Option<String>,
    /// Whether the link was signed by us for this account.
    signed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    planet_user_id: Option<String>,
    ticket: Option<String>,
}

/// One camp.
#[utoipa::path(
    get, path = "/api/h5/camps/{id}", tag = "member",
    params(
        ("id" = i64, Path), ("planetUserId" = Option<String>, Query),
        ("ticket" = Option<String>, Query)
    ),
    responses(
        (status = 200, body = Envelope<CampDetail>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn one_camp(
    State(ctx): State<Context>,
    Path(id): Path<i64>,
    Query(link): Query<Link>,
) -> WebResult<Answer<CampDetail>> {
    let shown = orders::shown_camp(&ctx, CampId(id)).await?;
    let prefill = match link.planet_user_id.as_deref() {
        Some(typed) => identity::prefill(&ctx, CampId(id), typed, link.ticket.as_deref()).await?,
        None => None,
    };
    let promise = ctx.settings.promise.promise(shown.terms());
    let told = personal_information::current();
    Ok(Answer(CampDetail {
        promise: CampPromise {
            list_by: promise.list_by,
            decision_by: promise.decision_by,
            money_by: promise.money_by(),
            appeal_hours: ctx.settings.promise.appeal_hours,
        },
        personal_information: PersonalInformationView {
            version: told.version,
            paragraphs: told.paragraphs,
        },
        introduction_html: shown.camp.introduction_html.clone(),
        camp: shown.into(),
        prefill: prefill.map(|known| Prefill {
            planet_user_id: known.planet_user_id,
            planet_nickname: known.planet_nickname,
            signed: known.signed,
        }),
    }))
}

#[derive(Deserialize)]
struct Typed {
    q: String,
    nickname: Option<String>,
}

/// Whom the roster knows under what was typed; no more than the two prove.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase", untagged)]
enum FoundView {
    /// Number and nickname agree.
    #[serde(rename_all = "camelCase")]
    Account {
        /// What to send when paying: the account's id, or the number where no sync has seen the
        /// account yet.
        planet_user_id: String,
        planet_nickname: String,
        #[schema(required)]
        avatar_url: Option<String>,
    },
    /// Only the number is known.
    #[serde(rename_all = "camelCase")]
    Masked { masked_nickname: String },
}

/// “是你吗？”: 10 a minute per session, and 30 per address.
#[utoipa::path(
    get, path = "/api/h5/planet-users", tag = "member",
    params(
        ("q" = String, Query, description = "A planet number or account id"),
        ("nickname" = Option<String>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Option<FoundView>>),
        (status = 429, description = "rate_limited", body = ProblemBody)
    )
)]
async fn find_planet_user(
    State(state): State<WebState>,
    MaybeSession(session): MaybeSession,
    caller: CallerAddress,
    Query(typed): Query<Typed>,
) -> WebResult<Answer<Option<FoundView>>> {
    state.identifications.check(session.as_ref(), caller)?;
    let nickname = typed.nickname.unwrap_or_default();
    let found = identity::find(&state.context(), &typed.q, &nickname).await?;
    Ok(Answer(found.map(|found| match found {
        identity::Found::Account {
            planet_id,
            planet_nickname,
            avatar_url,
        } => FoundView::Account {
            planet_user_id: planet_id,
            planet_nickname,
            avatar_url,
        },
        identity::Found::Masked(masked_nickname) => FoundView::Masked { masked_nickname },
    })))
}

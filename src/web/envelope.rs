//! The envelope around every JSON answer: `{code, message, data, timestamp}` (contract).
//!
//! Answers are written without their timestamp, problems without their sentence; [`seal`], the
//! layer around all routes, adds them, since only it is handed clock and catalogue.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::Catalogue;

use super::WebState;
use super::error::Problem;
use super::navigation::Navigation;

/// A good answer.
#[derive(Debug)]
pub struct Answer<T>(pub T);

/// What a good answer looks like on the wire. Only the documentation makes use of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// 200.
    #[schema(example = 200)]
    pub code: u16,
    /// “成功”.
    #[schema(example = "成功")]
    pub message: String,
    /// The answer itself.
    pub data: T,
    /// Milliseconds since 1970, when it was answered: by the clock of deadlines and camp days, so
    /// that pages can count down whatever the phone's own clock says.
    #[schema(example = 1_767_225_600_000_i64)]
    pub timestamp: i64,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: i64,
    /// From 1.
    pub page: i64,
    /// Items per page.
    pub size: i64,
}

impl<T, V: From<T>> From<crate::store::Page<T>> for Page<V> {
    fn from(page: crate::store::Page<T>) -> Self {
        let page = page.map(V::from);
        Self {
            items: page.rows.good,
            total: page.total,
            page: page.request.page(),
            size: page.request.size(),
        }
    }
}

/// All items of a short list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    /// The items.
    pub items: Vec<T>,
}

/// The `data` of an answer that has none: `null`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nothing;

/// The JSON object of an answer, still open at its end.
#[derive(Clone)]
struct Unsealed(String);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_string(&self.0) {
            Ok(data) => unsealed(
                StatusCode::OK,
                format!(r#"{{"code":200,"message":"成功","data":{data}"#),
            ),
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// Status and object of an answer or a problem that [`seal`] has not written yet.
pub(super) fn written(response: &Response, catalogue: &Catalogue) -> Option<(StatusCode, String)> {
    let extensions = response.extensions();
    let object = match extensions.get::<Problem>() {
        Some(problem) => problem.clone().told(catalogue),
        None => extensions.get::<Unsealed>()?.0.clone(),
    };
    Some((response.status(), object))
}

/// A response whose body [`seal`] writes. `object` lacks its closing brace.
pub(super) fn unsealed(status: StatusCode, object: String) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Unsealed(object));
    response
}

/// Writes the bodies of answers and problems.
pub(super) async fn seal(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let navigation = Navigation::of(&request);
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    let answer = response.extensions_mut().remove::<Unsealed>();
    if problem.is_none() && answer.is_none() {
        return response;
    }
    let ctx = state.context();
    if let (Some(navigation), Some(problem)) = (navigation, &problem) {
        let (parts, body) = navigation
            .page(problem, &ctx.settings.catalogue)
            .into_parts();
        *response.body_mut() = body;
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().extend(parts.headers);
        return response;
    }
    let told = problem.map(|problem| problem.told(&ctx.settings.catalogue));
    if let Some(mut json) = told.or(answer.map(|Unsealed(json)| json)) {
        let millis = ctx.now().millis();
        json.push_str(&format!(r#","timestamp":{millis}}}"#));
        *response.body_mut() = json.into();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        // An answer may be for one person only, and none is good for long.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

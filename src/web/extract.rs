//! Extractors that refuse in the envelope: JSON, query, path and paging. None lets a U+0000 in.

use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::catalogue::RequestFault;
use crate::domain::FieldError;
use crate::store::PageRequest;

use super::error::Problem;

/// Items per page when none are asked for.
const DEFAULT_SIZE: i64 = 20;

/// A JSON body without U+0000.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The query, without U+0000. Unknown keys are ignored, bad values are 422.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The variables of the path. Nothing of ours has U+0000 in its name: 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(RequestFault::NotJsonType.into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        Self::read(&bytes)
    }
}

impl<T: DeserializeOwned> Json<T> {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        refuse_nul(bytes)?;
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            if error.inner().is_data() {
                misfit(&error.path().to_string(), &error.inner().to_string())
            } else {
                no_json()
            }
        })?;
        json.end().map_err(|_| no_json())?;
        Ok(Self(value))
    }
}

/// A body that may be left out: no byte at all, or JSON that says so.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        let is_json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        if bytes.is_empty() {
            Ok(None)
        } else if is_json {
            Self::read(&bytes).map(Some)
        } else {
            Err(RequestFault::NotJsonType.into())
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut with_nul = pairs.filter(|(key, value)| has_nul(key) || has_nul(value));
        if let Some((key, _)) = with_nul.next() {
            return Err(Problem::invalid(key.into_owned(), FieldError::HoldsNul));
        }
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
            .map(Self)
            .map_err(|error| misfit(&error.path().to_string(), &error.inner().to_string()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::not_found());
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::invalid("path", FieldError::Malformed)),
        }
    }
}

/// `?page=1&size=20`.
#[derive(Deserialize)]
struct Paging {
    page: Option<i64>,
    size: Option<i64>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<Paging>::from_request_parts(parts, state).await?;
        Self::new(asked.page.unwrap_or(1), asked.size.unwrap_or(DEFAULT_SIZE)).map_err(|wrong| {
            let (min, max) = (1, wrong.most);
            Problem::invalid(wrong.field, FieldError::OutOfRange { min, max })
        })
    }
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    essence.eq_ignore_ascii_case("application/json")
}

pub(super) fn unread(rejection: BytesRejection) -> Problem {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        RequestFault::CutOff.into()
    }
}

fn no_json() -> Problem {
    RequestFault::NotJson.into()
}

/// Refuses a body with U+0000 in it. JSON can only write it as an escape, so that hardly any body
/// has to be read twice.
fn refuse_nul(bytes: &[u8]) -> Result<(), Problem> {
    const ESCAPE: &[u8] = br"\u0000";
    if !bytes.windows(ESCAPE.len()).any(|part| part == ESCAPE) {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|_| no_json())?;
    let field = match &value {
        Value::Object(fields) => {
            let mut fields = fields.iter();
            fields.find_map(|(key, value)| (has_nul(key) || nul_in(value)).then_some(key.as_str()))
        }
        other => nul_in(other).then_some("body"),
    };
    match field {
        Some(field) => Err(Problem::invalid(field.to_owned(), FieldError::HoldsNul)),
        None => Ok(()),
    }
}

fn nul_in(value: &Value) -> bool {
    match value {
        Value::String(text) => has_nul(text),
        Value::Array(items) => items.iter().any(nul_in),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| has_nul(key) || nul_in(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// A value that is not what its field takes. Which field is missing, there twice or not known, serde
/// says in its message only.
fn misfit(path: &str, message: &str) -> Problem {
    let named = |what: &str| message.strip_prefix(what)?.split('`').next();
    let (field, error) = if let Some(field) = named("missing field `") {
        (Some(field), FieldError::Missing)
    } else if let Some(field) = named("duplicate field `") {
        (Some(field), FieldError::Repeated)
    } else if let Some(field) = named("unknown field `") {
        // The path ends with its name where the value was begun.
        let is_in_path = path.rsplit('.').next() == Some(field);
        (Some(field).filter(|_| !is_in_path), FieldError::NoSuchField)
    } else {
        (None, FieldError::Malformed)
    };
    let field = match (path, field) {
        (".", None) => "body".to_owned(),
        (".", Some(field)) => field.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(field)) => format!("{path}.{field}"),
    };
    Problem::invalid(field, error)
}

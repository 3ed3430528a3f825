//! One call to the API, as the stand-in sees it, and the table's entry that handles it.

use std::{collections::HashMap, net::IpAddr};

use axum::{
    Json,
    body::Bytes,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{Wecom, fields::Fields, notes::Notes, refusal::Refusal};

/// Letters written as `\uXXXX` (wecom-app §4, §13).
pub(crate) const ESCAPED_LETTERS: i64 = 40033;

/// What a handler gives back: an answer, or a refusal.
pub(crate) type Answer = Result<Response, Refusal>;

/// Whether an endpoint wants an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The app's access token in the query.
    Token,
    /// None, or something of its own.
    Open,
}

/// A row of the table of endpoints.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    /// Path behind `/wecom/`.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) handle: fn(&Wecom, &Call<'_>) -> Answer,
}

/// A request with its body read.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: HashMap<String, String>,
    /// The query as sent.
    pub(crate) raw_query: &'a str,
    /// Query keys in the order they were sent.
    pub(crate) query_order: Vec<String>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) caller: IpAddr,
    pub(crate) notes: Notes,
}

impl Call<'_> {
    /// Method and path, for the log of violations.
    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// A query parameter that may be missing; empty counts as missing.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A query parameter that must be there.
    pub(crate) fn required_query(&self, name: &str, code: i64) -> Result<&str, Refusal> {
        self.query(name)
            .ok_or_else(|| Refusal::broken(code, format!("missing query {name}")))
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        let text = std::str::from_utf8(self.body)
            .map_err(|_| Refusal::broken(40035, "body is UTF-8 JSON"))?;
        if has_escaped_letters(text) {
            return Err(Refusal::broken(
                ESCAPED_LETTERS,
                "raw UTF-8 instead of \\uXXXX escapes",
            ));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) | Err(_) => Err(Refusal::broken(47001, "body is a JSON object")),
        }
    }

    /// Reads `object` with this call's notes.
    pub(crate) fn fields<'b>(&'b self, object: &'b Map<String, Value>) -> Fields<'b> {
        Fields::new(object, String::new(), &self.notes)
    }
}

/// Whether a character beyond ASCII is written as `\uXXXX` (wecom-app §13, 38).
fn has_escaped_letters(text: &str) -> bool {
    text.split("\\u").skip(1).any(|after| {
        after
            .get(..4)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .is_some_and(|c| c >= 0x80)
    })
}

/// A successful answer: `errcode` 0 beside `fields`.
pub(crate) fn ok(fields: Value) -> Answer {
    let mut body = Map::from_iter([
        ("errcode".to_owned(), json!(0)),
        ("errmsg".to_owned(), json!("ok")),
    ]);
    if let Value::Object(fields) = fields {
        body.extend(fields);
    }
    Ok(Json(Value::Object(body)).into_response())
}

//! Holds the control API against its description: what goes in and out is what `openapi.json` says,
//! and nothing more.

use std::{collections::BTreeSet, sync::Mutex};

use reqwest::Method;
use serde_json::{Value, json};

/// Keywords of JSON Schema that are understood here; the description must use no others.
const KEYWORDS: [&str; 12] = [
    "$ref",
    "additionalProperties",
    "description",
    "enum",
    "format",
    "items",
    "maximum",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "type",
];

/// The description of a running sandbox, and which of its operations have succeeded.
pub(crate) struct Described {
    base_url: String,
    http: reqwest::Client,
    document: Value,
    done: Mutex<BTreeSet<String>>,
}

impl Described {
    pub(crate) async fn of(base_url: String) -> Self {
        let url = format!("{base_url}/control/openapi.json");
        let document = reqwest::get(url).await.unwrap().json().await.unwrap();
        Self {
            base_url,
            http: reqwest::Client::new(),
            document,
            done: Mutex::default(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A POST that succeeds.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// A POST that is refused; answers the status.
    pub(crate) async fn refused(&self, path: &str, body: Value) -> u16 {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status >= 400, "{path}: {status} {answer}");
        status
    }

    /// Calls `/control/<path>` and checks both directions.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.base_url);
        let mut request = self.http.request(method.clone(), url);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").cloned();
        let text = answer.text().await.unwrap();

        let bare_path = path.split('?').next().unwrap();
        let name = format!("{method} /control/{bare_path}");
        let method = method.as_str().to_lowercase();
        let operation = &self.document["paths"][format!("/control/{bare_path}")][method];
        assert!(operation.is_object(), "{name} is not described");
        let responses = &operation["responses"];
        let response = match responses.get(status.to_string()) {
            Some(response) => response,
            None => {
                assert!(status >= 400, "{name}: {status} is not described");
                self.resolve(&responses["default"])
            }
        };
        let answered = match response["content"].as_object() {
            None => {
                assert_eq!(text, "", "{name}");
                Value::Null
            }
            Some(content) => {
                let (described, schema) = content.iter().next().unwrap();
                let kind = kind.as_ref().unwrap().to_str().unwrap();
                assert!(kind.starts_with(described.as_str()), "{name}: {kind}");
                let value = match described.as_str() {
                    "application/json" => serde_json::from_str(&text).unwrap(),
                    _ => json!(text),
                };
                self.assert_fits(&schema["schema"], &value, &name);
                value
            }
        };
        if status < 300 {
            let wanted = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(wanted.is_object(), body.is_some(), "{name}: a body or none");
            if let Some(body) = body {
                self.assert_fits(wanted, &body, &name);
            }
            self.done.lock().unwrap().insert(name);
        }
        (status, answered)
    }

    /// Operations of this part of the API that have not succeeded yet.
    pub(crate) fn not_done(&self, is_of_part: impl Fn(&str) -> bool) -> Vec<String> {
        let done = self.done.lock().unwrap();
        let paths = self.document["paths"].as_object().unwrap();
        paths
            .iter()
            .filter(|(path, _)| is_of_part(path))
            .flat_map(|(path, operations)| {
                let methods = operations.as_object().unwrap().keys();
                methods.map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .filter(|name| !done.contains(name))
            .collect()
    }

    fn assert_fits(&self, schema: &Value, value: &Value, name: &str) {
        let wrong = self.wrong(schema, value, "$");
        assert!(wrong.is_empty(), "{name}: {wrong:#?}\n{value:#}");
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                self.document.pointer(pointer).unwrap()
            }
            None => schema,
        }
    }

    /// Where `value` is not as `schema` says.
    fn wrong(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        let keywords = schema.as_object().unwrap();
        assert!(!keywords.is_empty(), "{at} is not described");
        for keyword in keywords.keys() {
            assert!(KEYWORDS.contains(&keyword.as_str()), "{at}: {keyword}");
        }
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: &Value| {
            if !holds {
                wrong.push(format!("{at} is {value}, not {what}"));
            }
        };
        if let Some(variants) = schema["oneOf"].as_array() {
            let fitting = variants
                .iter()
                .filter(|variant| self.wrong(variant, value, at).is_empty());
            must(fitting.count() == 1, &schema["oneOf"]);
        }
        match &schema["type"] {
            Value::Null => {}
            Value::Array(kinds) => {
                must(kinds.iter().any(|kind| is_a(value, kind)), &schema["type"]);
            }
            kind => must(is_a(value, kind), kind),
        }
        if let Some(known) = schema["enum"].as_array() {
            must(known.contains(value), &schema["enum"]);
        }
        if let Some(number) = value.as_i64() {
            let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
            let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
            must((least..=most).contains(&number), &json!([least, most]));
        }
        if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str()) {
            let is_date = chrono::DateTime::parse_from_rfc3339(text).is_ok();
            must(is_date, &schema["format"]);
        }
        wrong.extend(self.wrong_inside(schema, value, at));
        wrong
    }

    fn wrong_inside(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() && value.is_object() {
                wrong.push(format!("{at} has no {name}"));
            }
        }
        // What is described field by field has no other fields, said or not.
        let is_open = schema.get("properties").is_none();
        for (name, inner) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            let known = schema["properties"].get(name);
            match known.or_else(|| schema.get("additionalProperties").filter(|s| s.is_object())) {
                Some(schema) => wrong.extend(self.wrong(schema, inner, &at)),
                None if is_open => {}
                None => wrong.push(format!("{at} is not described")),
            }
        }
        if let Some(items) = schema.get("items") {
            for (idx, item) in value.as_array().into_iter().flatten().enumerate() {
                wrong.extend(self.wrong(items, item, &format!("{at}[{idx}]")));
            }
        }
        wrong
    }
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        other => {
            assert_eq!(other, "null", "a type of JSON Schema");
            value.is_null()
        }
    }
}

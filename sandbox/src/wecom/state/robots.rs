//! Group robots and what they have said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::pace::Pace;

/// A robot and the group it speaks in.
#[derive(Debug)]
pub(crate) struct Robot {
    pub(crate) group_name: String,
    pub(crate) messages: Vec<RobotMessage>,
    pub(crate) pace: Pace,
    pub(crate) is_removed: bool,
}

/// What a robot has said in its group.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RobotMessage {
    /// In business time.
    pub at: DateTime<Utc>,
    /// `text`, `markdown` …
    pub msgtype: String,
    /// Everything readable in it.
    pub text: String,
    /// The object named like the type.
    pub content: Value,
}

impl Robot {
    pub(crate) fn new(group_name: &str) -> Self {
        Self {
            group_name: group_name.to_owned(),
            messages: Vec::new(),
            pace: Pace::default(),
            is_removed: false,
        }
    }

    /// The groups of the demo, by webhook key.
    pub(crate) fn demo() -> BTreeMap<String, Self> {
        [
            ("11111111-2222-4333-8444-000000000001", "写作营交流群"),
            ("11111111-2222-4333-8444-000000000002", "阅读营交流群"),
            ("11111111-2222-4333-8444-000000000003", "运营内部群"),
        ]
        .into_iter()
        .map(|(key, name)| (key.to_owned(), Self::new(name)))
        .collect()
    }
}

//! A refusal, as the one who wished for something is told.

use serde::{Deserialize, Serialize};

/// The wish was refused, or a press asked for nothing that could be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The catalogue's sentence, without a full stop.
    pub sentence: String,
}

/// [`Refused`] as version 1 wrote it: with a word, and a sentence where it had one.
#[derive(Deserialize)]
struct RefusedV1 {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    reasons: Vec<String>,
}

impl Refused {
    pub(super) fn read_version(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        let read = |old: RefusedV1| {
            let known = old.reasons.into_iter().chain([old.reason]);
            let known: Vec<String> = known.filter(|reason| !reason.is_empty()).collect();
            let sentence = if known.is_empty() {
                "刚才没有办成，请再试一次".to_owned()
            } else {
                known.join("；")
            };
            Self { sentence }
        };
        (version == 1).then(|| serde_json::from_str(payload).map(read))
    }
}

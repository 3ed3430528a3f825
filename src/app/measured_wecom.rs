//! WeCom's calls, counted on their way: the crate itself knows of no metrics.

use std::time::Instant;

use serde::Deserialize;
use wecom::client::{HttpRequest, HttpResponse, ReqwestTransport, Transport, TransportFuture};

use crate::platforms::measured::{Outcome, Platform, count_call};

/// Carries as the default transport does, and counts.
pub(super) struct MeasuredTransport(pub(super) ReqwestTransport);

impl Transport for MeasuredTransport {
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
        Box::pin(async move {
            let began = Instant::now();
            let answer = self.0.carry(request).await;
            let outcome = outcome_of(answer.as_ref().ok());
            count_call(Platform::Wecom, outcome, began.elapsed());
            answer
        })
    }
}

/// WeCom says no with a 200 and a code.
fn outcome_of(answer: Option<&HttpResponse>) -> Outcome {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        errcode: i64,
    }
    let by_status = Outcome::of_status(answer.map(|answer| answer.status));
    match answer {
        Some(answer) if by_status == Outcome::Ok && answer.body.first() == Some(&b'{') => {
            match serde_json::from_slice(&answer.body) {
                Ok(Said { errcode: 0 }) => Outcome::Ok,
                Ok(_) => Outcome::Refused,
                // The client may still mend and read it.
                Err(_) => Outcome::Failed,
            }
        }
        _ => by_status,
    }
}

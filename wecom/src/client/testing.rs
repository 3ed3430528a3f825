//! A transport with a script, for tests of single calls.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use super::{Client, HttpRequest, HttpResponse, Transport, TransportError, TransportFuture};

type Step = Result<HttpResponse, TransportError>;

/// Gives back scripted answers in order and records what was asked.
#[derive(Default)]
pub(crate) struct Script {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<HttpRequest>>,
}

impl Script {
    /// A script that starts with a token answer.
    pub(crate) fn with_token() -> Arc<Self> {
        let script = Arc::new(Self::default());
        script.then(r#"{"errcode":0,"errmsg":"ok","access_token":"T1","expires_in":7200}"#)
    }

    pub(crate) fn then(self: Arc<Self>, json: &str) -> Arc<Self> {
        self.then_response(json_response(json))
    }

    /// An answer of JSON that is not even text.
    pub(crate) fn then_bytes(self: Arc<Self>, json: &[u8]) -> Arc<Self> {
        let body = json.to_vec();
        self.then_response(HttpResponse {
            body,
            ..json_response("")
        })
    }

    pub(crate) fn then_response(self: Arc<Self>, response: HttpResponse) -> Arc<Self> {
        self.steps.lock().unwrap().push_back(Ok(response));
        self
    }

    pub(crate) fn then_broken(self: Arc<Self>, may_have_been_sent: bool) -> Arc<Self> {
        let error = TransportError {
            may_have_been_sent,
            is_permanent: false,
            detail: "scripted".into(),
        };
        self.steps.lock().unwrap().push_back(Err(error));
        self
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        let transport = Arc::clone(self) as Arc<dyn Transport>;
        Client::builder("ww1", 1_000_002, "s3cret")
            .transport(transport)
            .build()
            .unwrap()
    }

    /// Path and query of every request so far, from `/cgi-bin/` on.
    pub(crate) fn urls(&self) -> Vec<String> {
        let path = |request: &HttpRequest| request.url.split("/cgi-bin/").last().unwrap().into();
        self.seen.lock().unwrap().iter().map(path).collect()
    }

    /// The body of the last request, as text.
    pub(crate) fn last_body(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let (_, body) = seen.last().unwrap().content.clone().unwrap();
        String::from_utf8_lossy(&body).into_owned()
    }

    /// The last request.
    pub(crate) fn last(&self) -> HttpRequest {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

impl Transport for Script {
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
        self.seen.lock().unwrap().push(request);
        let step = self
            .steps
            .lock()
            .unwrap()
            .pop_front()
            .expect("a call beyond the script");
        Box::pin(async move { step })
    }
}

pub(crate) fn json_response(json: &str) -> HttpResponse {
    HttpResponse {
        status: 200,
        content_type: Some("application/json; charset=UTF-8".into()),
        content_disposition: None,
        body: json.as_bytes().to_vec(),
    }
}

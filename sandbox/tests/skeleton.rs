//! The shared parts: starting, stopping, faults of the transport, the control API.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose scene cannot be set up has failed"
)]

#[path = "support/description.rs"]
mod described;

use std::time::{Duration, Instant};

use described::Described;
use reqwest::Method;
use sandbox::{Fault, FaultKind, Faults, Platform, Sandbox, SandboxConfig};
use serde_json::{Value, json};

async fn start() -> Sandbox {
    Sandbox::start(SandboxConfig::default()).await.unwrap()
}

#[tokio::test]
async fn a_cut_connection_gives_no_answer_and_the_next_one_works() {
    let sandbox = start().await;
    let url = format!("{}/zsxq/v2/anything", sandbox.base_url());
    for kind in [FaultKind::CutBefore, FaultKind::CutAfter] {
        sandbox.faults().add(Fault::new(Platform::Zsxq, "v2", kind));
        let error = reqwest::get(&url).await.unwrap_err();
        assert!(error.status().is_none(), "{error}");
        reqwest::get(&url).await.unwrap();
    }
}

#[tokio::test]
async fn latency_and_gateway_errors_are_served_as_ordered() {
    let sandbox = start().await;
    let url = format!("{}/wechat-pay/v3/anything", sandbox.base_url());
    let gateway = FaultKind::HttpStatus {
        status: 502,
        body: "<html>bad gateway</html>".to_owned(),
    };
    sandbox
        .faults()
        .add(Fault::new(Platform::WechatPay, "v3", gateway));
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.text().await.unwrap(), "<html>bad gateway</html>");

    sandbox.faults().add(Fault::new(
        Platform::WechatPay,
        "",
        FaultKind::LateAnswer { ms: 300 },
    ));
    let asked = Instant::now();
    reqwest::get(&url).await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn the_control_api_orders_faults_and_moves_time() {
    let sandbox = start().await;
    let http = reqwest::Client::new();
    let control = |path: &str| format!("{}/control/{path}", sandbox.base_url());

    let fault = json!({"platform": "wecom", "pathPrefix": "cgi-bin", "kind": "cut_after"});
    http.post(control("faults"))
        .json(&fault)
        .send()
        .await
        .unwrap();
    assert_eq!(
        sandbox.faults().pending(),
        [Fault::new(Platform::Wecom, "cgi-bin", FaultKind::CutAfter)]
    );

    let step = json!({"advanceSeconds": 3600});
    let answer = http
        .post(control("clock"))
        .json(&step)
        .send()
        .await
        .unwrap();
    let clock: Value = answer.json().await.unwrap();
    assert_eq!(clock["offsetSeconds"], 3600);
    assert_eq!(sandbox.clock().offset().num_seconds(), 3600);
}

#[tokio::test]
async fn after_stopping_nobody_listens() {
    let sandbox = start().await;
    let url = sandbox.base_url();
    sandbox.stop().await;
    assert!(reqwest::get(url).await.is_err());
}

#[tokio::test]
async fn time_faults_and_violations_go_in_and_out_as_described() {
    let sandbox = start().await;
    let api = Described::of(sandbox.base_url()).await;
    for path in ["openapi.json", "campkeeper.toml", "app", "clock"] {
        api.get(path).await;
    }
    let url = "http://127.0.0.1:8080/";
    assert_eq!(
        api.post("app", json!({"url": url})).await["url"],
        "http://127.0.0.1:8080"
    );
    api.post("clock", json!({"advanceSeconds": -60})).await;
    api.post("clock", json!({"setTo": "2030-01-01T00:00:00+08:00"}))
        .await;
    order_every_fault(&api, sandbox.faults()).await;
    reqwest::get(format!("{}/wecom/nowhere", sandbox.base_url()))
        .await
        .unwrap();
    let noted = api.get("violations").await;
    assert_eq!(noted.as_array().unwrap().len(), 1);
    for path in ["faults", "violations"] {
        let (status, left) = api.call(Method::DELETE, path, None).await;
        assert_eq!((status, left), (200, json!([])));
    }
    let is_shared = |path: &str| {
        let mut parts = ["wecom", "wechat-pay", "zsxq"].iter();
        !parts.any(|part| path.starts_with(&format!("/control/{part}/")))
    };
    assert_eq!(api.not_done(is_shared), [""; 0]);
}

/// Orders each kind of fault, and each that a stand-in knows by name.
async fn order_every_fault(api: &Described, faults: &Faults) {
    for (kind, arguments) in [
        ("latency", json!({"ms": 5})),
        ("api_error", json!({"code": "45009", "message": "busy"})),
        ("http_status", json!({"status": 502, "body": ""})),
        ("late_answer", json!({"ms": 5})),
    ] {
        let fault = json!({"platform": "wecom", "kind": kind, "arguments": arguments});
        api.post("faults", fault).await;
    }
    for kind in ["cut_before", "cut_after", "expired_token"] {
        let fault = json!({"platform": "zsxq", "kind": kind, "pathPrefix": "v2", "method": "GET",
            "times": 2, "after": 1});
        api.post("faults", fault).await;
    }
    for platform in [Platform::Wecom, Platform::WechatPay, Platform::Zsxq] {
        for name in faults.named(platform) {
            let arguments = json!({"name": name, "with": {"ms": 5}});
            let fault = json!({"platform": platform, "kind": "named", "arguments": arguments});
            api.post("faults", fault).await;
        }
    }
    let pending = api.get("faults").await;
    assert_eq!(pending.as_array().unwrap().len(), 7 + 29);
    let unknown = json!({"platform": "zsxq", "kind": "named", "arguments": {"name": "thunder"}});
    assert_eq!(api.refused("faults", unknown).await, 422);
}

#[tokio::test]
async fn refusals_of_the_control_api_have_one_shape() {
    let sandbox = start().await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("{}/control/{path}", sandbox.base_url());
    let far = json!({"advanceSeconds": 1_000_000_000_000_000_000_i64});
    let centuries = json!({"advanceSeconds": 400_000_000_000_i64});
    let refusals = [
        (http.post(url("clock")).json(&far), 422),
        (http.post(url("clock")).json(&centuries), 422),
        (http.post(url("clock")).json(&json!({})), 422),
        (http.post(url("app")).json(&json!({"uri": "x"})), 422),
        (http.post(url("faults")).body("{"), 415),
        (http.get(url("nowhere")), 404),
        (http.get(url("zsxq/nowhere")), 404),
        (http.get(url("wechat-pay/pay")), 405),
    ];
    for (request, status) in refusals {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert!(
            body["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty()),
            "{body}"
        );
    }
    assert_eq!(sandbox.clock().offset().num_seconds(), 0);
}

//! The shared parts: starting, stopping, faults of the transport, the control API.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose scene cannot be set up has failed"
)]

use std::time::{Duration, Instant};

use sandbox::{Fault, FaultKind, Platform, Sandbox, SandboxConfig};
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

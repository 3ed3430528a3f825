//! Staff sign in by who they are in WeCom: only whose account is linked and may be used.

use campkeeper::store::Engine;
use serde_json::json;

use crate::app::{Browser, TestApp};
use crate::for_both_engines;

const BEGIN: &str = "/api/auth/wecom?redirect=/admin/refunds";
const SCAN: &str = "/wwlogin/sso/login?";

/// Where a browser comes back to whose page somebody has scanned.
async fn scanned(test: &TestApp, desk: &Browser, page: &str, userid: &str) -> String {
    assert!(page.contains(SCAN), "{page}");
    let back = desk.location(&format!("{page}&as={userid}")).await;
    back.strip_prefix(&test.url).unwrap().to_owned()
}

async fn returns(test: &TestApp, desk: &Browser, userid: &str) -> String {
    let page = desk.location(BEGIN).await;
    scanned(test, desk, &page, userid).await
}

async fn user_of(desk: &Browser) -> Option<String> {
    let me = desk.get_in_console("/api/auth/me").await;
    (me.status == 200).then(|| me.data()["username"].as_str().unwrap().to_owned())
}

for_both_engines! {
    async fn a_linked_account_is_signed_in_where_it_was_begun(test) {
        let (desk, other) = (test.browser(), test.browser());
        let back = returns(&test, &desk, "zhou.ke").await;
        let anew = other.location(&back).await;
        assert!(anew.contains(SCAN), "{anew}");
        assert_eq!(user_of(&other).await, None);
        // The code was not spent on it.
        let (status, headers, _) = desk.go(&back).await;
        assert_eq!((status, &headers["location"]), (302, &"/admin/refunds".parse().unwrap()));
        assert_eq!(headers["cache-control"], "no-store");
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        let console = cookies.iter().find(|it| it.to_str().unwrap().starts_with("ck_staff=")).unwrap();
        let console = console.to_str().unwrap();
        assert!(console.contains("HttpOnly") && console.contains("SameSite=Strict"), "{console}");
        assert_eq!(user_of(&desk).await.as_deref(), Some("coach"));
        let own = scanned(&test, &other, &anew, "lin.yue").await;
        assert_eq!(other.location(&own).await, "/admin/refunds");
        assert_eq!(user_of(&other).await.as_deref(), Some("admin"));
        let logged = test.staff("admin").await.get("/api/admin/logs?action=staff.login_by_wecom").await;
        assert_eq!(logged.data()["total"], 2);
        // The way of members is another one.
        let (status, ..) = desk.go(&back.replace("/api/auth/wecom/callback", "/api/h5/auth/callback")).await;
        assert_eq!(status, 302);
        assert_ne!(desk.get("/api/h5/me").await.data()["signedIn"], true);
        test.finish().await;
    }

    async fn who_has_no_account_is_told_what_to_do(test) {
        let admin = test.staff("admin").await;
        let users = admin.get("/api/admin/users?size=100").await;
        let items = users.data()["items"].as_array().unwrap();
        let coach = items.iter().find(|user| user["username"] == "coach").unwrap()["id"].clone();
        let (path, disable) = (format!("/api/admin/users/{coach}"), json!({"status": "disabled"}));
        admin.put(&path, &disable).await.data();
        for userid in ["xu.qing", "zhou.ke"] {
            let desk = test.browser();
            let back = returns(&test, &desk, userid).await;
            let (status, headers, page) = desk.go(&back).await;
            assert_eq!(status, 403, "{page}");
            assert!(page.contains(userid) && page.contains("超级管理员"), "{page}");
            assert!(!headers.contains_key("set-cookie"));
            assert_eq!(user_of(&desk).await, None);
        }
        test.finish().await;
    }

    async fn what_is_no_return_begins_anew_once_and_then_asks(test) {
        let desk = test.browser();
        let back = returns(&test, &desk, "lin.yue").await.replace("code=", "nocode=");
        assert!(desk.location(&back).await.contains(SCAN));
        let (status, headers, page) = desk.go(&back).await;
        assert_eq!((status, &headers["cache-control"]), (400, &"no-store".parse().unwrap()));
        assert!(page.contains("href=\"/api/auth/wecom?redirect=%2Fadmin%2Frefunds\""), "{page}");
        assert_eq!(user_of(&desk).await, None);
        for elsewhere in ["https://evil.example", "//evil.example", "/h5/", "/administrator", "/admin\\x"] {
            let path = format!("/api/auth/wecom?redirect={elsewhere}");
            assert_eq!(desk.get(&path).await.error(), (422, "invalid_input"), "{elsewhere}");
        }
        test.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inside_wecom_nobody_scans() {
    let test = TestApp::start(Engine::Sqlite).await;
    let client = reqwest::Client::builder().no_proxy();
    let client = client
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let phone = client.get(format!("{}{BEGIN}", test.url));
    let phone = phone.header(
        "user-agent",
        "Mozilla/5.0 wxwork/4.1.22 MicroMessenger/7.0.1",
    );
    let sent = phone.send().await.unwrap();
    let page = sent.headers()["location"].to_str().unwrap();
    assert!(page.contains("/connect/oauth2/authorize?") && page.ends_with("#wechat_redirect"));
    let without = [
        ("CAMPKEEPER__WECOM__SECRET", ""),
        ("CAMPKEEPER__WECOM__TOKEN", ""),
        ("CAMPKEEPER__WECOM__ENCODING_AES_KEY", ""),
        ("CAMPKEEPER__WECOM__CORP_ID", ""),
        ("CAMPKEEPER__WECOM__AGENT_ID", "0"),
    ];
    let bare = TestApp::start_with(Engine::Sqlite, &without).await;
    assert_eq!(
        bare.browser().get(BEGIN).await.error(),
        (503, "not_configured")
    );
    bare.app.stop().await;
    test.finish().await;
}

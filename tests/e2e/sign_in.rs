//! Signing in through WeCom: it belongs to the browser that began it, and whatever comes back, the
//! person who stands there gets a page.

use campkeeper::store::Engine;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::payments::{count, order, sign_in, until_status};

const CALLBACK: &str = "/api/h5/auth/callback";
const AUTHORIZE: &str = "/connect/oauth2/authorize?";

/// Where WeCom sends a browser back to that has been sent to `authorize`.
async fn answered(test: &TestApp, phone: &Browser, authorize: &str, userid: &str) -> String {
    assert!(authorize.contains(AUTHORIZE), "{authorize}");
    let authorize = authorize.replace("#wechat_redirect", &format!("&as={userid}"));
    let back = phone.location(&authorize).await;
    back.strip_prefix(&test.url).unwrap().to_owned()
}

/// Where a browser comes back to that has begun to sign in.
async fn returns(test: &TestApp, phone: &Browser, userid: &str) -> String {
    let authorize = phone
        .location("/api/h5/auth/wecom?redirect=/h5/orders")
        .await;
    answered(test, phone, &authorize, userid).await
}

async fn is_signed_in(phone: &Browser) -> bool {
    phone.get("/api/h5/me").await.data()["signedIn"] == true
}

/// A page with a button that signs in for the page that was wanted.
async fn is_asked(phone: &Browser, path: &str) {
    let (status, headers, page) = phone.go(path).await;
    assert_eq!(
        (status, &headers["cache-control"]),
        (400, &"no-store".parse().unwrap()),
        "{page}"
    );
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let button = "href=\"/api/h5/auth/wecom?redirect=%2Fh5%2Forders\"";
    assert!(page.contains(button) && page.contains("重新登录"), "{page}");
}

for_both_engines! {
    async fn a_return_is_for_the_browser_that_began_and_may_come_again(test) {
        let (phone, other) = (test.browser(), test.browser());
        let back = returns(&test, &phone, "xu.qing").await;
        let anew = other.location(&back).await;
        assert!(anew.contains(AUTHORIZE), "{anew}");
        assert!(!is_signed_in(&other).await);
        // The code was not spent on it.
        let (status, headers, _) = phone.go(&back).await;
        assert_eq!((status, &headers["location"]), (302, &"/h5/orders".parse().unwrap()));
        assert_eq!(headers["cache-control"], "no-store");
        let session = phone.cookie_value();
        for _ in 0..2 {
            assert_eq!(phone.location(&back).await, "/h5/orders");
        }
        assert_eq!(phone.cookie_value(), session);
        assert!(is_signed_in(&phone).await);
        // The other one goes on as whoever holds it.
        let own = answered(&test, &other, &anew, "chen.an").await;
        assert_eq!(other.location(&own).await, "/h5/orders");
        assert!(is_signed_in(&other).await);
        test.finish().await;
    }

    async fn a_return_that_comes_twice_at_once_is_no_error(test) {
        let phone = test.browser();
        let back = returns(&test, &phone, "xu.qing").await;
        let (one, two) = tokio::join!(phone.location(&back), phone.location(&back));
        let mut places = [one, two];
        places.sort();
        assert_eq!(places[0], "/h5/orders", "{places:?}");
        assert!(places[1] == "/h5/orders" || places[1].contains(AUTHORIZE), "{places:?}");
        assert_eq!(phone.location(&back).await, "/h5/orders");
        test.finish().await;
    }

    async fn what_is_no_return_begins_anew_once_and_then_asks(test) {
        let broken: [fn(&str) -> String; 5] = [
            |back| back.replace("code=", "nocode="),
            |back| back.replace("code=", "code=x"),
            |back| format!("{back}%00%E2%80%AE&x=<script>"),
            |back| back.replace("state=", "nostate="),
            |_| CALLBACK.to_owned(),
        ];
        for broken in broken {
            let phone = test.browser();
            let path = broken(&returns(&test, &phone, "xu.qing").await);
            let anew = phone.location(&path).await;
            is_asked(&phone, &path).await;
            assert!(!is_signed_in(&phone).await);
            // A browser that keeps no cookies does not go round for ever.
            let forgetful = test.browser();
            let again = answered(&test, &forgetful, &anew, "xu.qing").await;
            is_asked(&forgetful, &again).await;
            // What was begun anew ends well, and then there is another go.
            let again = answered(&test, &phone, &anew, "xu.qing").await;
            assert_eq!(phone.location(&again).await, "/h5/orders", "{path}");
            assert!(is_signed_in(&phone).await);
            assert!(phone.location(&path).await.contains(AUTHORIZE));
        }
        test.finish().await;
    }

    async fn each_sign_in_has_a_session_of_its_own(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        sign_in(&test, &phone, "xu.qing").await;
        let first = phone.cookie_value();
        let order_no = order(&phone, camp.id, None).await;
        let status = format!("/api/h5/payments/{order_no}/status");
        // The same person again: another session, and what they had begun goes along.
        sign_in(&test, &phone, "xu.qing").await;
        let second = phone.cookie_value();
        assert_ne!(first, second);
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let paid = until_status(&phone, &order_no, "paid").await;
        assert!(paid["accessToken"].is_string(), "{paid}");
        // Another person on the same browser sees nothing of it.
        sign_in(&test, &phone, "chen.an").await;
        assert_ne!(phone.cookie_value(), second);
        assert_eq!(phone.get("/api/h5/me").await.data()["orders"], json!([]));
        assert_eq!(phone.get(&status).await.data()["accessToken"], Value::Null);
        let old = test.browser();
        for session in [&first, &second] {
            old.plant(session);
            assert!(!is_signed_in(&old).await);
            assert_eq!(old.get("/api/h5/me").await.data()["orders"], json!([]));
        }
        test.finish().await;
    }

    async fn a_session_that_was_put_into_a_browser_is_not_signed_in(test) {
        let camp = enrolling(&test, "写作营").await;
        let (attacker, victim) = (test.browser(), test.browser());
        let bait = order(&attacker, camp.id, None).await;
        victim.plant(&attacker.cookie_value());
        sign_in(&test, &victim, "xu.qing").await;
        assert_ne!(victim.cookie_value(), attacker.cookie_value());
        assert!(is_signed_in(&victim).await && !is_signed_in(&attacker).await);
        // What was ordered before stays where it was.
        assert_eq!(victim.get("/api/h5/me").await.data()["orders"], json!([]));
        let orders = attacker.get("/api/h5/me").await.data()["orders"].clone();
        assert_eq!(orders[0]["orderNo"], bait.as_str());
        let named = "SELECT CAST(COUNT(*) AS BIGINT) FROM h5_session WHERE wecom_userid IS NOT NULL";
        assert_eq!(count(&test, named).await, 1);
        test.finish().await;
    }
}

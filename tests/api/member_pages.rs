//! What the member pages are told of the browser they run in.

use campkeeper::store::{StoreError, sessions};
use serde_json::json;

use crate::house::House;
use crate::on_both_engines;
use crate::session::open_session;

on_both_engines! {
    async fn a_sign_in_proves_more_than_the_browser_s_name(db) {
        let house = House::new(db).await;
        let fresh = open_session(&house.ctx).await;
        let cookie = format!("__Host-ck_session={}", fresh.cookie);
        let me = async |agent: &str| {
            let call = house.get("/api/h5/me").header("cookie", &cookie);
            let me = call.header("user-agent", agent).send().await.data();
            (me["platform"].clone(), me["signedIn"].clone())
        };
        let plain = "Mozilla/5.0";
        assert_eq!(me(plain).await, (json!("browser"), json!(false)));
        assert_eq!(me("x MicroMessenger/8").await, (json!("wechat"), json!(false)));

        let mut signed_in = fresh.session.clone();
        signed_in.platform = "wecom".to_owned();
        signed_in.wecom_userid = Some("lin.yue".to_owned());
        let done: Result<(), StoreError> = house.ctx.db
            .write(move |tx| Box::pin(async move {
                sessions::end(tx, &signed_in.id_hash);
                sessions::insert(tx, &signed_in, signed_in.expires_at).await
            }))
            .await;
        done.unwrap();
        assert_eq!(me(plain).await, (json!("wecom"), json!(true)));
    }
}

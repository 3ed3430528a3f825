//! Whose openid a JSAPI order may name.

use sandbox::wechat_pay::APP_ID;
use serde_json::{Value, json};

use crate::merchant::Merchant;

const JSAPI: &str = "/v3/pay/transactions/jsapi";
const STRANGER: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

impl Merchant {
    /// A JSAPI order of this application for this payer, each time under another number.
    async fn order_for(&self, app_id: &str, openid: &str, number: &str) -> (u16, Value) {
        let mut order = self.order();
        order["appid"] = json!(app_id);
        order["out_trade_no"] = json!(number);
        order["payer"] = json!({"openid": openid});
        let answered = self.post(JSAPI, &order).await;
        (answered.status, answered.body())
    }
}

#[tokio::test]
async fn the_corp_knows_its_people_and_nobody_else() {
    let merchant = Merchant::start().await;
    let wecom = merchant.sandbox.wecom();
    let corp_id = wecom.app().corp_id.clone();
    let member = |userid: &str| {
        let mut members = wecom.members().into_iter();
        members.find(|member| member.userid == userid).unwrap()
    };
    let outsider = wecom.outsiders().remove(0).openid;
    for (openid, number) in [
        (member("xu.qing").openid(), "ord_member_01"),
        (outsider, "ord_outsider_01"),
    ] {
        let (status, answer) = merchant.order_for(&corp_id, &openid, number).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert!(merchant.sandbox.violations().is_empty());

    // Of the member without WeChat there is no openid, and the corp's are not the account's.
    for (app_id, openid) in [
        (corp_id.as_str(), STRANGER.to_owned()),
        (&corp_id, member("song.ning").openid()),
        (APP_ID, member("xu.qing").openid()),
    ] {
        let (status, answer) = merchant.order_for(app_id, &openid, "ord_stranger_01").await;
        assert_eq!((status, &answer["code"]), (500, &json!("OPENID_MISMATCH")));
    }
    assert_eq!(
        merchant.broken_rules(),
        ["the openid belongs to the appid"; 3]
    );
}

#[tokio::test]
async fn a_payer_of_another_application_is_made_known_over_http() {
    let merchant = Merchant::start().await;
    let url = format!(
        "{}/control/wechat-pay/know-openid",
        merchant.sandbox.base_url()
    );
    let known = json!({"appId": APP_ID, "openid": STRANGER});
    let answer = reqwest::Client::new().post(url).json(&known).send().await;
    assert_eq!(answer.unwrap().status(), 204);
    let (status, answer) = merchant.order_for(APP_ID, STRANGER, "ord_known_01").await;
    assert_eq!(status, 200, "{answer}");
}

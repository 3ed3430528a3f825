//! Members, openids and customer groups.

use serde_json::json;

use crate::setting::{Setting, code};

#[tokio::test]
async fn openids_convert_both_ways() {
    let setting = Setting::start().await;
    let there = setting
        .post("user/convert_to_openid", &json!({"userid": "xu.qing"}))
        .await;
    let back = setting
        .post(
            "user/convert_to_userid",
            &json!({"openid": there["openid"]}),
        )
        .await;
    assert_eq!(back["userid"], "xu.qing");
    let cases = [("song.ning", 43004), ("shen.mo", 60111), ("nobody", 60111)];
    for (userid, expected) in cases {
        let answer = setting
            .post("user/convert_to_openid", &json!({"userid": userid}))
            .await;
        assert_eq!(code(&answer), expected, "{userid}");
    }
    setting.assert_no_violation();
}

#[tokio::test]
async fn members_are_seen_within_the_visible_range() {
    let setting = Setting::start().await;
    let member = setting.get("user/get", &[("userid", "ZHOU.KE")]).await;
    assert_eq!(
        (&member["userid"], &member["name"]),
        (&json!("zhou.ke"), &json!("周可"))
    );
    assert!(member.get("mobile").is_none());
    assert_eq!(
        code(&setting.get("user/get", &[("userid", "shen.mo")]).await),
        60011
    );
    let list = setting
        .get("user/simplelist", &[("department_id", "4")])
        .await;
    assert_eq!(list["userlist"].as_array().unwrap().len(), 3);
    let agent = setting.get("agent/get", &[("agentid", "1000002")]).await;
    assert_eq!(
        agent["allow_userinfos"]["user"].as_array().unwrap().len(),
        7
    );
    assert_eq!(
        code(&setting.post("user/list_id", &json!({"limit": 10})).await),
        48002
    );
}

#[tokio::test]
async fn a_join_way_leads_into_its_group_and_the_join_is_told() {
    let setting = Setting::start().await;
    let wecom = setting.wecom();
    let list = setting
        .post("externalcontact/groupchat/list", &json!({"limit": 1}))
        .await;
    assert_eq!(list["next_cursor"], "1");
    let chat_id = list["group_chat_list"][0]["chat_id"].as_str().unwrap();
    let way = json!({"scene": 2, "chat_id_list": [chat_id], "state": "camp7"});
    let added = setting
        .post("externalcontact/groupchat/add_join_way", &way)
        .await;
    let config = json!({"config_id": added["config_id"]});
    let read = setting
        .post("externalcontact/groupchat/get_join_way", &config)
        .await;
    let page = reqwest::get(read["join_way"]["qr_code"].as_str().unwrap())
        .await
        .unwrap();
    assert!(page.text().await.unwrap().contains("写作营学员群"));

    let person = wecom.outsiders().remove(0);
    wecom
        .join_group(chat_id, &person, Some("camp7"))
        .await
        .unwrap();

    let xml = setting.app.heard().pop().unwrap();
    assert!(xml.contains("<FromUserName><![CDATA[sys]]>") && !xml.contains("AgentID"));
    let query = json!({"chat_id": chat_id, "need_name": 1});
    let group = setting.post("externalcontact/groupchat/get", &query).await;
    let joined = &group["group_chat"]["member_list"][1];
    assert_eq!(
        (&joined["name"], &joined["state"]),
        (&json!("小满"), &json!("camp7"))
    );
    setting.assert_no_violation();
}

#[tokio::test]
async fn groups_are_filtered_paged_and_named_as_documented() {
    let setting = Setting::start().await;
    let list = |body| {
        let setting = &setting;
        async move { setting.post("externalcontact/groupchat/list", &body).await }
    };
    let all = list(json!({"limit": 10, "status_filter": 0})).await;
    assert_eq!(all["group_chat_list"].as_array().unwrap().len(), 2);
    let left = list(json!({"limit": 10, "status_filter": 1})).await;
    assert_eq!(left["group_chat_list"], json!([]));
    let of_he_miao = json!({"limit": 1, "owner_filter": {"userid_list": ["he.miao"]}});
    let first = list(of_he_miao).await;
    assert_eq!(first["next_cursor"], "");
    setting.assert_no_violation();
    let lost = list(json!({"limit": 1, "cursor": "zz"})).await;
    assert_eq!(code(&lost), 40058);

    let add = "externalcontact/groupchat/add_join_way";
    let nowhere = json!({"scene": 2, "chat_id_list": ["wrSandboxGroup0001", "wrElsewhere"]});
    assert_eq!(code(&setting.post(add, &nowhere).await), 40050);
    let way = json!({"scene": 2, "chat_id_list": ["wrSandboxGroup0001"]});
    let added = setting.post(add, &way).await;
    let config = json!({"config_id": added["config_id"]});
    let read = setting
        .post("externalcontact/groupchat/get_join_way", &config)
        .await;
    assert_eq!(read["join_way"]["auto_create_room"], 1);
}

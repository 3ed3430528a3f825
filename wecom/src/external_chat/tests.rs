//! Bodies, answers and limits of the group calls.

use serde_json::{Value, json};

use super::*;
use crate::client::testing::Script;

#[tokio::test]
async fn groups_are_listed_and_read() {
    let script = Script::with_token()
        .then(r#"{"errcode":0,"group_chat_list":[{"chat_id":"wrA","status":0}],"next_cursor":"c1"}"#)
        .then(r#"{"errcode":0,"group_chat_list":[],"next_cursor":""}"#)
        .then(
            r#"{"errcode":0,"group_chat":{"chat_id":"wrA","name":"g","owner":"li","create_time":1760000000,"member_list":[{"userid":"wm1","type":2,"join_scene":3,"state":"s","invitor":{"userid":"li"},"name":"n"}],"admin_list":[{"userid":"li"}],"member_version":"v1"}}"#,
        );
    let client = script.client();
    let filter = ChatFilter::new()
        .owners(["li"])
        .unwrap()
        .page_size(10)
        .unwrap();
    let page = client.external_chats(&filter, "").await.unwrap();
    assert_eq!(
        (&*page.chats[0].chat_id, page.next_cursor.as_deref()),
        ("wrA", Some("c1"))
    );
    let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
    assert_eq!(
        sent,
        json!({"status_filter":0,"owner_filter":{"userid_list":["li"]},"cursor":"","limit":10})
    );
    assert_eq!(
        client
            .external_chats(&filter, "c1")
            .await
            .unwrap()
            .next_cursor,
        None
    );
    let chat = client.external_chat("wrA").await.unwrap();
    assert_eq!(chat.members[0].state.as_deref(), Some("s"));
    assert_eq!(chat.members[0].invited_by(), Some("li"));
    assert_eq!(chat.admins().collect::<Vec<_>>(), ["li"]);
    assert_eq!(
        format!("{chat:?}"),
        "ExternalChat { chat_id: \"wrA\", n_members: 1, .. }"
    );
}

#[tokio::test]
async fn join_ways_are_made_changed_and_dropped() {
    let script = Script::with_token()
        .then(r#"{"errcode":0,"config_id":"cf1"}"#)
        .then(r#"{"errcode":0,"join_way":{"config_id":"cf1","qr_code":"https://q","chat_id_list":["wrA"],"state":"s","scene":2,"auto_create_room":1,"room_base_name":"群","room_base_id":10,"remark":"r","mark_source":true}}"#)
        .then(r#"{"errcode":0}"#)
        .then(r#"{"errcode":0}"#);
    let client = script.client();
    let way = JoinWay::new(JoinScene::QrCode, ["wrA"])
        .unwrap()
        .state("s")
        .unwrap();
    assert_eq!(client.add_join_way(&way).await.unwrap(), "cf1");
    let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
    let plain = json!({"scene":2,"auto_create_room":0,"chat_id_list":["wrA"],"state":"s"});
    assert_eq!(sent, plain);
    let info = client.join_way("cf1").await.unwrap();
    assert_eq!(info.qr_code.as_deref(), Some("https://q"));
    assert_eq!(
        (
            info.scene,
            info.room_base_name.as_deref(),
            info.room_base_id
        ),
        (Some(2), Some("群"), Some(10))
    );
    assert!(info.auto_create_room && info.mark_source);
    let grown = way.grow("群", 10).unwrap().remark("r").unwrap();
    let grown = grown.mark_source(true);
    client.update_join_way("cf1", &grown).await.unwrap();
    let sent: Value = serde_json::from_str(&script.last_body()).unwrap();
    assert_eq!(sent["config_id"], json!("cf1"));
    assert_eq!(sent["room_base_id"], json!(10));
    assert_eq!(sent["mark_source"], json!(true));
    client.delete_join_way("cf1").await.unwrap();
    assert_eq!(
        script.urls()[4],
        "externalcontact/groupchat/del_join_way?access_token=T1"
    );
}

#[test]
fn limits_are_named() {
    let six = (0..6).map(|i| i.to_string());
    assert_eq!(
        JoinWay::new(JoinScene::QrCode, six).unwrap_err().field,
        "chat_id_list"
    );
    let way = JoinWay::new(JoinScene::MiniProgram, ["a"]).unwrap();
    assert_eq!(
        way.clone().state("营".repeat(31)).unwrap_err().field,
        "state"
    );
    assert_eq!(
        way.clone().remark("营".repeat(31)).unwrap_err().field,
        "remark"
    );
    assert_eq!(
        way.grow("营".repeat(41), 1).unwrap_err().field,
        "room_base_name"
    );
    assert!(ChatFilter::new().page_size(1001).is_err());
    assert!(
        ChatFilter::new()
            .owners((0..101).map(|i| i.to_string()))
            .is_err()
    );
}

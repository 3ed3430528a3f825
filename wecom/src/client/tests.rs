//! Calls against answers of every kind: scripted ones, and arbitrary ones.

use std::sync::Arc;
#[cfg(feature = "reqwest")]
use std::time::Duration;

use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{testing::Script, testing::json_response, *};
use crate::{
    external_chat::ChatFilter,
    jssdk::TicketKind,
    media::{MediaFile, MediaKind},
    message::{CardAudience, CardUpdate, Message, Recipients, Text},
};

#[tokio::test]
async fn the_application_and_the_address_lists() {
    let script = Script::with_token()
        .then(
            r#"{"errcode":0,"agentid":1000002,"name":"n","close":0,"isreportenter":1,"allow_userinfos":{"user":[{"userid":"li"}]},"allow_partys":{"partyid":[1]},"allow_tags":{"tagid":[2]}}"#,
        )
        .then(r#"{"ip_list":["101.226.103.*","182.254.0.0/16"]}"#)
        .then(r#"{"errcode":0,"ip_list":null}"#);
    let client = script.client();
    let agent = client.agent().await.unwrap();
    assert!(!agent.close && agent.isreportenter);
    assert_eq!(agent.visible_users().collect::<Vec<_>>(), ["li"]);
    assert_eq!(
        (agent.visible_parties(), agent.visible_tags()),
        (&[1][..], &[2][..])
    );
    assert_eq!(client.callback_ips().await.unwrap().len(), 2);
    assert!(client.api_ips().await.unwrap().is_empty());
    assert_eq!(
        script.urls()[1],
        "agent/get?access_token=T1&agentid=1000002"
    );
}

#[cfg(feature = "reqwest")]
#[test]
fn base_urls_and_proxies_are_checked_when_built() {
    let builder = || Client::builder("ww1", 1, "s");
    assert!(
        builder()
            .api_base("http://127.0.0.1:9/wecom/")
            .build()
            .is_ok()
    );
    for bad in [
        "",
        "qyapi.weixin.qq.com",
        "ftp://h",
        "https://",
        "https://h?a=b",
        "https://h/#a",
    ] {
        let error = builder().api_base(bad).build().unwrap_err();
        assert_eq!(error, BuildError::BaseUrl(bad.into()));
    }
    let error = builder()
        .proxy("http://user:hunter2@[")
        .build()
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(builder().proxy("").build().is_ok());
    for (corp_id, secret, field) in [("", "s", "corpid"), ("ww1", " ", "corpsecret")] {
        let error = Client::builder(corp_id, 1, secret).build().unwrap_err();
        assert!(matches!(error, BuildError::Limit(limit) if limit.field == field));
    }
}

#[tokio::test]
async fn a_token_without_a_value_is_an_error_of_the_token() {
    for answer in [
        r#"{"errcode":0}"#,
        r#"{"access_token":"","expires_in":7200}"#,
        "[]",
        "x",
    ] {
        let client = Arc::new(Script::default()).then(answer).client();
        let error = client.agent().await.unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{answer}");
        assert!(!error.outcome_unknown(), "the call itself was never sent");
    }
    let huge = r#"{"access_token":"T","expires_in":9223372036854775807}"#;
    let client = Arc::new(Script::default()).then(huge).then("{}").client();
    assert!(client.callback_ips().await.is_ok());
}

/// Gives a token when asked for one, and always the same answer to everything else.
struct Always(HttpResponse);

impl Transport for Always {
    fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
        let token = r#"{"access_token":"T","expires_in":7200}"#;
        let answer = if request.url.contains("/gettoken?") {
            json_response(token)
        } else {
            self.0.clone()
        };
        Box::pin(async move { Ok(answer) })
    }
}

/// Makes every call there is; what they answer does not matter, only that they answer.
async fn every_call(client: &Client) {
    let text = Message::new(Recipients::everyone(), Text::new("t").unwrap());
    let update = CardUpdate::button("rc", CardAudience::all(), "x").unwrap();
    let file = MediaFile::new("a.png", "image/png", "enough").unwrap();
    let _ = client.send(&text).await;
    let _ = client.recall("m").await;
    let _ = client.update_card(&update).await;
    let _ = client.menu().await;
    let _ = client.delete_menu().await;
    let _ = client.visitor("c").await;
    let _ = client.member_details("t").await;
    let _ = client.openid_of("u").await;
    let _ = client.userid_of("o").await;
    let _ = client.js_ticket(TicketKind::Corp).await;
    let _ = client.js_ticket(TicketKind::Agent).await;
    let _ = client.agent().await;
    let _ = client.callback_ips().await;
    let _ = client.api_ips().await;
    let _ = client.user("u").await;
    let _ = client.robot_user_ids(["u"]).await;
    let _ = client.member_ids("").await;
    let _ = client.users_in(1).await;
    let _ = client.user_names_in(1).await;
    let _ = client.external_chats(&ChatFilter::new(), "").await;
    let _ = client.external_chat("c").await;
    let _ = client.join_way("c").await;
    let _ = client.download_media("m").await;
    let _ = client.upload_media(MediaKind::Image, &file).await;
    let _ = client.upload_picture(&file).await;
    let _ = client.get::<Value>("x", &[]).await;
    let robot = client.group_robot(SecretString::from("K")).unwrap();
    let _ = robot
        .try_send(&crate::group_robot::GroupMessage::text("t").unwrap())
        .await;
}

/// Names the platform uses, so that arbitrary values land in fields that are read.
const FIELDS: [&str; 26] = [
    "errcode",
    "errmsg",
    "invaliduser",
    "msgid",
    "response_code",
    "button",
    "sub_button",
    "type",
    "userid",
    "UserId",
    "openid",
    "ticket",
    "expires_in",
    "agentid",
    "close",
    "allow_userinfos",
    "user",
    "ip_list",
    "userlist",
    "department",
    "status",
    "group_chat_list",
    "group_chat",
    "chat_id",
    "join_way",
    "media_id",
];

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(0)),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        let name = prop::sample::select(&FIELDS[..]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn play(response: HttpResponse) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let transport = Arc::new(Always(response));
    let client = Client::builder("ww1", 1, "s")
        .transport(transport)
        .build()
        .unwrap();
    runtime.block_on(every_call(&client));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_json_makes_a_call_panic(answer in arbitrary_json()) {
        play(json_response(&answer.to_string()));
    }

    #[test]
    fn no_bytes_make_a_call_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        status in 100u16..600,
        content_type in prop::option::of("\\PC{0,20}"),
        content_disposition in prop::option::of("(attachment; )?filename\\*?=\\PC{0,20}"),
    ) {
        play(HttpResponse { status, content_type, content_disposition, body });
    }
}

#[tokio::test]
async fn deep_nesting_is_an_error_and_no_overflow() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let client = Script::with_token().then(&deep).client();
    assert!(matches!(client.agent().await, Err(Error::Protocol { .. })));
}

#[cfg(feature = "reqwest")]
#[test]
fn time_limits_can_be_set() {
    let builder = Client::builder("ww1", 1, "s")
        .timeout(Duration::from_secs(1))
        .connect_timeout(Duration::from_millis(10));
    assert_eq!(
        format!("{:?}", builder.build().unwrap()),
        "Client { api_base: \"https://qyapi.weixin.qq.com\", corp_id: \"ww1\", agent_id: 1, .. }"
    );
}

#[test]
fn a_token_lives_as_long_as_it_says_and_else_two_hours() {
    for (answer, seconds) in [
        (json!({"t": "T", "expires_in": 7000}), 7000),
        (json!({"t": "T", "expires_in": "7000"}), 7000),
        (json!({"t": "T", "expires_in": 7000.0}), 7000),
        (json!({"t": "T", "expires_in": 1_000_000}), 24 * 3600),
        (json!({"t": "T"}), 7200),
        (json!({"t": "T", "expires_in": null}), 7200),
        (json!({"t": "T", "expires_in": "soon"}), 7200),
        (json!({"t": "T", "expires_in": 0}), 7200),
        (json!({"t": "T", "expires_in": -1}), 7200),
    ] {
        let fetched = secret_field(&answer, "t").unwrap();
        assert_eq!(fetched.lifetime.as_secs(), seconds, "{answer}");
    }
}

#[tokio::test]
async fn a_forgotten_token_is_fetched_again() {
    let script = Script::with_token()
        .then(r#"{"ip_list":[]}"#)
        .then(r#"{"access_token":"T2","expires_in":7200}"#)
        .then(r#"{"ip_list":[]}"#);
    let client = script.client();
    client.api_ips().await.unwrap();
    client.forget_access_token();
    client.api_ips().await.unwrap();
    assert_eq!(script.urls()[3], "get_api_domain_ip?access_token=T2");
}

#[tokio::test]
async fn nulls_and_numbers_in_either_spelling_are_read() {
    let script = Script::with_token()
        .then(
            r#"{"errcode":0,"agentid":"1000002","name":null,"close":"0","report_location_flag":"1",
            "redirect_domain":null,"allow_userinfos":null,"allow_partys":{"partyid":["1",2]},
            "allow_tags":{"tagid":null}}"#,
        )
        .then(
            r#"{"errcode":0,"userid":42,"department":["1",2],"order":[0,null],
            "is_leader_in_dept":null,"direct_leader":null,"mobile":"138"}"#,
        )
        .then(
            r#"{"errcode":0,"group_chat":{"chat_id":"wr1","name":null,"owner":null,
            "member_list":[{"userid":7,"type":"2","invitor":null}],
            "admin_list":[{"userid":null}]}}"#,
        );
    let client = script.client();
    let agent = client.agent().await.unwrap();
    assert_eq!((agent.agentid, &*agent.name), (1_000_002, ""));
    assert_eq!(agent.report_location_flag, 1);
    assert_eq!(agent.visible_users().count(), 0);
    assert_eq!(
        (agent.visible_parties(), agent.visible_tags()),
        (&[1, 2][..], &[][..])
    );
    let user = client.user("42").await.unwrap();
    assert_eq!((&*user.userid, &*user.department), ("42", &[1, 2][..]));
    assert_eq!(
        (&*user.order, user.mobile.as_deref()),
        (&[0, 0][..], Some("138"))
    );
    assert!(!format!("{user:?}").contains("138"));
    let chat = client.external_chat("wr1").await.unwrap();
    assert_eq!((&*chat.name, &*chat.owner), ("", ""));
    assert_eq!((&*chat.members[0].userid, chat.members[0].kind), ("7", 2));
    assert_eq!(format!("{:?}", chat.members[0]), "ChatMember { .. }");
}

#[tokio::test]
async fn a_bad_string_loses_neither_an_answer_nor_a_refusal() {
    let group =
        b"\xef\xbb\xbf{\"errcode\":0,\"group_chat\":{\"chat_id\":\"wrA\",\"name\":\"a\nb\",\
        \"member_list\":[{\"userid\":\"wm1\",\"name\":\"\xe5\xb0\"},{\"userid\":\"wm\\ud83d\"},\
        {\"userid\":\"wm3\",\"name\":\"\\ud83d\"}]}}";
    let script = Script::with_token()
        .then_bytes(b"{\"errcode\":0,\"userid\":\"li\",\"name\":\"\\ud83d\x01\"}")
        .then_bytes(group)
        .then_bytes(b"{\"errcode\":0,\"userid\":\"li\n\",\"name\":\"a\"}")
        .then_bytes(b"{\"errcode\":40058,\"errmsg\":\"invalid\nparameter \xe5\"}");
    let client = script.client();
    let name = client.user("li").await.unwrap().name;
    assert_eq!(name.as_deref(), Some("\u{fffd}\u{1}"));
    let chat = client.external_chat("wrA").await.unwrap();
    let members: Vec<_> = chat.members.iter().map(|member| &*member.userid).collect();
    assert_eq!(
        (&*members, chat.members.lost()),
        (&["wm1", "wm3"][..], &[1][..])
    );
    assert!(client.user("li").await.is_err(), "an id is never mended");
    let refused = client.user("li").await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.outcome_unknown()),
        (Some(40058), false)
    );
}

//! Bodies as the reference writes them, limits, and answers in every spelling.

use std::time::Duration;

use serde_json::json;

use super::{send::Wire, *};
use crate::{
    card::{Button, ButtonInteraction, Card, Jump, Target, TaskId, TextNotice},
    client::testing::Script,
};

fn card() -> Card {
    let id = TaskId::new("tk-7").unwrap();
    ButtonInteraction::new(id, "Leave", Button::callback("Yes", "yes"))
        .build()
        .unwrap()
}

fn body(message: &Message) -> String {
    serde_json::to_string_pretty(&Wire {
        message,
        agent_id: 1_000_002,
    })
    .unwrap()
}

#[test]
fn every_kind_of_message() {
    let to = || Recipients::user("li.lei").unwrap();
    let web = Link::Web {
        url: "https://x.example".into(),
    };
    let mini = Link::MiniProgram {
        appid: "wx1".into(),
        pagepath: "pages/i".into(),
    };
    let articles = [
        Article::new("t", web).unwrap().description("d").unwrap(),
        Article::new("m", mini)
            .unwrap()
            .picture("https://x.example/p.png")
            .unwrap(),
    ];
    let mp = MpArticle::new("t", "mid", "<p>c</p>")
        .unwrap()
        .author("a")
        .unwrap();
    let visit = TextCard::new(
        "Visit booked",
        "<div class=\"gray\">May 3</div>Bring your badge",
        "https://app.example/v/9",
    );
    let visit = visit.unwrap().button("Open").unwrap();
    let everything = Recipients::users(["li.lei", "han.mm"])
        .and_then(|to| to.and(Recipients::parties([1, 2])?))
        .and_then(|to| to.and(Recipients::tags([7])?))
        .unwrap();
    let kinds: [Content; 10] = [
        Text::new("你好\n<a href=\"https://x\">x</a>")
            .unwrap()
            .into(),
        Markdown::new("**b**").unwrap().into(),
        visit.into(),
        Content::card(card()).unwrap(),
        Content::image("mid").unwrap(),
        Content::voice("mid").unwrap(),
        Video::new("mid")
            .unwrap()
            .describe("t", "d")
            .unwrap()
            .into(),
        Content::file("mid").unwrap(),
        Content::news(articles).unwrap(),
        Content::mp_news([mp
            .source_url("https://x.example")
            .unwrap()
            .digest("s")
            .unwrap()])
        .unwrap(),
    ];
    let mut bodies: Vec<String> = kinds
        .into_iter()
        .map(|content| body(&Message::new(to(), content)))
        .collect();
    let full = Message::new(everything, Text::new("t").unwrap())
        .confidential()
        .unwrap()
        .translate_ids()
        .suppress_duplicates(Duration::from_secs(600))
        .unwrap();
    bodies.push(body(&full));
    bodies.push(body(&Message::new(
        Recipients::everyone(),
        Text::new("t").unwrap(),
    )));
    insta::assert_snapshot!(bodies.join("\n"));
}

#[test]
fn over_long_content_is_refused_or_fitted() {
    let long = "长".repeat(683); // 2,049 bytes
    assert_eq!(Text::new(&*long).unwrap_err().field, "text.content");
    assert!(Text::fit(&long).unwrap().as_str().len() <= 2048);
    assert!(Text::fit(&long).unwrap().as_str().ends_with('…'));
    assert_eq!(Markdown::new(long).unwrap_err().field, "markdown.content");
    assert_eq!(Text::new(" \n").unwrap_err().field, "text.content");
    let url = "https://x";
    assert_eq!(
        TextCard::new("t".repeat(129), "d", url).unwrap_err().field,
        "textcard.title"
    );
    assert_eq!(
        TextCard::new("t", "d".repeat(513), url).unwrap_err().field,
        "textcard.description"
    );
    assert_eq!(
        TextCard::new("t", "d", "x.example").unwrap_err().field,
        "textcard.url"
    );
    assert!(
        TextCard::new("营".repeat(128), "描".repeat(512), url).is_ok(),
        "characters, not bytes"
    );
    assert!(TextCard::fit(&"t".repeat(200), &"d".repeat(600), url).is_ok());
    let button = TextCard::new("t", "d", url).unwrap().button("查看详情了");
    assert_eq!(button.unwrap_err().field, "textcard.btntxt");
    assert_eq!(Content::news([]).unwrap_err().field, "news.articles");
    let interval = Message::new(Recipients::everyone(), Text::new("t").unwrap());
    assert!(
        interval
            .clone()
            .suppress_duplicates(Duration::from_secs(14401))
            .is_err()
    );
    assert!(
        interval
            .suppress_duplicates(Duration::from_millis(1))
            .is_err()
    );
    let markdown = Message::new(Recipients::everyone(), Markdown::new("m").unwrap());
    assert_eq!(markdown.confidential().unwrap_err().field, "safe");
}

#[test]
fn recipients_are_counted_and_cannot_smuggle() {
    assert!(Recipients::users(Vec::<String>::new()).is_err());
    assert!(Recipients::users((0..1001).map(|i| i.to_string())).is_err());
    assert!(Recipients::parties(0..101).is_err() && Recipients::tags(0..101).is_err());
    for bad in ["", "a|b", "@all", "@ALL"] {
        assert!(Recipients::user(bad).is_err(), "{bad}");
    }
    let one = Recipients::user("a").unwrap();
    assert!(one.clone().and(Recipients::everyone()).is_err());
    let many = Recipients::users((0..1000).map(|i| i.to_string())).unwrap();
    assert!(many.and(one).is_err());
}

#[test]
fn long_text_is_split_between_lines_or_characters() {
    assert_eq!(split_text("a\nb", 10), ["a\nb"]);
    assert_eq!(split_text("aaa\nbbb\nccc", 8), ["aaa\nbbb", "ccc"]);
    assert_eq!(split_text("晴天多云", 7), ["晴天", "多云"]);
    assert_eq!(split_text("晴天", 0), ["晴", "天"]);
    assert!(split_text("", 5).is_empty());
}

#[tokio::test]
async fn the_answer_names_who_was_not_reached() {
    let script = Script::with_token()
        .then(
            r#"{"errcode":0,"errmsg":"ok","invaliduser":"bob|eve","invalidparty":"","unlicenseduser":null,"msgid":"m_1","response_code":"rc_1"}"#,
        )
        .then(r#"{"errcode":81013,"errmsg":"user & party & tag all invalid","invaliduser":"x"}"#)
        .then(r#"{"errcode":0,"errmsg":"ok"}"#);
    let client = script.client();
    let message = Message::new(Recipients::everyone(), Content::card(card()).unwrap());
    let sent = client.send(&message).await.unwrap();
    assert_eq!(sent.invalid_users, ["bob", "eve"]);
    assert_eq!(sent.invalid_parties, [""; 0]);
    assert_eq!(sent.msgid.as_deref(), Some("m_1"));
    assert_eq!(sent.response_code, Some("rc_1".into()));
    let refused = client.send(&message).await.unwrap_err();
    assert_eq!(refused.code(), Some(81013));
    assert!(!refused.is_retryable());
    client.recall("m_1").await.unwrap();
    assert_eq!(script.last_body(), r#"{"msgid":"m_1"}"#);
    assert_eq!(script.urls()[3], "message/recall?access_token=T1");
}

#[tokio::test]
async fn a_card_is_updated_in_both_forms() {
    let script = Script::with_token()
        .then(r#"{"errcode":0,"errmsg":"ok","invaliduser":["eve"]}"#)
        .then(r#"{"errcode":0,"errmsg":"ok","invaliduser":""}"#);
    let client = script.client();
    let audience = CardAudience::listed(vec!["li.lei".into()], vec![2, 3], vec![44]).unwrap();
    let button = CardUpdate::button("rc_1", audience, "Approved by Li").unwrap();
    let updated = client.update_card(&button).await.unwrap();
    assert_eq!(updated.invalid_users, ["eve"]);
    assert_eq!(
        script.last_body(),
        r#"{"userids":["li.lei"],"partyids":[2,3],"tagids":[44],"atall":0,"agentid":1000002,"response_code":"rc_1","button":{"replace_name":"Approved by Li"}}"#
    );
    let notice = TextNotice::new("Done", Target::url("https://x"))
        .build()
        .unwrap();
    let update = CardUpdate::card("rc_2", CardAudience::all(), notice)
        .unwrap()
        .translate_ids();
    assert!(
        client
            .update_card(&update)
            .await
            .unwrap()
            .invalid_users
            .is_empty()
    );
    let sent: serde_json::Value = serde_json::from_str(&script.last_body()).unwrap();
    assert_eq!(
        sent,
        json!({"atall":1,"agentid":1_000_002,"response_code":"rc_2","enable_id_trans":1,
               "template_card":{"card_type":"text_notice","main_title":{"title":"Done"},
                                "card_action":{"type":1,"url":"https://x"}}})
    );
    assert!(
        !format!("{update:?}").contains("rc_2"),
        "a response code is a key"
    );
    assert_eq!(
        CardAudience::listed(vec![], vec![], vec![])
            .unwrap_err()
            .field,
        "userids"
    );
    assert!(CardUpdate::button("", CardAudience::all(), "x").is_err());
}

#[test]
fn what_breaks_a_limit_cannot_be_made() {
    for (content, field) in [
        (Content::news([]), "news.articles"),
        (Content::mp_news([]), "mpnews.articles"),
        (Content::image(""), "image.media_id"),
        (Content::voice(""), "voice.media_id"),
        (Content::file(""), "file.media_id"),
        (Video::new("").map(Content::from), "video.media_id"),
        (Content::card(question()), "jump_list.type"),
    ] {
        assert_eq!(content.unwrap_err().field, field);
    }
    let update = CardUpdate::card("rc", CardAudience::all(), question());
    assert_eq!(update.unwrap_err().field, "jump_list.type");
    let reply = crate::reply::Reply::update_card(question().into_replacement());
    assert_eq!(reply.unwrap_err().field, "jump_list.type");
}

/// A card that only a smart robot can show.
fn question() -> Card {
    let notice = TextNotice::new("t", Target::url("https://x"));
    notice.jump(Jump::ask("j", "q")).build().unwrap()
}

#[test]
fn articles_can_be_kept_within_the_corp_and_nothing_else() {
    let article = MpArticle::new("t", "mid", "c").unwrap();
    let content = Content::mp_news([article]).unwrap();
    let message = Message::new(Recipients::everyone(), content);
    let wire = send::Wire {
        message: &message.within_the_corp().unwrap(),
        agent_id: 1,
    };
    assert_eq!(serde_json::to_value(&wire).unwrap()["safe"], json!(2));
    let text = Message::new(Recipients::everyone(), Text::new("t").unwrap());
    assert_eq!(text.within_the_corp().unwrap_err().field, "safe");
}

#[test]
fn what_people_read_holds_nothing_that_acts_unseen() {
    let text = Text::new("@小明\u{202e} 完成\u{200b}打卡\r\n7/7").unwrap();
    assert_eq!(text.as_str(), "@小明 完成打卡\n7/7");
    assert_eq!(
        Text::new("\u{3164}\u{200b}").unwrap_err().field,
        "text.content"
    );
}

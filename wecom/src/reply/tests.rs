use super::*;
use crate::callback::{self, Freshness, Query};
use crate::card::{Button, ButtonInteraction, TaskId};
use crate::xml::Fields;

const CORP: &str = "ww0123456789abcdef";

fn keys() -> Keys {
    Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        CORP,
    )
    .unwrap()
}

fn inbound() -> Verified<Inbound> {
    let xml = "<xml><ToUserName>ww0123456789abcdef</ToUserName><FromUserName>li.lei</FromUserName>\
        <CreateTime>1767225600</CreateTime><MsgType>event</MsgType><Event>enter_agent</Event></xml>";
    let envelope = Envelope::seal(&keys(), xml.as_bytes(), 1, "n", [7; 16]).unwrap();
    callback::reopen(&keys(), &envelope, Freshness::any()).unwrap()
}

fn replacement() -> Replacement {
    let card = ButtonInteraction::new(
        TaskId::new("tk-1").unwrap(),
        "Leave",
        Button::callback("Yes", "yes"),
    );
    card.build()
        .unwrap()
        .into_replacement()
        .replace_text("Done")
        .unwrap()
}

fn every_kind() -> Vec<Reply> {
    vec![
        Reply::text("got ]]> it").unwrap(),
        Reply::image("mid").unwrap(),
        Reply::voice("mid").unwrap(),
        Reply::video("mid", "t", "d").unwrap(),
        Reply::news(vec![
            Article::new("t", "https://x.example")
                .unwrap()
                .description("d")
                .unwrap()
                .picture("https://x.example/p.png")
                .unwrap(),
            Article::new("t2", "https://x.example/2").unwrap(),
        ])
        .unwrap(),
        Reply::update_button("Approved").unwrap(),
        Reply::update_card(replacement()).unwrap(),
    ]
}

#[test]
fn every_reply_as_xml() {
    let replies: Vec<String> = every_kind()
        .iter()
        .map(|reply| reply.to_xml(&inbound(), 1_767_225_601))
        .collect();
    insta::assert_snapshot!(replies.join("\n"));
}

#[test]
fn a_sealed_reply_opens_for_the_platform() {
    for reply in every_kind() {
        let body = reply
            .seal(&keys(), &inbound(), 1_767_225_601, "n0nce", [9; 16])
            .unwrap();
        let outer = Fields::parse(body).unwrap();
        assert_eq!(outer.get("TimeStamp"), Some("1767225601"));
        assert_eq!(outer.get("Nonce"), Some("n0nce"));
        let encrypt = outer.get("Encrypt").unwrap();
        let signature = outer.get("MsgSignature").unwrap();
        keys()
            .verify(signature, "1767225601", "n0nce", encrypt)
            .unwrap();
        let inner = String::from_utf8(keys().decrypt(encrypt).unwrap()).unwrap();
        assert_eq!(inner, reply.to_xml(&inbound(), 1_767_225_601));
        assert_eq!(
            Fields::parse(inner).unwrap().get("ToUserName"),
            Some("li.lei")
        );
    }
}

#[test]
fn limits_are_named() {
    let article = Article::new("t", "https://x.example").unwrap();
    let errors = [
        Reply::text("").unwrap_err(),
        Reply::text("中".repeat(683)).unwrap_err(),
        Reply::image(" ").unwrap_err(),
        Reply::voice("").unwrap_err(),
        Reply::video("mid", "t".repeat(129), "").unwrap_err(),
        Reply::video("mid", "", "d".repeat(513)).unwrap_err(),
        Reply::news(Vec::new()).unwrap_err(),
        Reply::news(vec![article.clone(); 9]).unwrap_err(),
        Reply::update_button("").unwrap_err(),
        Article::new("t".repeat(129), "https://x.example").unwrap_err(),
        Article::new("t", "x.example").unwrap_err(),
        article.clone().description("d".repeat(513)).unwrap_err(),
        article.picture("p.png").unwrap_err(),
    ];
    let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
    assert_eq!(
        fields,
        [
            "Content",
            "Content",
            "Image.MediaId",
            "Voice.MediaId",
            "Video.Title",
            "Video.Description",
            "Articles",
            "Articles",
            "Button.ReplaceName",
            "Articles.Title",
            "Articles.Url",
            "Articles.Description",
            "Articles.PicUrl",
        ]
    );
}

#[test]
fn the_query_of_a_request_can_lend_its_nonce() {
    let query = Query::parse("msg_signature=s&timestamp=1&nonce=a%5D%5D%3Eb").unwrap();
    let reply = Reply::text("x").unwrap();
    let body = reply
        .seal(&keys(), &inbound(), 1, &query.nonce, [9; 16])
        .unwrap();
    assert_eq!(Fields::parse(body).unwrap().get("Nonce"), Some("a]]>b"));
}

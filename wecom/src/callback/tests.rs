use proptest::prelude::*;

use super::*;
use crate::event::{Body, Content};

const NOW_S: i64 = 1_767_225_700;
const CORP: &str = "ww0123456789abcdef";
const TEXT: &str = "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName>\
    <FromUserName><![CDATA[li.lei]]></FromUserName><CreateTime>1767225600</CreateTime>\
    <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[order 42?]]></Content>\
    <MsgId>7301245890123456789</MsgId><AgentID>1000002</AgentID></xml>";

fn keys() -> Keys {
    Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        CORP,
    )
    .unwrap()
}

fn day() -> Freshness {
    Freshness::within(NOW_S, Duration::from_secs(86_400))
}

fn sealed(message: &[u8]) -> Envelope {
    Envelope::seal(&keys(), message, NOW_S, "n0nce", [7; 16]).unwrap()
}

/// Opens what the platform would send for this envelope.
fn open_envelope(envelope: &Envelope) -> Result<Verified<Inbound>, OpenError> {
    let query = envelope.to_query();
    let body = envelope.to_request_xml(CORP, Some(1_000_002));
    open(&keys(), &Query::parse(&query)?, body.as_bytes(), day())
}

#[test]
fn a_message_of_the_platform_opens() {
    let inbound = open_envelope(&sealed(TEXT.as_bytes())).unwrap();
    assert_eq!(inbound.from_user, "li.lei");
    assert_eq!(inbound.to_user, CORP);
    assert_eq!(inbound.agent_id, Some(1_000_002));
    let Body::Message(message) = &inbound.body else {
        panic!("not a message")
    };
    assert_eq!(message.content, Content::Text("order 42?".to_owned()));
    assert_eq!(message.msg_id, "7301245890123456789");
}

#[test]
fn the_official_sample_opens_byte_for_byte() {
    let keys = Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        "wx5823bf96d3bd56c7",
    )
    .unwrap();
    let query = Query::parse(
        "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149",
    )
    .unwrap();
    let body = include_bytes!("v1_body.xml");
    let fresh = Freshness::within(1_409_659_813 + 86_400, Duration::from_secs(86_400));
    let inbound = open(&keys, &query, body, fresh).unwrap();
    let Body::Message(message) = &inbound.body else {
        panic!("not a message")
    };
    assert_eq!(message.content, Content::Text("hello".to_owned()));

    let later = Freshness::within(1_409_659_813 + 86_401, Duration::from_secs(86_400));
    let stale = open(&keys, &query, body, later).unwrap_err();
    assert_eq!(stale, OpenError::Stale { max_age_s: 86_400 });
    assert!(open(&keys, &query, body, Freshness::any()).is_ok());
}

#[test]
fn the_address_is_verified_with_the_bare_plaintext() {
    let keys = Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        "wx5823bf96d3bd56c7",
    )
    .unwrap();
    let raw = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589\
        &nonce=263014780&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp\
        %2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
    let query = Query::parse(raw).unwrap();
    assert_eq!(
        verify_url(&keys, &query, Freshness::any()).unwrap(),
        b"1616140317555161061"
    );

    let space = raw.replace("%2B", "%20");
    let error = verify_url(&keys, &Query::parse(&space).unwrap(), Freshness::any()).unwrap_err();
    assert_eq!(error, OpenError::Crypto(CryptoError::Signature));
    let (without, _) = raw.split_once("&echostr").unwrap();
    let error = verify_url(&keys, &Query::parse(without).unwrap(), Freshness::any()).unwrap_err();
    assert_eq!(error, OpenError::Query(QueryError::Missing("echostr")));
}

#[test]
fn an_echo_of_a_stand_in_verifies() {
    let envelope = sealed(b"94966531020182955848408");
    let raw = envelope.to_echo_query();
    let echo = verify_url(&keys(), &Query::parse(&raw).unwrap(), day()).unwrap();
    assert_eq!(echo, b"94966531020182955848408");
}

#[test]
fn a_message_that_was_caught_is_not_given_back_as_an_echo() {
    for message in [
        TEXT.as_bytes(),
        b"\xef\xbb\xbf \n<xml/>",
        br#"{"msgid":"m-1","msgtype":"text"}"#,
        b"[1]",
    ] {
        let raw = sealed(message).to_echo_query();
        let echo = verify_url(&keys(), &Query::parse(&raw).unwrap(), day());
        assert_eq!(echo.unwrap_err(), OpenError::NotAnEcho);
    }
}

/// The signature is over sorted parts: whoever has caught a callback whose nonce is a number near
/// today's time can send it again with the two swapped.
#[test]
fn an_old_message_stays_old_however_its_envelope_looks() {
    let old = NOW_S - 40 * 86_400;
    let message = TEXT.replace("1767225600", &old.to_string());
    let mut envelope = Envelope::seal(
        &keys(),
        message.as_bytes(),
        old,
        &NOW_S.to_string(),
        [7; 16],
    )
    .unwrap();
    let stale = OpenError::Stale { max_age_s: 86_400 };
    assert_eq!(open_envelope(&envelope).unwrap_err(), stale);
    std::mem::swap(&mut envelope.timestamp, &mut envelope.nonce);
    assert_eq!(open_envelope(&envelope).unwrap_err(), stale);
    assert!(
        reopen(&keys(), &envelope, Freshness::any()).is_ok(),
        "what was kept is read"
    );

    let late = TEXT.replace("1767225600", &(NOW_S - 86_000).to_string());
    assert!(
        open_envelope(&sealed(late.as_bytes())).is_ok(),
        "a late delivery is not lost"
    );
    let early = TEXT.replace("1767225600", &(NOW_S + 86_401).to_string());
    assert_eq!(open_envelope(&sealed(early.as_bytes())).unwrap_err(), stale);
}

#[test]
fn a_message_with_a_character_cut_in_two_is_read_without_it() {
    let (before, after) = TEXT.split_once("42").unwrap();
    let message = [before.as_bytes(), &[0xe5, 0xb0], after.as_bytes()].concat();
    let inbound = open_envelope(&sealed(&message)).unwrap();
    let Body::Message(message) = &inbound.body else {
        panic!("not a message")
    };
    assert_eq!(message.content, Content::Text("order \u{fffd}?".to_owned()));
}

#[test]
fn a_kept_envelope_reopens() {
    let envelope = sealed(TEXT.as_bytes());
    let kept = serde_json::to_string(&envelope).unwrap();
    let kept: Envelope = serde_json::from_str(&kept).unwrap();
    let opened = open_envelope(&envelope).unwrap();
    assert_eq!(reopen(&keys(), &kept, Freshness::any()).unwrap(), opened);
}

#[test]
fn every_refusal_has_its_error() {
    let good = sealed(TEXT.as_bytes());
    let with = |change: fn(&mut Envelope)| {
        let mut envelope = good.clone();
        change(&mut envelope);
        open_envelope(&envelope).unwrap_err()
    };
    let signature = OpenError::Crypto(CryptoError::Signature);
    assert_eq!(with(|envelope| envelope.nonce.push('1')), signature);
    assert_eq!(with(|envelope| envelope.timestamp.push('1')), signature);
    assert_eq!(
        with(|envelope| envelope.encrypt.replace_range(..1, "!")),
        signature
    );
    assert_eq!(
        with(|envelope| envelope.msg_signature.replace_range(..1, "x")),
        signature
    );
    assert_eq!(
        with(|envelope| envelope.encrypt.clear()),
        OpenError::NoCiphertext
    );

    let soon = Envelope::seal(&keys(), TEXT.as_bytes(), NOW_S + 86_401, "n", [7; 16]).unwrap();
    assert_eq!(
        open_envelope(&soon).unwrap_err(),
        OpenError::Stale { max_age_s: 86_400 }
    );
    let mut word = good.clone();
    word.timestamp = "now".to_owned();
    word.msg_signature = keys().sign("now", &word.nonce, &word.encrypt);
    assert_eq!(open_envelope(&word).unwrap_err(), OpenError::Timestamp);

    let doctype = sealed(b"<!DOCTYPE x><xml/>");
    let expected = OpenError::Content(ContentError::Xml(XmlError::Doctype));
    assert_eq!(open_envelope(&doctype).unwrap_err(), expected);
    let empty = OpenError::Content(ContentError::Missing("MsgType"));
    assert_eq!(open_envelope(&sealed(b"<xml/>")).unwrap_err(), empty);
}

#[test]
fn hostile_bodies_are_refused_before_anything_else() {
    let raw = sealed(TEXT.as_bytes()).to_query();
    let query = Query::parse(&raw).unwrap();
    let huge = vec![b' '; MAX_BODY_BYTES + 1];
    let bomb =
        b"<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><xml><Encrypt>&b;</Encrypt></xml>";
    let cases: [(&[u8], OpenError); 6] = [
        (&huge, OpenError::TooLarge),
        (&[0xff, 0xfe], OpenError::BodyNotUtf8),
        (b"", OpenError::EnvelopeXml(XmlError::Malformed)),
        (bomb, OpenError::EnvelopeXml(XmlError::Doctype)),
        (b"<xml><Encrypt/></xml>", OpenError::NoCiphertext),
        (
            b"<xml><A><Encrypt>x</Encrypt></A></xml>",
            OpenError::NoCiphertext,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(open(&keys(), &query, body, day()).unwrap_err(), expected);
    }
}

#[test]
fn errors_show_no_signature_and_no_content() {
    let mut envelope = sealed(TEXT.as_bytes());
    let expected = envelope.msg_signature.clone();
    envelope.msg_signature = "0".repeat(40);
    let error = open_envelope(&envelope).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&expected));
}

#[test]
fn envelopes_look_as_the_platform_writes_them() {
    let envelope = Envelope {
        encrypt: "BASE64".to_owned(),
        msg_signature: "40hex".to_owned(),
        timestamp: "1767225600".to_owned(),
        nonce: "n0nce".to_owned(),
    };
    insta::assert_snapshot!(
        [
            envelope.to_query(),
            envelope.to_request_xml(CORP, Some(1_000_002)),
            envelope.to_request_xml(CORP, None),
            envelope.to_request_json(),
            envelope.to_reply_xml(),
            envelope.to_reply_json().unwrap(),
        ]
        .join("\n")
    );
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let raw = sealed(TEXT.as_bytes()).to_query();
        let query = Query::parse(&raw).unwrap();
        prop_assert!(open(&keys(), &query, &body, day()).is_err());
        prop_assert!(Envelope::from_json(&query, &body).is_err());
    }

    #[test]
    fn arbitrary_signed_messages_never_panic(message in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open_envelope(&sealed(&message)).is_err());
    }

    #[test]
    fn a_flipped_bit_is_noticed(position in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let envelope = sealed(TEXT.as_bytes());
        let raw = envelope.to_query();
        let mut body = envelope.to_request_xml(CORP, None).into_bytes();
        let start = "<xml><ToUserName><![CDATA[]]></ToUserName><Encrypt><![CDATA[".len() + CORP.len();
        let place = start + position.index(envelope.encrypt.len());
        body[place] ^= 1 << bit;
        prop_assert!(open(&keys(), &Query::parse(&raw).unwrap(), &body, day()).is_err());
    }
}

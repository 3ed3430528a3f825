//! What each reader of outside bytes must live through, for property tests and fuzz targets: any
//! bytes at all, without a panic, and with an output that is no larger than what came in.

#![cfg_attr(
    not(test),
    expect(
        clippy::panic,
        reason = "a property that does not hold must fail its target"
    )
)]

use crate::event::Inbound;
use crate::robot;
use crate::xml::{Children, MAX_ELEMENTS};

/// Reads `bytes` as the decrypted message of an application's callback.
///
/// # Panics
/// A property does not hold.
pub fn callback_xml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Ok(inbound) = Inbound::parse(text.clone()) else {
        return;
    };
    assert_eq!(
        inbound.fields().xml(),
        text,
        "the document is kept as it came"
    );
    assert!(elements(inbound.fields().iter()) <= MAX_ELEMENTS);
    assert_eq!(inbound.dedupe_key().len(), 42);
    assert!(inbound.from_user.len() <= text.len());
    let again = Inbound::parse(text).map(|again| again.dedupe_key());
    assert_eq!(
        again,
        Ok(inbound.dedupe_key()),
        "what was read once can be read again"
    );
}

/// Reads `bytes` as the decrypted message of a smart robot's callback.
///
/// # Panics
/// A property does not hold.
pub fn robot_json(bytes: &[u8]) {
    let Ok(inbound) = robot::Inbound::parse(bytes) else {
        return;
    };
    // A byte that is no UTF-8 becomes three.
    let most = 3 * bytes.len();
    assert!(!inbound.msg_id.is_empty() && inbound.msg_id.len() <= most);
    for id in [&inbound.from_user, &inbound.bot_id, &inbound.msg_id] {
        assert!(crate::lenient_json::is_exact(id), "ids are never mended");
    }
    if let Some(text) = inbound.text_without_mention("机器人") {
        assert!(text.len() <= most);
    }
}

fn elements(siblings: Children<'_>) -> usize {
    siblings
        .map(|element| 1 + elements(element.children()))
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that are almost what the platform sends, so that the readers get far.
    fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => proptest::sample::select(of).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    const XML: &[&str] = &[
        "<xml>",
        "</xml>",
        "<MsgType>event</MsgType>",
        "<MsgType>text</MsgType>",
        "<Event>",
        "</Event>",
        "kf_msg_or_event",
        "<CreateTime>1</CreateTime>",
        "<A>",
        "</A>",
        "<A/>",
        "<FromUserName>u</FromUserName>",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "小明",
        "\u{202e}",
        "<MsgId>",
        "</MsgId>",
        "<BatchJob><JobId>1</JobId></BatchJob>",
        "<SelectedItems>",
        "</SelectedItems>",
    ];
    const JSON: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"msgid\":\"m\"",
        "\"msgtype\":\"text\"",
        "\"msgtype\":\"mixed\"",
        "\"text\":{\"content\":\"@机器人 hi\"}",
        "\"chattype\":\"group\"",
        "\"mixed\":{\"msg_item\":[",
        "\"from\":{\"userid\":\"u\\ud83d\"}",
        "\\ud83d",
        "\n",
        "\u{feff}",
        "\"event\":{\"eventtype\":\"template_card_event\"",
        "1e999",
        "null",
    ];

    proptest! {
        #[test]
        fn any_bytes_are_lived_through(bytes: Vec<u8>) {
            callback_xml(&bytes);
            robot_json(&bytes);
        }

        #[test]
        fn almost_a_callback_is_lived_through(bytes in pieces(XML)) {
            callback_xml(&bytes);
            callback_xml(&[b"<xml><MsgType>event</MsgType>", &*bytes, b"</xml>"].concat());
        }

        #[test]
        fn almost_a_robots_message_is_lived_through(bytes in pieces(JSON)) {
            robot_json(&bytes);
            let whole = [&b"{\"msgid\":\"m\",\"msgtype\":\"text\",\"text\":{\"content\":\""[..], &bytes, b"\"}}"];
            robot_json(&whole.concat());
        }
    }
}

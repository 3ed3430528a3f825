//! Messages that carry files, a token that dies early, and a message that was lost on the way.

use sandbox::{Fault, FaultKind, Platform};
use wecom::message::{MpArticle, Video};

use super::*;

/// A file of each kind, as far as its first bytes tell.
fn files() -> [(MediaKind, MediaFile); 4] {
    let file = |name: &str, kind: &str, bytes: &[u8]| MediaFile::new(name, kind, bytes).unwrap();
    [
        (
            MediaKind::Image,
            file("a.png", "image/png", b"\x89PNG\r\n\x1a\n0123"),
        ),
        (
            MediaKind::Voice,
            file("a.amr", "voice/amr", b"#!AMR\n0123456789"),
        ),
        (
            MediaKind::Video,
            file("a.mp4", "video/mp4", b"\0\0\0\x18ftypmp42"),
        ),
        (MediaKind::File, file("名单.csv", "text/csv", b"name\nHan")),
    ]
}

#[tokio::test]
async fn every_kind_of_file_is_uploaded_and_sent() {
    let (sandbox, client, member) = scene().await;
    let mut ids = Vec::new();
    for (kind, file) in files() {
        ids.push(client.upload_media(kind, &file).await.unwrap().media_id);
    }
    let [image, voice, video, file] = <[String; 4]>::try_from(ids).unwrap();
    let article = MpArticle::new("t", image.as_str(), "<p>c</p>").unwrap();
    let contents: [Content; 5] = [
        Content::image(image).unwrap(),
        Content::voice(voice).unwrap(),
        Video::new(video)
            .unwrap()
            .describe("t", "d")
            .unwrap()
            .into(),
        Content::file(file).unwrap(),
        Content::mp_news([article]).unwrap(),
    ];
    for content in contents {
        let message = Message::new(Recipients::user(&*member).unwrap(), content);
        assert!(client.send(&message).await.unwrap().msgid.is_some());
    }
    assert_eq!(sandbox.wecom().inbox(&member).len(), 5);
    let old = Message::new(Recipients::everyone(), Content::image("expired").unwrap());
    let refused = client.send(&old).await.unwrap_err();
    assert_eq!(refused.class(), Some(ErrorClass::MediaExpired));
    sandbox.violations().clear();
    let confidential = Message::new(Recipients::everyone(), Text::new("x").unwrap());
    client
        .send(&confidential.confidential().unwrap())
        .await
        .unwrap();
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn a_token_that_was_revoked_is_renewed_and_the_call_repeated() {
    let (sandbox, client, member) = scene().await;
    client.agent().await.unwrap();
    sandbox.wecom().revoke_token();
    let to = Recipients::user(&*member).unwrap();
    let message = Message::new(to, Text::new("once").unwrap());
    client.send(&message).await.unwrap();
    assert_eq!(sandbox.wecom().inbox(&member).len(), 1);

    let lost = Fault::new(Platform::Wecom, "cgi-bin/message/send", FaultKind::CutAfter);
    sandbox.faults().add(lost);
    let message = message
        .suppress_duplicates(Duration::from_secs(600))
        .unwrap();
    let unknown = client.send(&message).await.unwrap_err();
    assert!(unknown.outcome_unknown(), "{unknown:?}");
    assert!(client.send(&message).await.unwrap().msgid.is_some());
    assert_eq!(
        sandbox.wecom().inbox(&member).len(),
        2,
        "the repeat did no harm"
    );
    assert_no_violation(&sandbox);
}

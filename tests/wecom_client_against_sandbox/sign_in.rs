//! Signing in with both scopes and by the login page, and the signatures of pages.

use secrecy::ExposeSecret as _;
use wecom::{
    jssdk::{self, TicketKind},
    oauth::{LoginLanguage, Scope, State, Visitor},
};

use super::*;

const BACK: &str = "http://127.0.0.1:9/h5/auth?next=/a&b=1";

/// Opens a link as `person` would, and gives the code it comes back with.
async fn code_from(link: &str, person: &str) -> String {
    let (link, _) = link.split_once('#').unwrap_or((link, ""));
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = browser
        .get(format!("{link}&as={person}"))
        .send()
        .await
        .unwrap();
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    let (_, query) = back
        .strip_prefix(BACK)
        .unwrap()
        .split_once("code=")
        .unwrap();
    let (code, state) = query.split_once("&state=").unwrap();
    assert_eq!(state, "s1");
    code.to_owned()
}

#[tokio::test]
async fn members_and_others_sign_in() {
    let (sandbox, client, member) = scene().await;
    let state = State::new("s1").unwrap();
    let link = |scope| client.authorize_url(BACK, scope, &state);

    let code = code_from(&link(Scope::Base), &member).await;
    let Visitor::Member {
        userid,
        user_ticket: None,
        ..
    } = client.visitor(&code).await.unwrap()
    else {
        panic!("a silent sign-in gives the userid alone")
    };
    assert_eq!(userid, member);
    let used = client.visitor(&code).await.unwrap_err();
    assert_eq!(used.class(), Some(ErrorClass::OauthCode));

    let code = code_from(&link(Scope::PrivateInfo), &member).await;
    let Visitor::Member {
        user_ticket: Some(ticket),
        ..
    } = client.visitor(&code).await.unwrap()
    else {
        panic!("with private information there is a ticket")
    };
    assert_eq!(client.member_details(&ticket).await.unwrap().userid, member);
    let wrong = client.member_details("ut_nothing").await.unwrap_err();
    assert_eq!(wrong.class(), Some(ErrorClass::OauthCode));

    let outsider = sandbox.wecom().outsiders()[0].openid.clone();
    let code = code_from(&link(Scope::Base), &outsider).await;
    let Visitor::Outsider { openid, .. } = client.visitor(&code).await.unwrap() else {
        panic!("somebody outside is no member")
    };
    assert_eq!(openid, outsider);

    let login = client.login_url(BACK, &state, LoginLanguage::Chinese);
    let code = code_from(&login, &member).await;
    assert!(matches!(
        client.visitor(&code).await.unwrap(),
        Visitor::Member { .. }
    ));
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn pages_are_signed_with_the_ticket_that_the_platform_holds() {
    let (sandbox, client, _) = scene().await;
    let page = "https://camp.example.com/h5/?a=1#/top";
    for (kind, held) in [
        (TicketKind::Corp, sandbox::wecom::JsTicket::Corp),
        (TicketKind::Agent, sandbox::wecom::JsTicket::Agent),
    ] {
        let signed = client.js_signature(kind, page, "n0nce", 1_767_225_600);
        let signed = signed.await.unwrap();
        let ticket = sandbox.wecom().js_ticket(held).unwrap();
        let expected = jssdk::sign(&ticket, "n0nce", 1_767_225_600, page);
        assert_eq!(signed.signature, expected);
        let cached = client.js_ticket(kind).await.unwrap();
        assert_eq!(cached.expose_secret(), ticket);
    }
    assert_no_violation(&sandbox);
}

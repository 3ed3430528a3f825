//! Callbacks of the WeCom application: encrypted and signed events that ask for no answer.

use wecom::callback::Envelope;
use wecom::crypto::Keys;

use super::drive::Request;

pub(crate) const CORP_ID: &str = "wx5823bf96d3bd56c7";
pub(crate) const TOKEN: &str = "QDG6eK";
pub(crate) const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

/// Callbacks that differ in who has opened the application.
pub(crate) fn sealed(count: usize) -> Vec<Request> {
    let keys = Keys::new(TOKEN, AES_KEY, CORP_ID).expect("the keys are right");
    let now = chrono::Utc::now().timestamp();
    (0..count)
        .map(|place| callback(&keys, now, place))
        .collect()
}

fn callback(keys: &Keys, now: i64, place: usize) -> Request {
    let event = format!(
        "<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName>\
         <FromUserName><![CDATA[member.{place}]]></FromUserName><CreateTime>{now}</CreateTime>\
         <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[enter_agent]]></Event>\
         <EventKey><![CDATA[]]></EventKey><AgentID>1000002</AgentID></xml>"
    );
    let random = (place as u128).to_be_bytes();
    let envelope = Envelope::seal(keys, event.as_bytes(), now, "13726238", random);
    let envelope = envelope.expect("it can be sealed");
    let target = format!("/api/webhook/wecom/app?{}", envelope.to_query());
    let body = envelope.to_request_xml(CORP_ID, Some(1_000_002));
    Request::post(&target, &[("Content-Type", "text/xml")], &body, "200")
}

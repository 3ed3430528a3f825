//! Values that no `Debug` shows: codes that whoever has them can use, and what people wrote.

use std::fmt;

use serde::Deserialize;

/// A code that is good for one call: the response code of a card (72 hours, wecom-app §7), the
/// welcome code of a new customer (20 seconds, wecom-app §2.4).
///
/// It is a secret: whoever has it and the application's token can use it up. `Debug` does not show
/// it.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// The code, for a store that keeps it until it is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(..)")
    }
}

impl From<String> for OneTimeCode {
    fn from(code: String) -> Self {
        Self(code)
    }
}

impl From<&str> for OneTimeCode {
    fn from(code: &str) -> Self {
        Self(code.to_owned())
    }
}

impl From<&Self> for OneTimeCode {
    fn from(code: &Self) -> Self {
        code.clone()
    }
}

/// Gives types a `Debug` that shows their name only.
macro_rules! hide_in_debug {
    ($($name:ident),+) => {
        $(
            /// Shows the name only: the rest is what people wrote, or where they are.
            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(concat!(stringify!($name), " { .. }"))
                }
            }
        )+
    };
}
pub(crate) use hide_in_debug;

#[cfg(test)]
mod tests {
    use super::OneTimeCode;
    use crate::event::Inbound;
    use crate::message::Sent;

    fn shown(rest: &str) -> String {
        let xml = format!(
            "<xml><ToUserName>ww1</ToUserName><FromUserName>li.lei</FromUserName>\
             <CreateTime>1</CreateTime>{rest}</xml>"
        );
        format!("{:?}", Inbound::parse(xml).unwrap())
    }

    #[test]
    fn no_debug_shows_codes_or_what_people_wrote() {
        let event = |rest: &str| format!("<MsgType>event</MsgType>{rest}");
        for inbound in [
            "<MsgType>text</MsgType><Content>S3CRET</Content>".to_owned(),
            "<MsgType>image</MsgType><PicUrl>S3CRET</PicUrl>".to_owned(),
            "<MsgType>link</MsgType><Title>S3CRET</Title>".to_owned(),
            "<MsgType>location</MsgType><Label>S3CRET</Label>".to_owned(),
            event("<Event>template_card_event</Event><ResponseCode>S3CRET</ResponseCode>"),
            event("<Event>template_card_menu_event</Event><ResponseCode>S3CRET</ResponseCode>"),
            event(
                "<Event>change_external_contact</Event><WelcomeCode>S3CRET</WelcomeCode>\
                 <ChangeType>add_external_contact</ChangeType>",
            ),
            event(
                "<Event>change_contact</Event><ChangeType>create_user</ChangeType>\
                 <Mobile>S3CRET</Mobile>",
            ),
            event(
                "<Event>scancode_push</Event>\
                 <ScanCodeInfo><ScanResult>S3CRET</ScanResult></ScanCodeInfo>",
            ),
        ] {
            let shown = shown(&inbound);
            assert!(!shown.contains("S3CRET"), "{shown}");
        }
        let sent = Sent {
            response_code: Some("S3CRET".into()),
            ..Sent::default()
        };
        assert!(!format!("{sent:?}").contains("S3CRET"));
        assert_eq!(OneTimeCode::from("rc").expose(), "rc");
    }
}

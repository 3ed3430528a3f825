//! The platform's error codes, sorted into classes (wecom-app §4, §6; wecom-bots-h5 §2–§4, §8).

use std::time::Duration;

/// The kind of refusal that an `errcode` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The platform is busy (-1): retry with back-off.
    Busy,
    /// Two changes met (6000, 45035): retry with jitter.
    Conflict,
    /// Access token invalid or expired (40014, 42001); the client has already renewed it once.
    Token,
    /// Secret wrong or application disabled (40001).
    Secret,
    /// Corp id, agent id, token handling or TLS of this installation is wrong.
    Configuration,
    /// Too many calls (45009): wait a minute, an hour or a day, by the kind of limit.
    Frequency,
    /// Too many calls at once (45033, 45036).
    Concurrency,
    /// The application may not call this (48001, 48002).
    Permission,
    /// The application or the corp is switched off.
    Disabled,
    /// This machine's address is not in 企业可信IP (60020).
    UntrustedIp,
    /// A user, party or tag is unknown or out of the visible range.
    Recipient,
    /// Nobody, or too many, to send to.
    Audience,
    /// A media id is wrong or older than three days: upload again.
    MediaExpired,
    /// A file has the wrong type or size.
    BadMedia,
    /// A field is missing, wrong, too long or unsafe.
    BadRequest,
    /// The member has no WeChat identity (40073, 43004).
    NotBound,
    /// A card's task id, button or content is wrong.
    BadCard,
    /// Recalled too late (42052).
    TooOld,
    /// The application has no callback URL (43012).
    NoCallbackUrl,
    /// The response code was used or has expired (60140); only a new click gives another.
    ResponseCodeSpent,
    /// The audience of a card update is empty or wrong (82101, 82102).
    UpdateAudience,
    /// No menu is published (46003).
    NoMenu,
    /// A menu breaks a rule.
    BadMenu,
    /// Stopped by the anti-spam rules.
    Spam,
    /// A JS ticket is unusable (42012, 40093).
    Ticket,
    /// An OAuth code or user ticket is wrong, used or expired.
    OauthCode,
    /// The OAuth redirect host is not a trusted domain (50001).
    RedirectHost,
    /// The group robot's key is wrong, or the robot was disabled or removed.
    RobotGone,
    /// The answer would be too big: narrow the query (81017, 45029).
    TooBig,
    /// A customer group or join way is unknown or not manageable.
    Group,
    /// Not in the table.
    Unknown,
}

impl ErrorClass {
    pub(super) fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Conflict
                | Self::Token
                | Self::Frequency
                | Self::Concurrency
                | Self::Ticket
        )
    }

    pub(super) fn needs_admin(self) -> bool {
        matches!(
            self,
            Self::Secret
                | Self::Configuration
                | Self::Permission
                | Self::Disabled
                | Self::UntrustedIp
                | Self::NoCallbackUrl
                | Self::RedirectHost
                | Self::RobotGone
        )
    }

    pub(super) fn retry_after(self) -> Option<Duration> {
        // The shortest of the platform's block times (minute, hour, day, month).
        (self == Self::Frequency).then_some(Duration::from_secs(60))
    }
}

/// The class of an `errcode`.
#[must_use]
pub fn class(code: i64) -> ErrorClass {
    lookup(code).map_or(ErrorClass::Unknown, |row| row.1)
}

/// The meaning of an `errcode`, in this crate's own words.
#[must_use]
pub fn meaning(code: i64) -> &'static str {
    lookup(code).map_or("a code this crate does not know", |row| row.2)
}

fn lookup(code: i64) -> Option<&'static (i64, ErrorClass, &'static str)> {
    let at = CODES.binary_search_by_key(&code, |row| row.0).ok()?;
    CODES.get(at)
}

use ErrorClass::*;

/// All known codes, ascending.
const CODES: &[(i64, ErrorClass, &str)] = &[
    (-1, Busy, "the platform is busy"),
    (6000, Conflict, "two changes met"),
    (
        40001,
        Secret,
        "the secret is wrong or the application is disabled",
    ),
    (40003, Recipient, "unknown user"),
    (40004, BadMedia, "wrong media type"),
    (40005, BadMedia, "wrong file type"),
    (40006, BadMedia, "wrong file size"),
    (40007, MediaExpired, "the media id is wrong or expired"),
    (40008, BadRequest, "wrong message type"),
    (40009, BadMedia, "wrong image size"),
    (40011, BadMedia, "wrong video size"),
    (40013, Configuration, "the corp id is wrong"),
    (40014, Token, "the access token is invalid"),
    (40016, BadMenu, "wrong number of buttons"),
    (40017, BadMenu, "wrong button type"),
    (40018, BadMenu, "wrong button name length"),
    (40019, BadMenu, "wrong button key length"),
    (40020, BadMenu, "wrong button URL length"),
    (40022, BadMenu, "wrong sub menu level"),
    (40023, BadMenu, "wrong number of sub buttons"),
    (40024, BadMenu, "wrong sub button type"),
    (40025, BadMenu, "wrong sub button name length"),
    (40026, BadMenu, "wrong sub button key length"),
    (40027, BadMenu, "wrong sub button URL length"),
    (40029, OauthCode, "the OAuth code is wrong, used or expired"),
    (40031, Recipient, "a user in the list is unknown"),
    (40032, Audience, "too many users"),
    (
        40033,
        BadRequest,
        "the body holds \\u escapes or illegal characters",
    ),
    (40035, BadRequest, "wrong parameter"),
    (40050, Group, "the chat id is unknown"),
    (40054, BadMenu, "wrong sub button URL domain"),
    (40055, BadMenu, "wrong button URL domain"),
    (40056, Configuration, "the agent id is wrong"),
    (40058, BadRequest, "a parameter is wrong"),
    (40063, BadRequest, "a parameter is missing"),
    (40066, Recipient, "the party id is wrong"),
    (40073, NotBound, "the openid is unknown"),
    (
        40074,
        BadRequest,
        "this kind of message cannot be confidential",
    ),
    (40091, Configuration, "the secret is not valid"),
    (40093, Ticket, "the JS ticket is wrong"),
    (40096, Recipient, "the external user id is wrong"),
    (40123, BadMedia, "wrong image format for upload"),
    (40145, MediaExpired, "the media id is wrong"),
    (40146, BadMedia, "the range is not a multiple of 16 bytes"),
    (40201, Spam, "stopped by the anti-spam rules"),
    (40204, Spam, "stopped by the anti-spam rules"),
    (41001, Configuration, "the access token is missing"),
    (41002, Configuration, "the corp id is missing"),
    (41004, Configuration, "the secret is missing"),
    (41005, BadMedia, "the file is missing"),
    (41011, BadRequest, "the agent id is missing"),
    (41016, BadRequest, "a title is missing"),
    (41033, BadRequest, "a field is missing or its URL is wrong"),
    (42001, Token, "the access token has expired"),
    (42012, Ticket, "the JS ticket cannot be used"),
    (42014, BadCard, "the task id is illegal"),
    (42015, BadCard, "the card belongs to another application"),
    (42016, BadCard, "the task id is unknown"),
    (42017, BadCard, "the task id has expired"),
    (42018, BadCard, "the button key is unknown"),
    (42019, BadCard, "a button name is wrong"),
    (42020, BadCard, "a button is wrong"),
    (42027, BadCard, "horizontal_content_list.keyname"),
    (42028, BadCard, "horizontal_content_list.url"),
    (42029, BadCard, "horizontal_content_list.media_id"),
    (42030, BadCard, "appid"),
    (42031, BadCard, "card_type"),
    (42032, BadCard, "template_card"),
    (42033, BadCard, "title"),
    (42034, BadCard, "template_card"),
    (42035, BadCard, "length of horizontal_content_list"),
    (42036, BadCard, "length of vertical_content_list"),
    (42037, BadCard, "length of option_list"),
    (42038, BadCard, "button text"),
    (42039, BadCard, "button key"),
    (42040, BadCard, "option id"),
    (42041, BadCard, "option text"),
    (42042, BadCard, "length of jump_list"),
    (42043, BadCard, "question_key"),
    (42044, BadCard, "card_image.url"),
    (42045, BadCard, "card_action"),
    (42046, BadCard, "submit_button.key"),
    (42047, BadCard, "length of select_list"),
    (42048, BadCard, "template_card"),
    (42049, BadCard, "submit_button.text"),
    (42050, BadCard, "horizontal_content_list.userid"),
    (42051, BadCard, "duplicate action_list.key"),
    (42052, TooOld, "the message is older than 24 hours"),
    (43001, BadRequest, "the call wants GET"),
    (43002, BadRequest, "the call wants POST"),
    (43004, NotBound, "the member never signed in with WeChat"),
    (43012, NoCallbackUrl, "the application has no callback URL"),
    (44001, BadMedia, "the file is empty"),
    (44004, BadRequest, "the content is empty"),
    (45001, BadMedia, "the file is too large"),
    (45002, BadRequest, "the content is too long"),
    (45007, BadMedia, "the voice is too long"),
    (45008, BadRequest, "too many articles"),
    (45009, Frequency, "too many calls"),
    (45029, TooBig, "the answer would be too big"),
    (45033, Concurrency, "too many calls at once"),
    (45034, BadRequest, "a URL has no scheme"),
    (45035, Conflict, "two operations met"),
    (45036, Concurrency, "too much data asked for"),
    (46003, NoMenu, "no menu is published"),
    (46004, Recipient, "the user does not exist"),
    (47001, BadRequest, "the body is not the expected JSON"),
    (48001, Permission, "this API is not permitted"),
    (
        48002,
        Permission,
        "this API is not permitted to the application",
    ),
    (48006, Disabled, "the API is closed to this application"),
    (48010, Configuration, "the TLS version is not supported"),
    (48011, Disabled, "the application is inactive"),
    (
        50001,
        RedirectHost,
        "the redirect host is not a trusted domain",
    ),
    (50003, Disabled, "the application is disabled"),
    (60003, Recipient, "the department does not exist"),
    (60011, Recipient, "out of the visible range"),
    (
        60020,
        UntrustedIp,
        "the calling address is not in the trusted IP list",
    ),
    (60021, Recipient, "out of the visible range"),
    (60031, Disabled, "the corp is disabled"),
    (60111, Recipient, "the user does not exist"),
    (
        60140,
        ResponseCodeSpent,
        "the response code was used or has expired",
    ),
    (
        81013,
        Recipient,
        "nobody among the recipients can be reached",
    ),
    (81017, TooBig, "the answer would be too big"),
    (82001, Audience, "no recipient"),
    (82002, Audience, "too many parties"),
    (82003, Audience, "too many tags"),
    (82004, BadRequest, "the content is unsafe"),
    (82101, UpdateAudience, "nobody to update the card for"),
    (
        82102,
        UpdateAudience,
        "not among the recipients of the card",
    ),
    (84014, OauthCode, "the user ticket has expired"),
    (84015, OauthCode, "the user ticket is wrong"),
    (84025, BadRequest, "the OAuth state is wrong"),
    (86001, Group, "the chat id is illegal"),
    (86003, Group, "the chat id is unknown"),
    (86008, Group, "the chat belongs to somebody else"),
    (91040, BadRequest, "wrong ticket type"),
    (
        93000,
        RobotGone,
        "the webhook is wrong or the robot was removed",
    ),
    (93004, RobotGone, "the robot is disabled"),
    (93006, Group, "the chat id is wrong"),
    (93008, RobotGone, "the robot is not in the group"),
    (
        301002,
        Configuration,
        "the token belongs to another application",
    ),
    (301007, Disabled, "the corp is disabled"),
    (301015, MediaExpired, "the media id is wrong"),
    (301016, BadMedia, "wrong media type"),
    (301017, BadMedia, "wrong file size"),
    (830002, BadMedia, "the file needs a Range header"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ascending_without_doubles() {
        for pair in CODES.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
    }

    /// The codes of wecom-app §4, §6 and of wecom-bots-h5 §2 and §3, row by row.
    #[test]
    fn every_code_of_the_reference_has_its_class() {
        let rows: &[(&[i64], ErrorClass)] = &[
            (&[-1], Busy),
            (&[6000, 45035], Conflict),
            (&[40014, 42001], Token),
            (&[40001], Secret),
            (
                &[40013, 40091, 41002, 41004, 41001, 40056, 301_002, 48010],
                Configuration,
            ),
            (&[45009], Frequency),
            (&[45033, 45036], Concurrency),
            (&[48001, 48002], Permission),
            (&[48006, 48011, 50003, 60031, 301_007], Disabled),
            (&[60020], UntrustedIp),
            (
                &[60011, 60021, 60111, 46004, 40003, 40031, 81013],
                Recipient,
            ),
            (&[82001, 40032, 82002, 82003], Audience),
            (&[40007, 40145, 301_015], MediaExpired),
            (
                &[
                    40004, 40005, 40006, 40009, 40011, 40123, 44001, 45001, 45007, 301_016,
                    301_017, 40146, 830_002,
                ],
                BadMedia,
            ),
            (
                &[
                    40008, 40035, 40058, 40063, 41011, 41016, 41033, 44004, 45002, 45008, 45034,
                    82004, 40033, 40074, 84025, 91040,
                ],
                BadRequest,
            ),
            (&[40073, 43004], NotBound),
            (&[42052], TooOld),
            (&[43012], NoCallbackUrl),
            (&[60140], ResponseCodeSpent),
            (&[82101, 82102], UpdateAudience),
            (&[46003], NoMenu),
            (&[40054, 40055], BadMenu),
            (&[40201, 40204], Spam),
            (&[40093, 42012], Ticket),
            (&[40029, 84014, 84015], OauthCode),
            (&[50001], RedirectHost),
            (&[93000, 93004, 93008], RobotGone),
            (&[45029, 81017], TooBig),
        ];
        let ranges = [
            (40016..=40020, BadMenu),
            (40022..=40027, BadMenu),
            (42014..=42020, BadCard),
            (42027..=42051, BadCard),
        ];
        let rows = rows
            .iter()
            .flat_map(|(codes, expected)| codes.iter().map(move |code| (*code, *expected)));
        let ranges = ranges
            .into_iter()
            .flat_map(|(codes, expected)| codes.map(move |code| (code, expected)));
        for (code, expected) in rows.chain(ranges) {
            assert_eq!(class(code), expected, "{code}");
        }
    }

    #[test]
    fn unknown_codes_are_no_promise() {
        assert_eq!(class(123_456), ErrorClass::Unknown);
        assert!(!class(123_456).is_retryable() && !class(123_456).needs_admin());
    }
}

//! The login of the account: its token, and how long it lives.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::settings::SettingsError;

/// Name of the web client's cookie (zsxq §1).
const COOKIE_NAME: &str = "zsxq_access_token";

/// Tokens are 53 characters today; far more is junk.
const MAX_TOKEN_BYTES: usize = 512;

/// The life of a login is 30 days; a header that says more than a year is not believed.
const MAX_LIFE_SECONDS: u64 = 366 * 24 * 3_600;

/// The token in use and what the planet last said of its life.
pub(super) struct Cookie {
    token: SecretString,
    life: Option<Life>,
}

struct Life {
    told_at: DateTime<Utc>,
    seconds_left: u64,
}

impl Cookie {
    /// Takes the bare token or anything that holds `zsxq_access_token=…`.
    pub(super) fn parse(pasted: &SecretString) -> Result<Self, SettingsError> {
        Ok(Self {
            token: token_in(pasted)?,
            life: None,
        })
    }

    /// The `Cookie` header.
    pub(super) fn header(&self) -> String {
        format!("{COOKIE_NAME}={}", self.token.expose_secret())
    }

    /// Keeps an `X-Expire-In` of the planet's answer.
    pub(super) fn note_life(&mut self, seconds_left: u64, now: DateTime<Utc>) {
        if seconds_left <= MAX_LIFE_SECONDS {
            self.life = Some(Life {
                told_at: now,
                seconds_left,
            });
        }
    }

    /// What is left of the life by the clock; zero once it is over.
    pub(super) fn expires_in(&self, now: DateTime<Utc>) -> Option<Duration> {
        let life = self.life.as_ref()?;
        let elapsed = now
            .signed_duration_since(life.told_at)
            .to_std()
            .unwrap_or_default();
        Some(Duration::from_secs(life.seconds_left).saturating_sub(elapsed))
    }
}

fn token_in(pasted: &SecretString) -> Result<SecretString, SettingsError> {
    let text = pasted.expose_secret().trim();
    let token = match text.split_once(COOKIE_NAME) {
        Some((_, rest)) => {
            let value = rest.strip_prefix('=').ok_or(SettingsError::Cookie)?;
            value
                .split_once(';')
                .map_or(value, |(first, _)| first)
                .trim()
        }
        None => text,
    };
    // A token with a line break or other junk answers a constant 1059 (zsxq §2), which looks like
    // trouble of the planet: better to refuse it here.
    let clean = token
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b',' | b'"' | b'='));
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES || !clean {
        return Err(SettingsError::Cookie);
    }
    Ok(SecretString::from(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0A1B2C3D-0000-4000-8000-0123456789AB_00112233445566FF";

    #[test]
    fn token_is_found_in_what_people_paste() {
        let named = format!("zsxq_access_token={TOKEN}");
        let cases = [
            (TOKEN.to_owned(), true),
            (format!("  {TOKEN}\n"), true),
            (named.clone(), true),
            (format!("Cookie: abtest_env=product; {named}; x=1"), true),
            (format!("{named};"), true),
            (String::new(), false),
            ("zsxq_access_token=".to_owned(), false),
            ("zsxq_access_token".to_owned(), false),
            ("abtest_env=product".to_owned(), false),
            (format!("{}\n{}", &TOKEN[..10], &TOKEN[10..]), false),
            (format!("{TOKEN} x"), false),
            ("令牌".to_owned(), false),
            ("A".repeat(MAX_TOKEN_BYTES + 1), false),
        ];
        for (pasted, good) in cases {
            let header = Cookie::parse(&SecretString::from(pasted.clone())).map(|c| c.header());
            assert_eq!(header.ok(), good.then(|| named.clone()), "{pasted}");
        }
    }

    #[test]
    fn life_counts_down() {
        let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let mut cookie = Cookie::parse(&SecretString::from(TOKEN)).unwrap();
        assert_eq!(cookie.expires_in(start), None);
        cookie.note_life(100, start);
        assert_eq!(cookie.expires_in(start), Some(Duration::from_secs(100)));
        let later = start + chrono::TimeDelta::seconds(40);
        assert_eq!(cookie.expires_in(later), Some(Duration::from_secs(60)));
        let over = start + chrono::TimeDelta::seconds(400);
        assert_eq!(cookie.expires_in(over), Some(Duration::ZERO));
        let earlier = start - chrono::TimeDelta::seconds(400);
        assert_eq!(cookie.expires_in(earlier), Some(Duration::from_secs(100)));

        cookie.note_life(u64::MAX, start);
        let unchanged = Some(Duration::from_secs(100));
        assert_eq!(cookie.expires_in(start), unchanged, "not believable");
        cookie.note_life(70, start);
        assert_eq!(cookie.expires_in(start), Some(Duration::from_secs(70)));
    }
}

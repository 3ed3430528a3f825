//! Group robots (群机器人, 消息推送): a webhook with a key, 20 messages a minute
//! (wecom-bots-h5 §2). They need no application and no token; the key is the secret.

mod limiter;
mod message;
#[cfg(test)]
mod tests;

#[cfg(feature = "reqwest")]
use std::time::Duration;
use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use limiter::Limiter;
pub(crate) use limiter::Limiters;
pub use message::{GroupMessage, RobotArticle, RobotImage, RobotText};

use crate::{
    client::{self, BuildError, Client, Error, Transport, call},
    limit::{self, LimitError},
    media::{MediaFile, Uploaded, multipart},
};

#[cfg(feature = "reqwest")]
/// Longest whole call of a robot made without a [`Client`].
const TIMEOUT: Duration = Duration::from_secs(15);
#[cfg(feature = "reqwest")]
/// Longest time to connect of a robot made without a [`Client`].
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// One robot in one group. Cheap to clone; clones share the limiter.
#[derive(Clone)]
pub struct GroupRobot {
    transport: Arc<dyn Transport>,
    api_base: String,
    key: SecretString,
    limiter: Arc<Limiter>,
}

impl fmt::Debug for GroupRobot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupRobot { .. }")
    }
}

/// A kind of file that a robot can upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RobotMedia {
    /// Any file, 6 bytes to 20 MB.
    File,
    /// AMR, up to 2 MB and 60 seconds.
    Voice,
}

impl GroupRobot {
    /// A robot by its webhook URL or the `key` in it, on its own HTTP client.
    ///
    /// # Errors
    /// [`BuildError::Limit`] without a key, [`BuildError::Http`] when TLS cannot be set up.
    #[cfg(feature = "reqwest")]
    pub fn new(key: impl Into<SecretString>) -> Result<Self, BuildError> {
        let transport = Arc::new(client::ReqwestTransport::new(
            TIMEOUT,
            CONNECT_TIMEOUT,
            None,
        )?);
        Self::with_transport(key, client::API_BASE, transport)
    }

    /// A robot on another host or transport.
    ///
    /// # Errors
    /// [`BuildError::Limit`] without a key, [`BuildError::BaseUrl`].
    pub fn with_transport(
        key: impl Into<SecretString>,
        api_base: &str,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, BuildError> {
        let api_base = client::base_url(api_base)?;
        Ok(Self {
            transport,
            api_base,
            key: key_of(key.into().expose_secret())?,
            limiter: Arc::default(),
        })
    }

    /// Sends a message, waiting for a free slot of the 20 a minute.
    ///
    /// The robot has no way to suppress a repeat: where [`Error::outcome_unknown`], the message may
    /// be in the group already.
    ///
    /// # Errors
    /// [`Error`]; codes 93000, 93004 and 93008 when the robot is gone, 45009 when others use the
    /// same key.
    pub async fn send(&self, message: &GroupMessage) -> Result<(), Error> {
        self.limiter.slot().await;
        self.send_now(message).await
    }

    /// Sends a message only if a slot is free.
    ///
    /// # Errors
    /// [`Error::Throttled`] with the time until a slot is free; else as [`GroupRobot::send`].
    pub async fn try_send(&self, message: &GroupMessage) -> Result<(), Error> {
        self.limiter
            .try_slot()
            .map_err(|retry_after| Error::Throttled { retry_after })?;
        self.send_now(message).await
    }

    async fn send_now(&self, message: &GroupMessage) -> Result<(), Error> {
        let content = call::json_content(message)?;
        let call = call::Call::post("webhook/send", &[], content);
        let _: Value = self.carry(&call).await?;
        Ok(())
    }

    /// Uploads a file for this robot; the media id lives three days and belongs to the key.
    ///
    /// # Errors
    /// [`Error::Limit`] for a wrong size, else [`Error`].
    pub async fn upload(&self, kind: RobotMedia, file: &MediaFile) -> Result<Uploaded, Error> {
        let (word, min, max) = match kind {
            RobotMedia::File => ("file", 6, 20 * 1024 * 1024),
            RobotMedia::Voice => ("voice", 6, 2 * 1024 * 1024),
        };
        limit::count("media", file.len(), min, max)?;
        let query = [("type", word)];
        self.carry(
            &call::Call::post("webhook/upload_media", &query, multipart(file))
                .with_time_for(file.len()),
        )
        .await
    }

    async fn carry<T: serde::de::DeserializeOwned>(
        &self,
        call: &call::Call<'_>,
    ) -> Result<T, Error> {
        let request = call.request(&self.api_base, ("key", self.key.expose_secret()));
        let response = self.transport.carry(request).await?;
        match call::refusal(&response) {
            Some(error) => Err(error),
            None => call::decode(&response),
        }
    }
}

impl Client {
    /// The group robot with this key or webhook URL, on this client's transport. Robots of one key
    /// share one limiter, however often this is called.
    ///
    /// # Errors
    /// [`LimitError`] on `key`: empty, or a URL without one.
    pub fn group_robot(&self, key: impl Into<SecretString>) -> Result<GroupRobot, LimitError> {
        let key = key_of(key.into().expose_secret())?;
        let limiter = self.robot_limiters().of(&key);
        let (transport, api_base) = (Arc::clone(self.transport()), self.api_base().to_owned());
        Ok(GroupRobot {
            transport,
            api_base,
            key,
            limiter,
        })
    }
}

/// The `key` of a webhook URL (`https://…/cgi-bin/webhook/send?key=KEY`), or the text itself if it
/// is a bare key.
///
/// # Errors
/// [`LimitError`] on `key`: empty, or a URL without one.
pub fn key_of(webhook: &str) -> Result<SecretString, LimitError> {
    let webhook = webhook.trim();
    let key = match webhook.split_once('?') {
        Some((_, query)) => query.split('&').find_map(|pair| pair.strip_prefix("key=")),
        None if webhook.contains("://") => None,
        None => Some(webhook),
    };
    let key = key
        .unwrap_or_default()
        .split('#')
        .next()
        .unwrap_or_default();
    limit::present("key", key)?;
    Ok(key.into())
}

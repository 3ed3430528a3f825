//! Waiting for something to happen, with a deadline.

use std::{fmt, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{Wecom, shown::ShownMessage};

/// What was waited for did not happen in time.
#[derive(Debug)]
pub struct TimedOut {
    /// What was there instead.
    pub seen: String,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "it did not happen in time; what was there:\n{}",
            self.seen
        )
    }
}

impl std::error::Error for TimedOut {}

impl Wecom {
    /// Looks again after every change until `look` finds something or `deadline` has passed.
    pub async fn wait_until<T>(
        &self,
        deadline: Duration,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> Option<T> {
        let mut changes = self.changes();
        let end = Instant::now() + deadline;
        loop {
            if let Some(found) = look(self) {
                return Some(found);
            }
            let changed = timeout_at(end, changes.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return None;
            }
        }
    }

    /// Waits for a message in a person's inbox, the newest first.
    ///
    /// # Errors
    /// [`TimedOut`] with what the inbox shows.
    pub async fn wait_for_message(
        &self,
        userid: &str,
        deadline: Duration,
        wanted: impl Fn(&ShownMessage) -> bool,
    ) -> Result<ShownMessage, TimedOut> {
        let found = self
            .wait_until(deadline, |wecom| {
                wecom.inbox(userid).into_iter().rev().find(|m| wanted(m))
            })
            .await;
        found.ok_or_else(|| {
            let shown: Vec<String> = self
                .inbox(userid)
                .iter()
                .map(|message| message.text.clone())
                .collect();
            TimedOut {
                seen: shown.join("\n---\n"),
            }
        })
    }

    /// Waits for a card with a live button of this label or key, the newest first.
    ///
    /// # Errors
    /// [`TimedOut`] with what the inbox shows.
    pub async fn wait_for_button(
        &self,
        userid: &str,
        label_or_key: &str,
        deadline: Duration,
    ) -> Result<ShownMessage, TimedOut> {
        let has_button = |message: &ShownMessage| {
            message
                .card
                .as_ref()
                .is_some_and(|card| card.is_live() && card.button(label_or_key).is_some())
        };
        self.wait_for_message(userid, deadline, has_button).await
    }

    /// Waits until one message of a person's phone looks as wanted: after an update, say.
    ///
    /// # Errors
    /// [`TimedOut`] with what the message shows.
    pub async fn wait_for_change(
        &self,
        userid: &str,
        message_id: &str,
        deadline: Duration,
        wanted: impl Fn(&ShownMessage) -> bool,
    ) -> Result<ShownMessage, TimedOut> {
        let found = self
            .wait_until(deadline, |wecom| {
                wecom.shown(userid, message_id).filter(|m| wanted(m))
            })
            .await;
        found.ok_or_else(|| TimedOut {
            seen: self
                .shown(userid, message_id)
                .map(|message| message.text)
                .unwrap_or_default(),
        })
    }

    /// Waits for a message in a group that a robot of this key has written.
    ///
    /// # Errors
    /// [`TimedOut`] with what the robot has written.
    pub async fn wait_for_group_message(
        &self,
        robot_key: &str,
        deadline: Duration,
        text: &str,
    ) -> Result<super::RobotMessage, TimedOut> {
        let found = self
            .wait_until(deadline, |wecom| {
                let messages = wecom.group_messages(robot_key);
                messages
                    .into_iter()
                    .rev()
                    .find(|message| message.text.contains(text))
            })
            .await;
        found.ok_or_else(|| {
            let seen = self
                .group_messages(robot_key)
                .into_iter()
                .map(|message| message.text);
            TimedOut {
                seen: seen.collect::<Vec<_>>().join("\n---\n"),
            }
        })
    }
}

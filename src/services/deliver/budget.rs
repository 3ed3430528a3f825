//! How much one reader may be written: WeCom drops what goes beyond its limits without a word
//! (wecom-app §4). It counts by the wall and per member, whatever audience a message has.

use chrono::TimeDelta;

use crate::domain::{Recipients, Timestamp, WecomUserid};
use crate::store::outbox::{self, DueMessage, Priority};
use crate::store::{Conn, StoreResult, Tx};

/// Notices to one member within a minute. WeCom drops the 31st message.
const NOTICES_PER_MINUTE: i64 = 20;
/// All messages to one member within a minute: what notices leave is for replies, and the rest
/// for calls whose answer got lost.
const PER_MINUTE: i64 = 28;
/// Messages to one member within an hour. WeCom drops the 1001st.
const PER_HOUR: i64 = 950;
/// Messages of one group's robot within a minute, of the 20 that WeCom takes (wecom-bots-h5 §2).
const ROBOT_PER_MINUTE: i64 = 18;

/// The budget of a message's readers. A message to several waits until each of them has room: sent
/// in parts, one card would have several response codes, and could not be changed as one.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    readers: Vec<String>,
    per_minute: i64,
}

impl Budget {
    pub(super) fn of(message: &DueMessage) -> Self {
        match &message.to {
            Recipients::Group(camp) => Self {
                // No userid holds a colon.
                readers: vec![format!("group:{camp}")],
                per_minute: ROBOT_PER_MINUTE,
            },
            Recipients::Members(userids) => Self {
                readers: userids.iter().map(WecomUserid::to_string).collect(),
                per_minute: match message.priority {
                    Priority::Reply => PER_MINUTE,
                    Priority::Notice => NOTICES_PER_MINUTE,
                },
            },
        }
    }

    /// Counts the messages that may still go to all of the readers.
    pub(super) async fn left(&self, conn: &mut Conn, wall_now: Timestamp) -> StoreResult<i64> {
        let mut left = i64::MAX;
        for reader in &self.readers {
            for (window, most) in [
                (TimeDelta::minutes(1), self.per_minute),
                (TimeDelta::hours(1), PER_HOUR),
            ] {
                let since = wall_now.minus(window);
                let used = outbox::deliveries_since(conn, reader, since).await?;
                left = left.min(most - used);
            }
        }
        Ok(left)
    }

    /// Counts a message that is about to go out; `false` if there is no room for it.
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        message_id: i64,
        wall_now: Timestamp,
    ) -> StoreResult<bool> {
        if self.left(tx, wall_now).await? <= 0 {
            return Ok(false);
        }
        for reader in &self.readers {
            outbox::forget_deliveries(tx, reader, wall_now.minus(TimeDelta::hours(1)));
            outbox::note_delivery(tx, reader, message_id, wall_now);
        }
        Ok(true)
    }
}

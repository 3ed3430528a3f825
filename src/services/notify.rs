//! Notices to the people whom something concerns. A notice is put into the outbox by the transaction
//! that gives the reason for it; the words are in `message-templates/`, the sending is `deliver`'s.

use std::collections::BTreeSet;

use crate::domain::{CampId, Message, Recipients, Role, Timestamp, WecomUserid};
use crate::store::outbox::{self, NewMessage, Priority};
use crate::store::{Tx, camps};

use super::{Result, Settings};

/// A message that nobody has asked for.
#[derive(Debug, Clone)]
pub struct Notice {
    pub content: Message,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// A second notice of its kind with this key is dropped.
    pub dedupe_key: String,
}

impl Notice {
    fn message(&self, to: Recipients, audience: &str, now: Timestamp) -> NewMessage {
        let kind = self.content.kind();
        NewMessage {
            content: self.content.clone(),
            to,
            priority: Priority::Notice,
            camp_id: self.camp_id,
            card_id: None,
            dedupe_key: Some(format!("{kind}:{}:{audience}", self.dedupe_key)),
            send_at: now,
        }
    }
}

/// Tells the people who decide about a camp: the recipients of the configuration and the camp's
/// coaches. With no camp, the recipients alone. It is one message to all of them: a card that one
/// of them decides changes for the others by the same response code (design §5.2).
pub async fn tell_deciders(
    tx: &mut Tx,
    settings: &Settings,
    notice: &Notice,
    now: Timestamp,
) -> Result<()> {
    let userids = deciders(tx, settings, notice.camp_id).await?;
    if userids.is_empty() {
        return Ok(());
    }
    let message = notice.message(Recipients::Members(userids), "deciders", now);
    outbox::add(tx, &message, now).await?;
    Ok(())
}

/// The people who decide about a camp.
async fn deciders(
    tx: &mut Tx,
    settings: &Settings,
    camp: Option<CampId>,
) -> Result<BTreeSet<WecomUserid>> {
    let recipients = settings.recipients.iter();
    let mut userids: BTreeSet<_> = recipients.map(|userid| WecomUserid::new(userid)).collect();
    if let Some(camp) = camp {
        let staff = camps::staff(tx, camp).await?;
        let coaches = staff
            .into_iter()
            .filter(|person| person.role == Role::Coach.as_str());
        let coaches = coaches.filter_map(|coach| coach.wecom_userid);
        userids.extend(coaches.map(|userid| WecomUserid::new(&userid)));
    }
    Ok(userids)
}

/// Tells a camp's group through its robot; nothing happens where the camp has none.
pub async fn tell_group(tx: &mut Tx, notice: &Notice, now: Timestamp) -> Result<()> {
    let Some(camp_id) = notice.camp_id else {
        return Ok(());
    };
    let camp = camps::by_id(tx, camp_id).await?;
    if camp.is_none_or(|camp| camp.group_robot_key.is_none()) {
        return Ok(());
    }
    let message = notice.message(Recipients::Group(camp_id), "group", now);
    outbox::add(tx, &message, now).await?;
    Ok(())
}

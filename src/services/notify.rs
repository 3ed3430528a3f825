//! Who is told of what. A notice is put into the outbox by the transaction that gives the reason
//! for it; the words are in `message-templates/`, the sending is `deliver`'s.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::{CampId, CardId, Role, Timestamp};
use crate::store::outbox::{self, Channel, Lane, NewMessage};
use crate::store::{Tx, camps};

use super::{Result, Settings};

/// What a notice is about.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The template that words it: `payment_abnormal`, `sync_failed` …
    pub kind: &'static str,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// The card it carries.
    pub card_id: Option<CardId>,
    /// What the template is filled with.
    pub body: Value,
    /// A second notice with this key is dropped.
    pub dedupe_key: String,
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
    let message = NewMessage {
        kind: notice.kind,
        channel: Channel::WecomApp,
        lane: Lane::Notice,
        recipient: userids.into_iter().collect::<Vec<_>>().join("|"),
        camp_id: notice.camp_id,
        card_id: notice.card_id,
        body: notice.body.clone(),
        dedupe_key: Some(format!("{}:{}:deciders", notice.kind, notice.dedupe_key)),
        send_at: now,
    };
    outbox::add(tx, &message, now).await?;
    Ok(())
}

/// The WeCom userids of the people who decide about a camp, in lower case.
pub async fn deciders(
    tx: &mut Tx,
    settings: &Settings,
    camp: Option<CampId>,
) -> Result<BTreeSet<String>> {
    let mut userids: BTreeSet<String> = settings
        .recipients
        .iter()
        .map(|userid| userid.to_lowercase())
        .collect();
    if let Some(camp) = camp {
        let staff = camps::staff(tx, camp).await?;
        let coaches = staff
            .into_iter()
            .filter(|person| person.role == Role::Coach.as_str());
        userids.extend(coaches.filter_map(|coach| coach.wecom_userid));
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
    let message = NewMessage {
        kind: notice.kind,
        channel: Channel::GroupRobot,
        lane: Lane::Notice,
        recipient: camp_id.to_string(),
        camp_id: Some(camp_id),
        card_id: None,
        body: notice.body.clone(),
        dedupe_key: Some(format!("{}:{}:group", notice.kind, notice.dedupe_key)),
        send_at: now,
    };
    outbox::add(tx, &message, now).await?;
    Ok(())
}

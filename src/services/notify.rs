//! Notices to the people whom something concerns. A notice is put into the outbox by the transaction
//! that gives the reason for it; the words are in `message-templates/`, the sending is `deliver`'s.

use std::collections::BTreeSet;

use crate::domain::message::NoticeUndelivered;
use crate::domain::{CampId, Message, Recipients, Role, Timestamp, WecomUserid};
use crate::store::outbox::{self, DueMessage, NewMessage, Priority};
use crate::store::{StoreResult, Tx, camps, users};

use super::{Context, Result, Settings};

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
/// coaches. With no camp, the recipients alone. Where there are none, the super admins hear of it;
/// where they cannot either, it is kept as undelivered. It is one message to all of them: a card
/// that one of them decides changes for the others by the same response code (design §5.2).
pub async fn tell_deciders(
    tx: &mut Tx,
    settings: &Settings,
    notice: &Notice,
    now: Timestamp,
) -> Result<()> {
    let userids = deciders(tx, settings, notice.camp_id).await?;
    tell(tx, notice, userids, "deciders", now).await
}

/// Tells the coaches of a camp, or whoever hears in their place.
pub async fn tell_coaches(tx: &mut Tx, notice: &Notice, now: Timestamp) -> Result<()> {
    let coaches = match notice.camp_id {
        Some(camp) => coaches(tx, camp).await?,
        None => BTreeSet::new(),
    };
    tell(tx, notice, coaches, Role::Coach.as_str(), now).await
}

/// Tells those of a role, or whoever hears in their place.
pub async fn tell_role(tx: &mut Tx, role: Role, notice: &Notice, now: Timestamp) -> Result<()> {
    let userids = users::wecom_userids(tx, role).await?;
    tell(
        tx,
        notice,
        userids.into_iter().collect(),
        role.as_str(),
        now,
    )
    .await
}

async fn tell(
    tx: &mut Tx,
    notice: &Notice,
    mut userids: BTreeSet<WecomUserid>,
    audience: &str,
    now: Timestamp,
) -> Result<()> {
    if userids.is_empty() {
        userids.extend(users::wecom_userids(tx, Role::SuperAdmin).await?);
    }
    let reaches_nobody = userids.is_empty();
    let message = notice.message(Recipients::Members(userids), audience, now);
    if reaches_nobody {
        let (kind, camp) = (notice.content.kind(), notice.camp_id);
        if outbox::add_undelivered(tx, &message, now).await? {
            tracing::error!(kind, ?camp, "there is nobody to tell");
        }
    } else {
        outbox::add(tx, &message, now).await?;
    }
    Ok(())
}

/// The people who hear of what concerns the whole product.
///
/// # Errors
/// The database does not answer.
pub async fn alarmed(ctx: &Context) -> Result<BTreeSet<WecomUserid>> {
    let super_admins = users::wecom_userids(&mut ctx.db.read().await?, Role::SuperAdmin).await?;
    let recipients = ctx.settings.recipients.iter();
    let recipients: BTreeSet<_> = recipients.map(|userid| WecomUserid::new(userid)).collect();
    Ok(if recipients.is_empty() {
        super_admins.into_iter().collect()
    } else {
        recipients
    })
}

/// Tells the super admins, once a day, that a notice was refused for good, unless they are the ones
/// who were to read it: health shows it all the same.
pub(super) async fn tell_of_undelivered(
    tx: &mut Tx,
    message: &DueMessage,
    why: &str,
    now: Timestamp,
) -> StoreResult<()> {
    let Recipients::Members(readers) = &message.to else {
        return Ok(());
    };
    if message.priority != Priority::Notice {
        return Ok(());
    }
    let super_admins = users::wecom_userids(tx, Role::SuperAdmin).await?;
    let others: BTreeSet<_> = super_admins
        .into_iter()
        .filter(|userid| !readers.contains(userid))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let undelivered = NoticeUndelivered {
        readers: readers.iter().cloned().collect(),
        reason: why.to_owned(),
    };
    let notice = Notice {
        content: undelivered.into(),
        camp_id: message.camp_id,
        dedupe_key: now.shanghai_day().to_string(),
    };
    let message = notice.message(Recipients::Members(others), Role::SuperAdmin.as_str(), now);
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
        userids.extend(coaches(tx, camp).await?);
    }
    Ok(userids)
}

async fn coaches(tx: &mut Tx, camp: CampId) -> Result<BTreeSet<WecomUserid>> {
    let staff = camps::staff(tx, camp).await?;
    let coaches = staff
        .into_iter()
        .filter(|person| person.role == Role::Coach.as_str());
    let userids = coaches.filter_map(|coach| coach.wecom_userid);
    Ok(userids.map(|userid| WecomUserid::new(&userid)).collect())
}

/// Tells whoever paid, where they are a member of the corp: nobody else can be written to. Nothing
/// happens where the application is not to write to members.
pub async fn tell_payer(
    tx: &mut Tx,
    settings: &Settings,
    payer: Option<&str>,
    notice: &Notice,
    now: Timestamp,
) -> Result<()> {
    if let Some(userid) = payer.filter(|_| settings.app_messages) {
        let message = notice.message(Recipients::one(userid), "payer", now);
        outbox::add(tx, &message, now).await?;
    }
    Ok(())
}

/// Tells a camp's group through its robot; nothing happens where the camp has none.
pub async fn tell_group(tx: &mut Tx, notice: &Notice, now: Timestamp) -> Result<()> {
    let Some(camp_id) = notice.camp_id else {
        return Ok(());
    };
    if !camps::has_group_robot(tx, camp_id).await? {
        return Ok(());
    }
    let message = notice.message(Recipients::Group(camp_id), "group", now);
    outbox::add(tx, &message, now).await?;
    Ok(())
}

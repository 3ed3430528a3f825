//! Changes of customers, customer groups and customer tags (wecom-app §2.4).
//!
//! Actions done through the API cause no callback.

use super::{number, optional, text};
use crate::OneTimeCode;
use crate::xml::Fields;

/// A change in the relation of a member and a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CustomerChange {
    /// The member added the customer.
    #[non_exhaustive]
    Add {
        /// The two people.
        who: ExternalContact,
        /// `state` of the contact way the customer came through.
        state: Option<String>,
        /// Code to send a welcome message within 20 seconds; absent if they already chat.
        welcome_code: Option<OneTimeCode>,
    },
    /// The customer added a member who need not confirm.
    #[non_exhaustive]
    AddHalf {
        /// The two people.
        who: ExternalContact,
        /// `state` of the contact way the customer came through.
        state: Option<String>,
        /// Code to send a welcome message within 20 seconds; absent if they already chat.
        welcome_code: Option<OneTimeCode>,
    },
    /// The member changed remarks or tags of the customer.
    #[non_exhaustive]
    Edit {
        /// The two people.
        who: ExternalContact,
    },
    /// The member removed the customer.
    #[non_exhaustive]
    Delete {
        /// The two people.
        who: ExternalContact,
        /// `DELETE_BY_TRANSFER` if the customer was handed to another member.
        source: Option<String>,
    },
    /// The customer removed the member.
    #[non_exhaustive]
    DeleteFollower {
        /// The two people.
        who: ExternalContact,
    },
    /// Handing the customer to another member failed.
    #[non_exhaustive]
    TransferFail {
        /// The two people.
        who: ExternalContact,
        /// `customer_refused` or `customer_limit_exceed`.
        reason: String,
    },
    /// A change that the reference does not know.
    #[non_exhaustive]
    Other {
        /// `ChangeType` as received.
        change_type: String,
    },
}

/// A member and a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalContact {
    /// userid of the member.
    pub user_id: String,
    /// External userid of the customer.
    pub external_user_id: String,
}

/// A change of a customer group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatChange {
    /// The group was made.
    #[non_exhaustive]
    Create {
        /// Id of the group.
        chat_id: String,
    },
    /// Something about the group changed.
    Update(ChatUpdate),
    /// The group was dissolved.
    #[non_exhaustive]
    Dismiss {
        /// Id of the group.
        chat_id: String,
    },
    /// A change that the reference does not know.
    #[non_exhaustive]
    Other {
        /// Id of the group.
        chat_id: String,
        /// `ChangeType` as received.
        change_type: String,
    },
}

/// A change of a customer group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatUpdate {
    /// Id of the group.
    pub chat_id: String,
    /// The kind of the change.
    pub detail: ChatUpdateDetail,
    /// The way members came in: 0 invited, 3 by QR code; other numbers were seen.
    pub join_scene: Option<i64>,
    /// The way members left: 0 by themselves, 1 removed.
    pub quit_scene: Option<i64>,
    /// Number of members who came or left.
    pub member_change_count: Option<u32>,
    /// userids or external userids of the members who came or left.
    pub changed_members: Vec<String>,
    /// Version of the member list before: apply the change only if it is the one you hold, else
    /// fetch the group again.
    pub last_member_version: Option<String>,
    /// Version of the member list after the change.
    pub current_member_version: Option<String>,
}

/// The kind of a change of a customer group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatUpdateDetail {
    /// Members came.
    AddMember,
    /// Members left.
    DeleteMember,
    /// The owner changed.
    ChangeOwner,
    /// The name changed.
    ChangeName,
    /// The notice changed.
    ChangeNotice,
    /// A kind that the reference does not know, as received; may be empty.
    Other(String),
}

/// A change of a customer tag or a group of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CustomerTagChange {
    /// Id of the tag or the group of tags.
    pub id: String,
    /// `tag` or `tag_group`.
    pub tag_type: String,
    /// `create`, `update`, `delete` or `shuffle`.
    pub change_type: String,
    /// Id of the rule set the tag belongs to.
    pub strategy_id: Option<String>,
}

impl CustomerChange {
    pub(super) fn parse(fields: &Fields) -> Self {
        let get = |name| optional(fields.get(name));
        let who = ExternalContact {
            user_id: text(fields.get("UserID")),
            external_user_id: text(fields.get("ExternalUserID")),
        };
        match fields.get("ChangeType").unwrap_or_default() {
            "add_external_contact" => Self::Add {
                who,
                state: get("State"),
                welcome_code: fields.get("WelcomeCode").map(OneTimeCode::from),
            },
            "add_half_external_contact" => Self::AddHalf {
                who,
                state: get("State"),
                welcome_code: fields.get("WelcomeCode").map(OneTimeCode::from),
            },
            "edit_external_contact" => Self::Edit { who },
            "del_external_contact" => Self::Delete {
                who,
                source: get("Source"),
            },
            "del_follow_user" => Self::DeleteFollower { who },
            "transfer_fail" => Self::TransferFail {
                who,
                reason: text(fields.get("FailReason")),
            },
            other => Self::Other {
                change_type: other.to_owned(),
            },
        }
    }
}

impl ChatChange {
    pub(super) fn parse(fields: &Fields) -> Self {
        let chat_id = text(fields.get("ChatId"));
        match fields.get("ChangeType").unwrap_or_default() {
            "create" => Self::Create { chat_id },
            "update" => Self::Update(ChatUpdate::parse(chat_id, fields)),
            "dismiss" => Self::Dismiss { chat_id },
            other => Self::Other {
                chat_id,
                change_type: other.to_owned(),
            },
        }
    }
}

impl ChatUpdate {
    fn parse(chat_id: String, fields: &Fields) -> Self {
        let members = fields.element("MemChangeList").into_iter();
        Self {
            chat_id,
            detail: match fields.get("UpdateDetail").unwrap_or_default() {
                "add_member" => ChatUpdateDetail::AddMember,
                "del_member" => ChatUpdateDetail::DeleteMember,
                "change_owner" => ChatUpdateDetail::ChangeOwner,
                "change_name" => ChatUpdateDetail::ChangeName,
                "change_notice" => ChatUpdateDetail::ChangeNotice,
                other => ChatUpdateDetail::Other(other.to_owned()),
            },
            join_scene: number(fields.get("JoinScene")),
            quit_scene: number(fields.get("QuitScene")),
            member_change_count: number(fields.get("MemChangeCnt")),
            changed_members: members
                .flat_map(|list| list.children())
                .filter(|item| item.name() == "Item" && !item.text().is_empty())
                .map(|item| item.text().to_owned())
                .collect(),
            last_member_version: optional(fields.get("LastMemVer")),
            current_member_version: optional(fields.get("CurMemVer")),
        }
    }
}

impl CustomerTagChange {
    pub(super) fn parse(fields: &Fields) -> Self {
        Self {
            id: text(fields.get("Id")),
            tag_type: text(fields.get("TagType")),
            change_type: text(fields.get("ChangeType")),
            strategy_id: optional(fields.get("StrategyId")),
        }
    }
}

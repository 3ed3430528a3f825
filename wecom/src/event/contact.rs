//! Changes in the corp's contacts (wecom-app §2.3).

use super::{comma_list, number, optional, text};
use crate::hidden::hide_in_debug;
use crate::xml::{Element, Fields};

/// A change of a member, a department or a tag.
///
/// Addresses set up after 2022-08-15 receive ids only; updates carry only what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContactChange {
    /// A member was added.
    CreateUser(Box<UserChange>),
    /// A member was changed.
    UpdateUser(Box<UserChange>),
    /// A member was removed.
    #[non_exhaustive]
    DeleteUser {
        /// userid.
        user_id: String,
    },
    /// A department was added.
    CreateParty(PartyChange),
    /// A department was changed.
    UpdateParty(PartyChange),
    /// A department was removed.
    #[non_exhaustive]
    DeleteParty {
        /// Id of the department.
        id: Option<i64>,
    },
    /// Members or departments of a tag changed.
    UpdateTag(TagChange),
    /// A change that the reference does not know.
    #[non_exhaustive]
    Other {
        /// `ChangeType` as received.
        change_type: String,
    },
}

/// The fields of a member. Absent ones did not change or are not for this application.
/// `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserChange {
    /// userid before the change.
    pub user_id: String,
    /// userid after the change, if it changed.
    pub new_user_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Ids of the departments.
    pub departments: Vec<i64>,
    /// Id of the main department.
    pub main_department: Option<i64>,
    /// True where the member leads the department at the same place of `departments`.
    pub is_leader_in_dept: Vec<bool>,
    /// userids of the direct leaders.
    pub direct_leaders: Vec<String>,
    /// Position.
    pub position: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// `1` male, `2` female.
    pub gender: Option<String>,
    /// Private mail address.
    pub email: Option<String>,
    /// Mail address of the corp.
    pub biz_mail: Option<String>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: Option<i64>,
    /// Address of the picture.
    pub avatar: Option<String>,
    /// Alias.
    pub alias: Option<String>,
    /// Land line.
    pub telephone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Attributes that the corp defined.
    pub extended_attributes: Vec<ExtendedAttribute>,
}

/// An attribute that the corp defined.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtendedAttribute {
    /// Name.
    pub name: String,
    /// Value.
    pub value: ExtendedValue,
}

/// The value of an attribute that the corp defined.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtendedValue {
    /// Plain text (type 0).
    Text(String),
    /// A link (type 1).
    #[non_exhaustive]
    Web {
        /// Title of the link.
        title: String,
        /// Address of the link.
        url: String,
    },
    /// A type that the reference does not know, as received; may be empty.
    #[non_exhaustive]
    Other {
        /// `Type` as received.
        kind: String,
    },
}

/// The fields of a department.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartyChange {
    /// Id of the department.
    pub id: Option<i64>,
    /// Name.
    pub name: Option<String>,
    /// Id of the department above.
    pub parent_id: Option<i64>,
    /// Place in the list; only when the department is added.
    pub order: Option<i64>,
}

/// The fields of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagChange {
    /// Id of the tag.
    pub tag_id: Option<i64>,
    /// userids that got the tag.
    pub added_users: Vec<String>,
    /// userids that lost the tag.
    pub removed_users: Vec<String>,
    /// Departments that got the tag.
    pub added_parties: Vec<i64>,
    /// Departments that lost the tag.
    pub removed_parties: Vec<i64>,
}

hide_in_debug!(UserChange, ExtendedAttribute, ExtendedValue);

impl ContactChange {
    pub(super) fn parse(fields: &Fields) -> Self {
        match fields.get("ChangeType").unwrap_or_default() {
            "create_user" => Self::CreateUser(Box::new(UserChange::parse(fields))),
            "update_user" => Self::UpdateUser(Box::new(UserChange::parse(fields))),
            "delete_user" => Self::DeleteUser {
                user_id: text(fields.get("UserID")),
            },
            "create_party" => Self::CreateParty(PartyChange::parse(fields)),
            "update_party" => Self::UpdateParty(PartyChange::parse(fields)),
            "delete_party" => Self::DeleteParty {
                id: number(fields.get("Id")),
            },
            "update_tag" => Self::UpdateTag(TagChange::parse(fields)),
            other => Self::Other {
                change_type: other.to_owned(),
            },
        }
    }
}

impl UserChange {
    fn parse(fields: &Fields) -> Self {
        let get = |name| optional(fields.get(name));
        let attributes = fields.element("ExtAttr").into_iter();
        Self {
            user_id: text(fields.get("UserID")),
            new_user_id: get("NewUserID"),
            name: get("Name"),
            departments: integers(fields.get("Department")),
            main_department: number(fields.get("MainDepartment")),
            is_leader_in_dept: comma_list(fields.get("IsLeaderInDept"))
                .map(|flag| flag == "1")
                .collect(),
            direct_leaders: words(fields.get("DirectLeader")),
            position: get("Position"),
            mobile: get("Mobile"),
            gender: get("Gender"),
            email: get("Email"),
            biz_mail: get("BizMail"),
            status: number(fields.get("Status")),
            avatar: get("Avatar"),
            alias: get("Alias"),
            telephone: get("Telephone"),
            address: get("Address"),
            extended_attributes: attributes
                .flat_map(|list| list.children())
                .filter(|item| item.name() == "Item")
                .map(ExtendedAttribute::parse)
                .collect(),
        }
    }
}

impl ExtendedAttribute {
    fn parse(item: Element<'_>) -> Self {
        let value = if let Some(value) = item.child("Text") {
            ExtendedValue::Text(text(value.get("Value")))
        } else if let Some(link) = item.child("Web") {
            ExtendedValue::Web {
                title: text(link.get("Title")),
                url: text(link.get("Url")),
            }
        } else {
            ExtendedValue::Other {
                kind: text(item.get("Type")),
            }
        };
        Self {
            name: text(item.get("Name")),
            value,
        }
    }
}

impl PartyChange {
    fn parse(fields: &Fields) -> Self {
        Self {
            id: number(fields.get("Id")),
            name: optional(fields.get("Name")),
            parent_id: number(fields.get("ParentId")),
            order: number(fields.get("Order")),
        }
    }
}

impl TagChange {
    fn parse(fields: &Fields) -> Self {
        Self {
            tag_id: number(fields.get("TagId")),
            added_users: words(fields.get("AddUserItems")),
            removed_users: words(fields.get("DelUserItems")),
            added_parties: integers(fields.get("AddPartyItems")),
            removed_parties: integers(fields.get("DelPartyItems")),
        }
    }
}

fn words(value: Option<&str>) -> Vec<String> {
    comma_list(value).map(str::to_owned).collect()
}

fn integers(value: Option<&str>) -> Vec<i64> {
    comma_list(value)
        .filter_map(|item| item.parse().ok())
        .collect()
}

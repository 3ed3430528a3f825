//! The demo corp's people. Every name is invented.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Departments: (id, name, parent).
pub(crate) const DEPARTMENTS: [(i64, &str, i64); 4] = [
    (1, "星原学社", 0),
    (2, "运营", 1),
    (3, "教练", 1),
    (4, "学员", 1),
];

/// A member of the corp.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Lower-case userid.
    pub userid: String,
    /// Shown name.
    pub name: String,
    /// Department id (2 运营, 3 教练, 4 学员).
    pub department: i64,
    /// What they do.
    pub position: String,
    /// Whether they have logged in with WeChat, so that they have an openid.
    pub has_wechat: bool,
    /// Whether they are in the app's visible range.
    pub is_visible: bool,
}

impl Member {
    /// A member in the app's visible range who has WeChat.
    pub fn new(userid: &str, name: &str, department: i64, position: &str) -> Self {
        Self {
            userid: userid.to_lowercase(),
            name: name.to_owned(),
            department,
            position: position.to_owned(),
            has_wechat: true,
            is_visible: true,
        }
    }

    /// The openid this member has towards the corp.
    pub fn openid(&self) -> String {
        openid(&self.userid)
    }

    /// The encrypted userid that a robot gets whose creator is no super administrator.
    pub fn open_userid(&self) -> String {
        format!("wo{}", openid(&format!("robot/{}", self.userid)))
    }
}

/// A person outside the corp, seen through WeChat only.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outsider {
    /// Their openid towards the corp.
    pub openid: String,
    /// Shown name.
    pub name: String,
}

/// Members by userid, and some people outside.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) outsiders: Vec<Outsider>,
}

impl Directory {
    /// The people of the demo: two admins, two coaches, members, one without WeChat, one whom the
    /// app cannot see, two outside.
    pub(crate) fn demo() -> Self {
        let without_wechat = Member {
            has_wechat: false,
            ..Member::new("song.ning", "宋宁", 4, "学员")
        };
        let invisible = Member {
            is_visible: false,
            ..Member::new("shen.mo", "沈墨", 4, "学员")
        };
        let members = [
            Member::new("lin.yue", "林越", 2, "运营主管"),
            Member::new("zhou.ke", "周可", 3, "写作教练"),
            Member::new("chen.an", "陈安", 2, "运营"),
            Member::new("he.miao", "何苗", 3, "阅读教练"),
            Member::new("xu.qing", "徐晴", 4, "学员"),
            Member::new("gao.yuan", "高远", 4, "学员"),
            without_wechat,
            invisible,
        ];
        let outsiders = ["小满", "阿树"].map(|name| Outsider {
            openid: openid(&format!("outside/{name}")),
            name: name.to_owned(),
        });
        Self {
            members: members
                .into_iter()
                .map(|member| (member.userid.clone(), member))
                .collect(),
            outsiders: outsiders.into(),
        }
    }

    /// A member by userid, in any case.
    pub(crate) fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_lowercase())
    }

    /// A member whom the app may see.
    pub(crate) fn visible(&self, userid: &str) -> Option<&Member> {
        self.member(userid).filter(|member| member.is_visible)
    }

    /// Whether this is the openid of a member with WeChat, or of somebody outside.
    pub(crate) fn has_openid(&self, openid: &str) -> bool {
        let mut members = self.members.values().filter(|member| member.has_wechat);
        let mut outsiders = self.outsiders.iter();
        members.any(|member| member.openid() == openid)
            || outsiders.any(|person| person.openid == openid)
    }

    /// Everybody in the app's visible range.
    pub(crate) fn all_visible(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.is_visible)
    }

    /// Everybody of a department whom the app may see.
    pub(crate) fn in_department(&self, department: i64) -> impl Iterator<Item = &Member> {
        self.all_visible()
            .filter(move |member| member.department == department)
    }
}

/// A stable 28-character openid.
fn openid(seed: &str) -> String {
    let digest = Sha1::digest(seed.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("o{}", hex.chars().take(27).collect::<String>())
}

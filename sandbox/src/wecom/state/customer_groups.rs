//! Customer groups, and the join ways into them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Groups with outside members, and the QR codes that lead into them.
#[derive(Debug)]
pub(crate) struct CustomerGroups {
    pub(crate) groups: BTreeMap<String, Group>,
    /// The body of `add_join_way`, by config id.
    pub(crate) join_ways: BTreeMap<String, Map<String, Value>>,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) members: Vec<Joined>,
    pub(crate) version: u64,
}

#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) external_userid: String,
    pub(crate) name: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) state: Option<String>,
}

impl CustomerGroups {
    /// Two groups of the demo's coaches, still empty.
    pub(crate) fn demo() -> Self {
        let group = |name: &str, owner: &str| Group {
            name: name.to_owned(),
            owner: owner.to_owned(),
            members: Vec::new(),
            version: 1,
        };
        let groups = [
            ("wrSandboxGroup0001", group("写作营学员群", "zhou.ke")),
            ("wrSandboxGroup0002", group("阅读营学员群", "he.miao")),
        ];
        Self {
            groups: groups
                .into_iter()
                .map(|(id, group)| (id.to_owned(), group))
                .collect(),
            join_ways: BTreeMap::new(),
        }
    }
}

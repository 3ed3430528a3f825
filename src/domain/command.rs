//! What people may ask the bot for.

use serde::{Deserialize, Serialize};

text_enum! {
    /// What people may ask for.
    pub enum Verb {
        /// What can be asked.
        Help = "帮助",
        /// Which camps there are.
        Camps = "训练营",
        /// Who has not checked in today.
        Absent = "没打卡",
        /// Whose days suffice.
        Eligible = "达标",
        /// Whose days suffice with one more.
        OneShort = "差一天",
        /// Whose days do not suffice.
        NotYet = "未达标",
        /// How a camp, a member or oneself is doing.
        Progress = "进度",
        /// Fetch check-ins now.
        Sync = "同步",
        /// Remind a camp's group of who has not checked in today.
        Urge = "催打卡",
        /// Who members are.
        Match = "匹配",
        /// What waits for a decision.
        Pending = "待审核",
        /// Where the money of a member or an order stands.
        Refund = "退款",
        /// Have refunds tried again that did not work.
        Retry = "重试",
        /// How the camps of a month went.
        Report = "报表",
        /// The code by which members enroll in a camp.
        EnrollCode = "二维码",
        /// How the product itself is doing.
        Status = "状态",
    }
}

impl Verb {
    /// Does something, where the others only tell or show.
    #[must_use]
    pub const fn acts(self) -> bool {
        matches!(self, Self::Sync | Self::Urge | Self::Retry)
    }
}

/// A verb and what follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub verb: Verb,
    /// The words behind it: a camp, a member, a month.
    pub words: Vec<String>,
}

impl Command {
    /// A verb about a camp.
    #[must_use]
    pub fn about(verb: Verb, camp: &str) -> Self {
        Self {
            verb,
            words: vec![camp.to_owned()],
        }
    }
}

impl std::fmt::Display for Command {
    /// As somebody would type it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.verb)?;
        self.words.iter().try_for_each(|word| write!(f, " {word}"))
    }
}

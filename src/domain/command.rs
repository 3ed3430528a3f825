//! What people may ask the bot for.

text_enum! {
    /// What people may ask for.
    pub enum Verb {
        /// What can be asked.
        Help = "帮助",
        /// How a camp, a member or oneself is doing.
        Progress = "进度",
        /// Fetch check-ins now.
        Sync = "同步",
        /// Who members are.
        Match = "匹配",
        /// What waits for a decision.
        Pending = "待审核",
    }
}

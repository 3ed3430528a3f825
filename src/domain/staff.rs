//! Staff and what they may do: the one table that chat and console both go by.

use serde::Serialize;

use super::UserId;

text_enum! {
    /// What somebody on the staff is.
    pub enum Role {
        /// May do all.
        SuperAdmin = "super_admin",
        /// Runs camps, members, check-ins and refunds.
        Admin = "admin",
        /// Leads camps: views, syncs, matches, urges and reviews refunds of those.
        Coach = "coach",
        /// Serves camps: views and urges.
        Volunteer = "volunteer",
    }
}

text_enum! {
    /// Whether an account may be used.
    pub enum AccountStatus {
        /// It may.
        Active = "active",
        /// It may not; its sessions and chat rights have ended.
        Disabled = "disabled",
    }
}

text_enum! {
    /// What somebody may want to do.
    pub enum Action {
        /// See a camp, its members, check-ins and progress.
        ViewCamp = "view_camp",
        /// Create, edit, publish, withdraw, delete a camp; make links for it.
        ManageCamps = "manage_camps",
        /// Fetch check-ins now.
        SyncCheckIns = "sync_check_ins",
        /// State check-ins where the planet cannot tell: import them, answer for them.
        StateDays = "state_days",
        /// Say which planet account a member is.
        MatchMembers = "match_members",
        /// Import who the planet's members are.
        ImportRoster = "import_roster",
        /// Remind members to check in.
        Urge = "urge",
        /// Approve, reject, withdraw, retry and close refunds.
        ReviewRefunds = "review_refunds",
        /// Answer the objections of members, and see the pictures that they bring.
        AnswerAppeals = "answer_appeals",
        /// Propose a refund against the judgement of the days.
        ProposeRefund = "propose_refund",
        /// See what holds up the merchant account, and have it tried again now.
        ProbeMerchant = "probe_merchant",
        /// See payments of all camps, and those that belong to none.
        ViewPayments = "view_payments",
        /// Say what becomes of a payment that no rule decides: accepted, kept, or settled in part.
        JudgePayments = "judge_payments",
        /// Have trade bills compared with the books, and settle what differs.
        SettleBills = "settle_bills",
        /// See reports.
        ViewReports = "view_reports",
        /// Run jobs and see how they went.
        RunJobs = "run_jobs",
        /// See the audit log and the notices.
        ViewLogs = "view_logs",
        /// Manage staff accounts.
        ManageUsers = "manage_users",
        /// Change settings and secrets.
        ManageConfig = "manage_config",
    }
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every camp.
    All,
    /// The camps that the person leads or serves.
    OwnCamps,
    /// Nothing.
    Nowhere,
}

impl Role {
    /// The table of permissions (design §3, PRD).
    #[must_use]
    pub const fn may(self, action: Action) -> Reach {
        use Action::{
            AnswerAppeals, ImportRoster, JudgePayments, ManageCamps, ManageConfig, ManageUsers,
            MatchMembers, ProbeMerchant, ProposeRefund, ReviewRefunds, RunJobs, SettleBills,
            StateDays, SyncCheckIns, Urge, ViewCamp, ViewLogs, ViewPayments, ViewReports,
        };
        match (self, action) {
            (Self::SuperAdmin, _) => Reach::All,
            (Self::Admin, ManageUsers | ManageConfig | ViewLogs | RunJobs) => Reach::Nowhere,
            (Self::Admin, _) => Reach::All,
            (
                Self::Coach,
                ViewCamp | SyncCheckIns | MatchMembers | Urge | ReviewRefunds | AnswerAppeals
                | ViewReports,
            )
            | (Self::Volunteer, ViewCamp | Urge) => Reach::OwnCamps,
            (
                Self::Coach,
                ManageCamps | ImportRoster | StateDays | ProposeRefund | ProbeMerchant
                | JudgePayments | ViewPayments | SettleBills | RunJobs | ViewLogs | ManageUsers
                | ManageConfig,
            )
            | (Self::Volunteer, _) => Reach::Nowhere,
        }
    }

    /// As staff read it.
    #[must_use]
    pub const fn shown(self) -> &'static str {
        match self {
            Self::SuperAdmin => "超级管理员",
            Self::Admin => "管理员",
            Self::Coach => "教练",
            Self::Volunteer => "志愿者",
        }
    }
}

/// The refusal of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{role} may not {action} here")]
pub struct Forbidden {
    /// Who asked.
    pub role: Role,
    pub action: Action,
}

text_enum! {
    /// Where an action came from.
    pub enum Channel {
        /// A button of a card.
        Card = "card",
        /// A command to the bot.
        Chat = "chat",
        /// The admin console or its API.
        Console = "console",
        /// The member pages.
        H5 = "h5",
        /// The clock.
        Job = "job",
        /// A platform's callback.
        Callback = "callback",
        /// The command line.
        CommandLine = "command_line",
    }
}

/// A staff member who acts, as the audit remembers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The account.
    pub user_id: UserId,
    /// The name that others see (“王教练”).
    pub name: String,
    /// The role at this moment.
    pub role: Role,
    pub channel: Channel,
    /// The address, where one is known.
    pub ip: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_permissions() {
        let table: Vec<String> = Action::ALL
            .iter()
            .map(|action| {
                let reach = Role::ALL.iter().map(|role| match role.may(*action) {
                    Reach::All => "all",
                    Reach::OwnCamps => "own",
                    Reach::Nowhere => "-",
                });
                format!("{action}: {}", reach.collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "view_camp: all all own own",
                "manage_camps: all all - -",
                "sync_check_ins: all all own -",
                "state_days: all all - -",
                "match_members: all all own -",
                "import_roster: all all - -",
                "urge: all all own own",
                "review_refunds: all all own -",
                "answer_appeals: all all own -",
                "propose_refund: all all - -",
                "probe_merchant: all all - -",
                "view_payments: all all - -",
                "judge_payments: all all - -",
                "settle_bills: all all - -",
                "view_reports: all all own -",
                "run_jobs: all - - -",
                "view_logs: all - - -",
                "manage_users: all - - -",
                "manage_config: all - - -",
            ]
        );
    }
}

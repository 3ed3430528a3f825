//! The two sides of a match: what a payer claimed, and what the roster knows.

/// One payment and everything its payer told us about who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The caller's name for it, e.g. the order number. Comes back in the [`super::Verdict`].
    pub key: String,
    /// “星球ID” as typed: a `user_id`, a member number, or neither.
    pub typed_planet_id: Option<String>,
    /// “星球昵称” as typed.
    pub typed_nickname: Option<String>,
    /// The payer's WeChat nickname.
    pub wechat_nickname: Option<String>,
    /// `user_id`s to which completed bindings of the same payer led in earlier camps.
    pub earlier_accounts: Vec<String>,
}

/// One account of the planet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The account's id, as check-ins carry it. Candidates that share it are one account.
    pub user_id: String,
    /// 成员编号 within the planet, where the roster knows it.
    pub member_number: Option<u32>,
    /// The current nickname (用户昵称).
    pub nickname: Option<String>,
    /// The name on the planet card (星球名片昵称).
    pub card_name: Option<String>,
    /// The WeChat nickname of the back office's export.
    pub wechat_nickname: Option<String>,
    /// Nicknames and card names it had before.
    pub earlier_names: Vec<String>,
}

/// An account with the score it has for one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// [`Candidate::user_id`].
    pub user_id: String,
    /// 0–100.
    pub score: u8,
    /// Why, support first, doubts last.
    pub reasons: Vec<super::Reason>,
}

/// What is to be done with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Score ≥ 80: bound by the machine.
    Matched,
    /// Score 50–79: a suggestion that a person confirms.
    Review,
    /// Score < 50: a person searches.
    Manual,
}

impl Decision {
    /// The lowest score of [`Decision::Matched`] (design §3).
    pub const MATCHED_FROM: u8 = 80;
    /// The lowest score of [`Decision::Review`] (design §3).
    pub const REVIEW_FROM: u8 = 50;

    /// The decision that a final score stands for.
    #[must_use]
    pub fn of_score(score: u8) -> Self {
        match score {
            Self::MATCHED_FROM.. => Self::Matched,
            Self::REVIEW_FROM.. => Self::Review,
            _ => Self::Manual,
        }
    }

    /// The word of the contract: `matched`, `review` or `manual`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Review => "review",
            Self::Manual => "manual",
        }
    }
}

/// The outcome for one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// [`Claim::key`].
    pub claim: String,
    /// The account that fits best, if any fits at all. No account is the best of two claims that
    /// are decided [`Decision::Matched`].
    pub best: Option<String>,
    /// 0–100; 0 without `best`.
    pub score: u8,
    /// Follows from `score`.
    pub decision: Decision,
    /// Why, support first, doubts last.
    pub reasons: Vec<super::Reason>,
    /// Other accounts worth showing, best first, at most [`super::MAX_RUNNERS_UP`].
    pub runners_up: Vec<Scored>,
}

//! Recipients of a message (wecom-app §5).

use crate::limit::{self, LimitError, Rule};

/// Most users in one call.
pub(super) const MAX_USERS: usize = 1000;
/// Most parties, and most tags, in one call.
pub(super) const MAX_PARTIES_OR_TAGS: usize = 100;

/// Users, parties and tags; or everyone in the visible range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipients {
    pub(super) users: Vec<String>,
    pub(super) parties: Vec<u64>,
    pub(super) tags: Vec<u64>,
}

impl Recipients {
    /// The platform's word for everyone.
    const EVERYONE: &'static str = "@all";

    /// Everyone in the application's visible range.
    #[must_use]
    pub fn everyone() -> Self {
        Self {
            users: vec![Self::EVERYONE.into()],
            parties: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// One member.
    ///
    /// # Errors
    /// [`LimitError`] on `touser`: empty, or a `|` or `@all` in the id.
    pub fn user(userid: impl Into<String>) -> Result<Self, LimitError> {
        Self::users([userid])
    }

    /// 1 to 1,000 members.
    ///
    /// # Errors
    /// [`LimitError`] on `touser`: count, an empty id, or a `|` or `@all` in one.
    pub fn users<I>(userids: I) -> Result<Self, LimitError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let users: Vec<String> = userids.into_iter().map(Into::into).collect();
        limit::count("touser", users.len(), 1, MAX_USERS)?;
        for user in &users {
            check_userid("touser", user)?;
        }
        Ok(Self {
            users,
            parties: Vec::new(),
            tags: Vec::new(),
        })
    }

    /// 1 to 100 parties (departments).
    ///
    /// # Errors
    /// [`LimitError`] on `toparty`: count.
    pub fn parties(parties: impl IntoIterator<Item = u64>) -> Result<Self, LimitError> {
        let parties: Vec<u64> = parties.into_iter().collect();
        limit::count("toparty", parties.len(), 1, MAX_PARTIES_OR_TAGS)?;
        Ok(Self {
            users: Vec::new(),
            parties,
            tags: Vec::new(),
        })
    }

    /// 1 to 100 tags.
    ///
    /// # Errors
    /// [`LimitError`] on `totag`: count.
    pub fn tags(tags: impl IntoIterator<Item = u64>) -> Result<Self, LimitError> {
        let tags: Vec<u64> = tags.into_iter().collect();
        limit::count("totag", tags.len(), 1, MAX_PARTIES_OR_TAGS)?;
        Ok(Self {
            users: Vec::new(),
            parties: Vec::new(),
            tags,
        })
    }

    /// These and the `others` together.
    ///
    /// # Errors
    /// [`LimitError`] when the counts add up to too many, or one side is everyone: WeCom would
    /// then ignore the rest.
    pub fn and(mut self, others: Self) -> Result<Self, LimitError> {
        if self.is_everyone() || others.is_everyone() {
            return Err(LimitError::not_allowed("touser", "@all stands alone"));
        }
        self.users.extend(others.users);
        self.parties.extend(others.parties);
        self.tags.extend(others.tags);
        limit::count("touser", self.users.len(), 0, MAX_USERS)?;
        limit::count("toparty", self.parties.len(), 0, MAX_PARTIES_OR_TAGS)?;
        limit::count("totag", self.tags.len(), 0, MAX_PARTIES_OR_TAGS)?;
        Ok(self)
    }

    /// True if this is everyone in the visible range.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.users.iter().any(|user| user == Self::EVERYONE)
    }
}

pub(super) fn check_userid(field: &'static str, userid: &str) -> Result<(), LimitError> {
    limit::present(field, userid)?;
    if userid.contains('|') || userid.eq_ignore_ascii_case(Recipients::EVERYONE) {
        return Err(LimitError::new(
            field,
            Rule::Characters {
                allowed: "ids of single members",
            },
        ));
    }
    Ok(())
}

/// `a|b|c`, as the platform wants lists in message/send.
pub(super) fn joined<T: ToString>(ids: &[T]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("|")
}

//! Evidence that one claim and one account are the same person, and what it weighs.
//!
//! The two pillars are those of design §3: an equal id 50, an equal nickname 50. Everything else
//! is a weaker form of one of them. A binding of the same payer in an earlier camp is as good as
//! an id. Names alone stay below [`super::Decision::MATCHED_FROM`] whatever they add up to, since
//! they repeat and change (zsxq §3).

use super::name::{Likeness, Name};
use super::planet_id::{PlanetId, Slip};

const SAME_ID: i32 = 50;
const NEAR_ID: i32 = 45;
const EARLIER_BINDING: i32 = 50;
/// Typed name and WeChat name both speak for the account.
const BOTH_NAMES: i32 = 8;
/// From these points on the second name counts for [`BOTH_NAMES`].
const SECOND_NAME_FROM: i32 = 18;
/// The typed id is another account's: often a friend's link, copied.
const ID_OF_ANOTHER: i32 = 5;
/// The typed id is nobody's we know: probably the payer is not in the roster.
const ID_OF_NOBODY: i32 = 15;

/// Which name of the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayerName {
    /// The planet nickname they typed.
    Typed,
    /// Their WeChat nickname: a lesser witness.
    WeChat,
}

/// Which name of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountName {
    /// The current nickname.
    Nickname,
    /// The name on the planet card.
    Card,
    /// A name it had before.
    Earlier,
    /// The WeChat nickname the planet's back office knows.
    WeChat,
}

/// One piece of evidence or doubt. `Display` renders it in a few Chinese words for coaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The typed id is the account's `user_id`.
    SameId,
    /// The typed id is the account's member number.
    SameMemberNumber,
    /// The typed id is one slip away from the account's `user_id`.
    NearId(Slip),
    /// The same payer was bound to this account in an earlier camp.
    EarlierBinding,
    /// A name of the payer is like a name of the account.
    NameAgrees(PayerName, AccountName, Likeness),
    /// The typed nickname is like no name of the account.
    NicknameDiffers,
    /// The typed id belongs to another account of the roster.
    IdOfAnother,
    /// The typed id is not this account's, and nobody's we know.
    IdOfNobody,
    /// So many other accounts have as good a name.
    Namesakes(u16),
    /// So many other claims point to this account.
    Contested(u16),
    /// Another account's name is closer to the typed nickname.
    BetterNamedElsewhere,
    /// Another account, or another claim, has nearly the same evidence.
    TooClose,
    /// No id and no earlier binding stand behind the name.
    NameAlone,
    /// Ids and nicknames of the whole list disagree in a way that shifted rows would explain.
    ListLooksShifted,
    /// The account is already bound to somebody else.
    Taken,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::SameId => f.write_str("星球ID相同"),
            Self::SameMemberNumber => f.write_str("成员编号相同"),
            Self::NearId(slip) => f.write_str(match slip {
                Slip::Swapped => "星球ID相邻两位颠倒",
                Slip::Missing => "星球ID少一位",
                Slip::Extra => "星球ID多一位",
                Slip::Wrong => "星球ID错一位",
            }),
            Self::EarlierBinding => f.write_str("往期绑定过此账号"),
            Self::NameAgrees(payer, account, likeness) => {
                f.write_str(names_in_words(payer, account))?;
                f.write_str(likeness_in_words(likeness))
            }
            Self::NicknameDiffers => f.write_str("昵称不同"),
            Self::IdOfAnother => f.write_str("填写的ID属于另一账号"),
            Self::IdOfNobody => f.write_str("填写的ID与此账号不符"),
            Self::Namesakes(others) => write!(f, "另有{others}人同名或近似"),
            Self::Contested(others) => write!(f, "另有{others}笔付款指向此账号"),
            Self::BetterNamedElsewhere => f.write_str("昵称更像另一账号"),
            Self::TooClose => f.write_str("与另一可能难以区分"),
            Self::NameAlone => f.write_str("仅凭名字，没有ID佐证"),
            Self::ListLooksShifted => f.write_str("整份名单的ID与昵称疑似错行"),
            Self::Taken => f.write_str("此账号已绑定他人"),
        }
    }
}

fn names_in_words(payer: PayerName, account: AccountName) -> &'static str {
    match (payer, account) {
        (PayerName::Typed, AccountName::Nickname) => "昵称",
        (PayerName::Typed, AccountName::Card) => "昵称与星球名片",
        (PayerName::Typed, AccountName::Earlier) => "昵称与曾用名",
        (PayerName::Typed, AccountName::WeChat) => "昵称与微信名",
        (PayerName::WeChat, AccountName::Nickname) => "微信名与星球昵称",
        (PayerName::WeChat, AccountName::Card) => "微信名与星球名片",
        (PayerName::WeChat, AccountName::Earlier) => "微信名与曾用名",
        (PayerName::WeChat, AccountName::WeChat) => "微信名",
    }
}

fn likeness_in_words(likeness: Likeness) -> &'static str {
    match likeness {
        Likeness::Same => "相同",
        Likeness::SameLetters => "相同（表情、标点除外）",
        Likeness::SameCore => "相同（后缀除外）",
        Likeness::OneOff => "只差一个字",
        Likeness::OtherSuffix => "主体相同、后缀不同",
        Likeness::Partial => "部分相同",
    }
}

/// What names of this likeness weigh when the typed nickname meets the current one.
fn likeness_points(likeness: Likeness) -> i32 {
    match likeness {
        Likeness::Same => 50,
        Likeness::SameLetters => 49,
        Likeness::SameCore => 46,
        Likeness::OneOff => 38,
        Likeness::OtherSuffix => 36,
        Likeness::Partial => 25,
    }
}

/// How much less a pair of names weighs than typed nickname against current nickname.
fn witness_discount(payer: PayerName, account: AccountName) -> i32 {
    match (payer, account) {
        (PayerName::Typed, AccountName::Nickname | AccountName::Card) => 0,
        (PayerName::Typed, AccountName::Earlier) => 4,
        (PayerName::WeChat, AccountName::WeChat) => 12,
        (PayerName::Typed, AccountName::WeChat) => 15,
        (PayerName::WeChat, AccountName::Nickname | AccountName::Card) => 20,
        (PayerName::WeChat, AccountName::Earlier) => 24,
    }
}

/// A claim made comparable.
#[derive(Debug)]
pub(super) struct FoldedClaim<'a> {
    pub(super) id: Option<PlanetId>,
    /// Whether `id` is some account's `user_id` or member number.
    pub(super) id_known: bool,
    pub(super) typed: Option<Name>,
    pub(super) wechat: Option<Name>,
    pub(super) earlier_accounts: &'a [String],
}

/// An account made comparable.
#[derive(Debug)]
pub(super) struct FoldedCandidate<'a> {
    pub(super) user_id: &'a str,
    pub(super) id: Option<PlanetId>,
    pub(super) member_numbers: Vec<u32>,
    pub(super) names: Vec<(AccountName, Name)>,
}

/// One claim weighed against one account, before anybody else is looked at.
#[derive(Clone, Debug)]
pub(super) struct Weight {
    /// Points of ids and earlier bindings.
    pub(super) pillar: i32,
    /// Best points of the typed nickname.
    pub(super) typed: i32,
    /// Best points of the WeChat nickname.
    pub(super) wechat: i32,
    /// Points taken off since the typed id speaks against the account.
    pub(super) against: i32,
    pub(super) reasons: Vec<Reason>,
}

impl Weight {
    pub(super) fn of(claim: &FoldedClaim<'_>, account: &FoldedCandidate<'_>) -> Self {
        let mut weight = Self {
            pillar: 0,
            typed: 0,
            wechat: 0,
            against: 0,
            reasons: Vec::new(),
        };
        let supported = weight.weigh_id(claim, account);
        if claim
            .earlier_accounts
            .iter()
            .any(|earlier| earlier == account.user_id)
        {
            weight.pillar += EARLIER_BINDING;
            weight.reasons.push(Reason::EarlierBinding);
        }
        weight.typed = weight.weigh_name(PayerName::Typed, claim.typed.as_ref(), account);
        weight.wechat = weight.weigh_name(PayerName::WeChat, claim.wechat.as_ref(), account);
        if claim.typed.is_some() && weight.typed == 0 && !account.names.is_empty() {
            weight.reasons.push(Reason::NicknameDiffers);
        }
        if claim.id.is_some() && !supported {
            let (against, reason) = if claim.id_known {
                (ID_OF_ANOTHER, Reason::IdOfAnother)
            } else {
                (ID_OF_NOBODY, Reason::IdOfNobody)
            };
            weight.against = against;
            weight.reasons.push(reason);
        }
        weight
    }

    /// Points of all names together.
    pub(super) fn names(&self) -> i32 {
        let both = self.typed.min(self.wechat) >= SECOND_NAME_FROM;
        self.typed.max(self.wechat) + if both { BOTH_NAMES } else { 0 }
    }

    /// All points; may pass 100, so that two strong cases still compare.
    pub(super) fn total(&self) -> i32 {
        (self.pillar + self.names() - self.against).max(0)
    }

    /// Whether anything at all speaks for the account.
    pub(super) fn is_evidence(&self) -> bool {
        self.pillar + self.names() > 0
    }

    fn weigh_id(&mut self, claim: &FoldedClaim<'_>, account: &FoldedCandidate<'_>) -> bool {
        let Some(typed) = claim.id else { return false };
        let (points, reason) = if account.id == Some(typed) {
            (SAME_ID, Reason::SameId)
        } else if account
            .member_numbers
            .iter()
            .any(|number| typed.is_number(*number))
        {
            (SAME_ID, Reason::SameMemberNumber)
        } else if let Some(slip) = account
            .id
            .filter(|_| !claim.id_known)
            .and_then(|meant| typed.slip_from(meant))
        {
            (NEAR_ID, Reason::NearId(slip))
        } else {
            return false;
        };
        self.pillar += points;
        self.reasons.push(reason);
        true
    }

    fn weigh_name(
        &mut self,
        payer: PayerName,
        name: Option<&Name>,
        account: &FoldedCandidate<'_>,
    ) -> i32 {
        let best = name.and_then(|name| {
            account
                .names
                .iter()
                .filter_map(|(which, known)| {
                    let likeness = name.likeness(known)?;
                    let points = likeness_points(likeness) - witness_discount(payer, *which);
                    Some((points, Reason::NameAgrees(payer, *which, likeness)))
                })
                .max_by(|(a, first), (b, second)| a.cmp(b).then_with(|| second.cmp(first)))
        });
        let Some((points, reason)) = best.filter(|(points, _)| *points > 0) else {
            return 0;
        };
        self.reasons.push(reason);
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_short_chinese_words() {
        let words: Vec<String> = [
            Reason::SameId,
            Reason::NearId(Slip::Swapped),
            Reason::NameAgrees(PayerName::Typed, AccountName::Nickname, Likeness::Same),
            Reason::NameAgrees(PayerName::WeChat, AccountName::Nickname, Likeness::SameCore),
            Reason::NameAgrees(PayerName::Typed, AccountName::Earlier, Likeness::OneOff),
            Reason::Namesakes(2),
            Reason::Contested(1),
        ]
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            words,
            [
                "星球ID相同",
                "星球ID相邻两位颠倒",
                "昵称相同",
                "微信名与星球昵称相同（后缀除外）",
                "昵称与曾用名只差一个字",
                "另有2人同名或近似",
                "另有1笔付款指向此账号",
            ]
        );
    }
}

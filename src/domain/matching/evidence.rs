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
/// Id and earlier binding name the same account.
const BOTH_PILLARS: i32 = 10;
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
        Likeness::OneOff => 40,
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

/// A name of the account that a name of the payer is like.
#[derive(Clone, Copy, Debug)]
struct Witness {
    points: i32,
    account: AccountName,
    likeness: Likeness,
}

/// One claim weighed against one account, before anybody else is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    id: Option<Reason>,
    earlier_binding: bool,
    typed: Option<Witness>,
    wechat: Option<Witness>,
    differs: bool,
    against: Option<Reason>,
}

impl Weight {
    pub(super) fn of(claim: &FoldedClaim<'_>, account: &FoldedCandidate<'_>) -> Self {
        let id = weigh_id(claim, account);
        let typed = weigh_name(PayerName::Typed, claim.typed.as_ref(), account);
        let against = if claim.id_known {
            Reason::IdOfAnother
        } else {
            Reason::IdOfNobody
        };
        Self {
            id,
            earlier_binding: claim
                .earlier_accounts
                .iter()
                .any(|id| id == account.user_id),
            typed,
            wechat: weigh_name(PayerName::WeChat, claim.wechat.as_ref(), account),
            differs: claim.typed.is_some() && typed.is_none() && !account.names.is_empty(),
            against: (claim.id.is_some() && id.is_none()).then_some(against),
        }
    }

    /// Points of ids and earlier bindings.
    pub(super) fn pillar(&self) -> i32 {
        let id = match self.id {
            Some(Reason::NearId(_)) => NEAR_ID,
            Some(_) => SAME_ID,
            None => 0,
        };
        match (id, self.earlier_binding) {
            (id, false) => id,
            (0, true) => EARLIER_BINDING,
            (id, true) => id + BOTH_PILLARS,
        }
    }

    /// Points of the typed nickname.
    pub(super) fn typed(&self) -> i32 {
        self.typed.map_or(0, |witness| witness.points)
    }

    /// Points of the WeChat nickname.
    pub(super) fn wechat(&self) -> i32 {
        self.wechat.map_or(0, |witness| witness.points)
    }

    /// Points of all names together.
    pub(super) fn names(&self) -> i32 {
        let (typed, wechat) = (self.typed(), self.wechat());
        let both = typed.min(wechat) >= SECOND_NAME_FROM;
        typed.max(wechat) + if both { BOTH_NAMES } else { 0 }
    }

    /// All points; may pass 100, so that two strong cases still compare.
    pub(super) fn total(&self) -> i32 {
        let against = match self.against {
            Some(Reason::IdOfAnother) => ID_OF_ANOTHER,
            Some(_) => ID_OF_NOBODY,
            None => 0,
        };
        (self.pillar() + self.names() - against).max(0)
    }

    /// Whether anything at all speaks for the account.
    pub(super) fn is_evidence(&self) -> bool {
        self.pillar() + self.names() > 0
    }

    /// Whether the typed id is exactly the account's id or member number.
    pub(super) fn is_same_id(&self) -> bool {
        matches!(self.id, Some(Reason::SameId | Reason::SameMemberNumber))
    }

    /// Whether the typed id is known to be another account's.
    pub(super) fn is_id_of_another(&self) -> bool {
        self.against == Some(Reason::IdOfAnother)
    }

    /// The evidence in words, what speaks for the account first.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let named = |payer, witness: Option<Witness>| {
            witness.map(|witness| Reason::NameAgrees(payer, witness.account, witness.likeness))
        };
        [
            self.id,
            self.earlier_binding.then_some(Reason::EarlierBinding),
            named(PayerName::Typed, self.typed),
            named(PayerName::WeChat, self.wechat),
            self.differs.then_some(Reason::NicknameDiffers),
            self.against,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn weigh_id(claim: &FoldedClaim<'_>, account: &FoldedCandidate<'_>) -> Option<Reason> {
    let typed = claim.id?;
    if account.id == Some(typed) {
        Some(Reason::SameId)
    } else if account
        .member_numbers
        .iter()
        .any(|number| typed.is_number(*number))
    {
        Some(Reason::SameMemberNumber)
    } else if claim.id_known {
        // A number that is somebody's was not mistyped.
        None
    } else {
        typed.slip_from(account.id?).map(Reason::NearId)
    }
}

/// The account's name that a name of the payer is most like; the current one where several are.
fn weigh_name(
    payer: PayerName,
    name: Option<&Name>,
    account: &FoldedCandidate<'_>,
) -> Option<Witness> {
    let name = name?;
    let witnesses = account.names.iter().filter_map(|(which, known)| {
        let likeness = name.likeness(known)?;
        let points = likeness_points(likeness) - witness_discount(payer, *which);
        (points > 0).then_some(Witness {
            points,
            account: *which,
            likeness,
        })
    });
    witnesses.max_by_key(|witness| (witness.points, std::cmp::Reverse(witness.account)))
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

//! What speaks for one claim and one account being the same person, and how much, before anybody
//! else is looked at.

use super::name::{Likeness, Name};
use super::planet_id::PlanetId;
use super::reason::{AccountName, PayerName, Reason};

const SAME_ID: i32 = 50;
/// Accounts' ids lie so far apart that a near miss is hardly ever somebody else's.
const NEAR_ID: i32 = 45;
/// As good as an id: somebody, or the machine with an id, was sure of it.
const EARLIER_BINDING: i32 = 50;
/// Id and earlier binding name the same account.
const BOTH_PILLARS: i32 = 10;
/// Typed name and WeChat name both speak for the account.
const BOTH_NAMES: i32 = 8;
/// From these points on the second name counts for [`BOTH_NAMES`].
const SECOND_NAME_FROM: i32 = 25;
/// Off when the typed id is another account's: often a friend's link, copied.
const ID_OF_ANOTHER: i32 = 5;
/// Off when the typed id is nobody's we know: nearly always the payer is not in the roster.
const ID_OF_NOBODY: i32 = 15;

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
///
/// A WeChat nickname is what WeChat says, not what the payer types, so beside an id it decides
/// even where the account has namesakes (50 + 46 − 11 − 5 = 80); alone it is half a witness, since
/// many people have another name there.
fn witness_discount(payer: PayerName, account: AccountName) -> i32 {
    match (payer, account) {
        (PayerName::Typed, AccountName::Nickname | AccountName::Card) => 0,
        (PayerName::Typed, AccountName::Earlier) => 4,
        (PayerName::WeChat, AccountName::WeChat) => 8,
        (PayerName::WeChat, AccountName::Nickname | AccountName::Card) => 11,
        (PayerName::Typed, AccountName::WeChat) => 15,
        (PayerName::WeChat, AccountName::Earlier) => 20,
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
    /// Whether typed nickname and WeChat nickname are unlike each other: two witnesses, not one
    /// heard twice.
    pub(super) has_two_names: bool,
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

/// One claim weighed against one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    id: Option<Reason>,
    earlier_binding: bool,
    typed: Option<Witness>,
    wechat: Option<Witness>,
    has_two_names: bool,
    differs: bool,
    against: Option<Reason>,
}

impl Evidence {
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
            has_two_names: claim.has_two_names,
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

    fn witness(&self, payer: PayerName) -> Option<Witness> {
        match payer {
            PayerName::Typed => self.typed,
            PayerName::WeChat => self.wechat,
        }
    }

    /// Points of one name of the payer.
    pub(super) fn name(&self, payer: PayerName) -> i32 {
        self.witness(payer).map_or(0, |witness| witness.points)
    }

    /// Whether one name of the payer is the account's, decoration aside.
    pub(super) fn is_clear(&self, payer: PayerName) -> bool {
        self.witness(payer)
            .is_some_and(|witness| witness.likeness <= Likeness::SameCore)
    }

    /// Whether two unlike names both are the account's, and the WeChat one by the word of the back
    /// office.
    pub(super) fn has_two_names(&self) -> bool {
        let of_wechat = |witness: Witness| witness.account == AccountName::WeChat;
        self.has_two_names
            && self.is_clear(PayerName::Typed)
            && self.is_clear(PayerName::WeChat)
            && self.wechat.is_some_and(of_wechat)
            && !self.typed.is_some_and(of_wechat)
    }

    /// What a second name adds to the better one.
    pub(super) fn second_name(&self) -> i32 {
        if self
            .name(PayerName::Typed)
            .min(self.name(PayerName::WeChat))
            >= SECOND_NAME_FROM
        {
            BOTH_NAMES
        } else {
            0
        }
    }

    /// Points of all names together.
    fn names(&self) -> i32 {
        self.name(PayerName::Typed)
            .max(self.name(PayerName::WeChat))
            + self.second_name()
    }

    /// Points off for a typed id that is not the account's.
    pub(super) fn off(&self) -> i32 {
        match self.against {
            Some(Reason::IdOfAnother) => ID_OF_ANOTHER,
            Some(_) => ID_OF_NOBODY,
            None => 0,
        }
    }

    /// All points; may pass 100, so that two strong cases still compare.
    pub(super) fn total(&self) -> i32 {
        (self.pillar() + self.names() - self.off()).max(0)
    }

    /// Whether anything at all speaks for the account.
    pub(super) fn is_any(&self) -> bool {
        self.pillar() + self.names() > 0
    }

    /// Whether any name of the payer is like one of the account.
    pub(super) fn has_name(&self) -> bool {
        self.names() > 0
    }

    /// Whether the typed id is exactly the account's id or member number.
    pub(super) fn is_same_id(&self) -> bool {
        matches!(self.id, Some(Reason::SameId | Reason::SameMemberNumber))
    }

    /// Whether the typed id is known to be another account's.
    pub(super) fn is_id_of_another(&self) -> bool {
        self.against == Some(Reason::IdOfAnother)
    }

    /// Whether the typed id is not this account's, and nobody's we know.
    pub(super) fn is_id_of_nobody(&self) -> bool {
        self.against == Some(Reason::IdOfNobody)
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

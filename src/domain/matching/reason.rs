//! The words of a verdict: every piece of evidence and doubt, and how it is told to a person.

use super::name::Likeness;
use super::planet_id::Slip;

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
    /// Those others all belong to other claims, by id and name.
    NamesakesSpokenFor,
    /// So many other claims point to this account.
    Contested(u16),
    /// Another account's name is closer to the typed nickname.
    BetterNamedElsewhere,
    /// Another account, or another claim, has nearly the same evidence.
    TooClose,
    /// No id and no earlier binding stand behind the name.
    NameAlone,
    /// Two unlike names agree, each of them this account's alone.
    TwoNames,
    /// Ids and nicknames of the whole list disagree in a way that shifted rows would explain.
    ListLooksShifted,
    /// The account is already bound to somebody else.
    Taken,

    /// The member came by a link that we signed for the account.
    PersonalLink,
    /// The account has written the member's code into a check-in.
    ProofCode,
    /// Several accounts have written the member's code.
    CodeOfMany,
    /// The account has written another member's code.
    ProvedByAnother,
    /// The roster's number was the account's by a name that another person turned out to have.
    LinkDoubtful,
    /// Number and nickname are those of the roster.
    RosterAgrees,
    /// They are, and no sync has seen the account yet.
    RosterAgreesUnseen,
    /// The number is in the roster, under another nickname.
    RosterNicknameDiffers,
    /// Number and nickname are those of the planet.
    PlanetAgrees,
    /// Nothing speaks for it but the member's own word.
    Unproved,
    /// Several members of the camp claim the account.
    ClaimedByMany,
    /// A person has given the account to another member.
    GivenToAnother,
    /// By the account another member's deposit goes back.
    PaidToAnother,
    /// A person looked at the candidates and took none.
    NoneOfThese,
    /// The account has checked in, and no member has or claims it.
    Unclaimed,
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
            Self::NamesakesSpokenFor => f.write_str("同名的其他账号都已有主"),
            Self::Contested(others) => write!(f, "另有{others}笔付款指向此账号"),
            Self::BetterNamedElsewhere => f.write_str("昵称更像另一账号"),
            Self::TooClose => f.write_str("与另一个账号同样相像，分不出是谁"),
            Self::TwoNames => f.write_str("两个不同的名字都只与此账号相符"),
            Self::NameAlone => f.write_str("仅凭名字，没有ID佐证"),
            Self::ListLooksShifted => f.write_str("整份名单的ID与昵称疑似错行"),
            Self::Taken => f.write_str("此账号已绑定他人"),
            Self::PersonalLink => f.write_str("通过专属链接报名"),
            Self::ProofCode => f.write_str("在打卡里写了身份码"),
            Self::CodeOfMany => f.write_str("有多个星球账号写了同一个身份码，待人工确认"),
            Self::ProvedByAnother => f.write_str("此星球账号已由另一位成员用身份码证实"),
            Self::LinkDoubtful => {
                f.write_str("编号只凭名字对上过账号，现在又有一位同名的人，待人工确认")
            }
            Self::RosterAgrees => f.write_str("编号与昵称和名册一致"),
            Self::RosterAgreesUnseen => f.write_str("编号与昵称和名册一致，等打卡同步后对上账号"),
            Self::RosterNicknameDiffers => f.write_str("编号在名册里，但昵称与名册不同"),
            Self::PlanetAgrees => f.write_str("编号与昵称和星球上的一致"),
            Self::Unproved => f.write_str("会员自己填写，尚未核实"),
            Self::ClaimedByMany => f.write_str("同一星球账号有多人认领，待人工确认"),
            Self::GivenToAnother => f.write_str("此星球账号已由人工确认给另一位成员"),
            Self::PaidToAnother => f.write_str("此星球账号的押金已批准退给另一位成员"),
            Self::NoneOfThese => f.write_str("看过候选，都不是"),
            Self::Unclaimed => f.write_str("在本营打过卡，还没有人认领"),
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

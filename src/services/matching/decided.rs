//! Writes every decision, whoever made it: the match with its log, and the days that the
//! account has already checked in.

use crate::domain::shown_name::shown_nickname;
use crate::domain::{Machine as _, MatchStatus};
use crate::services::identity::Judged;
use crate::services::{Result, evidence};
use crate::store::members::{Identity, Member};
use crate::store::{Note, Operator, Tx, members};

/// Writes that `member` is the account of `identity`, and the days that count for it.
pub(super) async fn matched(
    tx: &mut Tx,
    member: &Member,
    identity: &Identity,
    note: &Note,
) -> Result<()> {
    let change = member.match_status.to(MatchStatus::Matched)?;
    let said = said("认定为", identity, note);
    members::set_match(tx, member.id, change, identity, &said).await?;
    evidence::judge_member(tx, member.id, note.at).await
}

/// The note of a decision with whom it is about, so that a history tells which account it was.
pub(in crate::services) fn said(verb: &str, identity: &Identity, note: &Note) -> Note {
    let account = identity.planet_user_id;
    let account = account.map_or_else(String::new, |account| format!("（{account}）"));
    let nickname = shown_nickname(&identity.planet_nickname, identity.planet_user_id);
    let who = format!("{verb}“{nickname}”{account}");
    Note {
        reason: [who.as_str(), note.reason.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("，"),
        ..note.clone()
    }
}

/// The note of what a member says of themselves: the account, and what that is worth. One who has
/// not said anything leaves `note` as it is.
pub(in crate::services) fn claimed(judged: &Judged, note: &Note) -> Note {
    let identity = &judged.identity;
    if identity.planet_user_id.is_none() && identity.planet_nickname.is_empty() {
        return note.clone();
    }
    let verb = match judged.status {
        MatchStatus::Matched => "认定为",
        MatchStatus::Pending | MatchStatus::Failed => "自称",
    };
    let why = Note {
        reason: identity.reasons.join("，"),
        ..note.clone()
    };
    said(verb, identity, &why)
}

/// The operator of a log as staff are told of them: people by their names, everything else in
/// words.
pub(super) fn called(operator: &Operator) -> &str {
    if operator.staff.is_some() {
        return &operator.name;
    }
    match operator.name.as_str() {
        "member" => "会员本人",
        "smart-match" => "系统自动匹配",
        "sync" => "打卡同步",
        "wechat_pay" => "系统（付款时）",
        _ => "系统",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PlanetUserId, Timestamp, UserId};

    fn judged(status: MatchStatus, account: Option<i64>, nickname: &str) -> Judged {
        let identity = Identity {
            planet_user_id: account.map(PlanetUserId),
            planet_nickname: nickname.to_owned(),
            reasons: vec!["甲".to_owned(), "乙".to_owned()],
            ..Identity::default()
        };
        Judged { identity, status }
    }

    #[test]
    fn nobody_is_taken_for_the_machine_because_of_their_name() {
        let machine = Operator::from("sync");
        assert_eq!(called(&machine), "打卡同步");
        let person = Operator {
            staff: Some(UserId(1)),
            ..machine
        };
        assert_eq!(called(&person), "sync");
    }

    #[test]
    fn a_history_tells_what_was_claimed_and_what_it_was_worth() {
        let note = Note::new("wechat_pay", "payment confirmed", Timestamp::from_micros(0));
        let told = |status, account, nickname| {
            let note = claimed(&judged(status, account, nickname), &note);
            assert_eq!(note.operator, Operator::from("wechat_pay"));
            note.reason
        };
        let known = told(MatchStatus::Matched, Some(7), "小明");
        assert_eq!(known, "认定为“小明”（7），甲，乙");
        let claims = told(MatchStatus::Pending, Some(7), "小明");
        assert_eq!(claims, "自称“小明”（7），甲，乙");
        let unseen = told(MatchStatus::Pending, None, "小明");
        assert_eq!(unseen, "自称“小明”，甲，乙");
        let says_nothing = told(MatchStatus::Pending, None, "");
        assert_eq!(says_nothing, "payment confirmed");
    }
}

//! Who somebody is on the planet: what their claim is worth against the roster.

use crate::domain::matching::{self, Candidate, Identified};
use crate::domain::member::FULL_CONFIDENCE;
use crate::domain::{CampId, MatchStatus, PlanetUserId};
use crate::store::members::Identity;
use crate::store::payments::PlanetClaim;
use crate::store::{Conn, planet_users};

use super::{Context, Error, Fields, Result, personal_links};

/// Confidence of a claim that nothing speaks for or against: typed by the member alone.
const CLAIMED_CONFIDENCE: i64 = 50;
/// Characters of a nickname at most.
const MAX_NICKNAME_CHARS: usize = 64;

/// What a claim is worth.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Who it is, as far as that is known.
    pub identity: Identity,
    /// Whether that is sure.
    pub status: MatchStatus,
}

/// Whom the roster finds for “是你吗？”.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Number and nickname agree.
    Account {
        /// The account.
        planet_user_id: PlanetUserId,
        /// Its nickname.
        planet_nickname: String,
        /// Its picture.
        avatar_url: Option<String>,
    },
    /// Only the number is known.
    Masked(String),
}

/// Checks a typed claim: number and nickname are both given or both absent.
pub fn check_claim(claim: PlanetClaim) -> Result<PlanetClaim> {
    let claim = PlanetClaim {
        planet_id: given(claim.planet_id),
        nickname: given(claim.nickname),
        wechat_nickname: given(claim.wechat_nickname),
        signed: claim.signed,
    };
    let mut fields = Fields::new();
    match (&claim.planet_id, &claim.nickname) {
        (Some(id), _)
            if !(1..=15).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_digit()) =>
        {
            fields.insert("planetUserId", "请填写 1–15 位数字的星球编号".to_owned());
        }
        (Some(_), None) => {
            fields.insert("planetNickname", "请一并填写星球昵称".to_owned());
        }
        (None, Some(_)) => {
            fields.insert("planetUserId", "请一并填写星球编号".to_owned());
        }
        _ => {}
    }
    let names = [
        ("planetNickname", &claim.nickname),
        ("wechatNickname", &claim.wechat_nickname),
    ];
    for (field, name) in names {
        if name
            .as_ref()
            .is_some_and(|name| name.chars().count() > MAX_NICKNAME_CHARS)
        {
            fields.insert(field, format!("最多 {MAX_NICKNAME_CHARS} 个字"));
        }
    }
    if fields.is_empty() {
        Ok(claim)
    } else {
        Err(Error::Invalid(fields))
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Judges a claim against the roster. A typed id is a claim, not a proof: it is sure only if the
/// roster knows that id and nickname together, or if the link was signed by us.
pub async fn judge(conn: &mut Conn, claim: &PlanetClaim) -> Result<Judged> {
    let wechat_nickname = claim.wechat_nickname.clone().unwrap_or_default();
    let typed_nickname = claim.nickname.clone().unwrap_or_default();
    if let Some(signed) = claim.signed {
        let known = planet_users::find(conn, &signed.to_string()).await?;
        return Ok(Judged {
            identity: Identity {
                planet_user_id: Some(signed),
                planet_nickname: known.map_or(typed_nickname, |user| user.nickname),
                wechat_nickname,
                confidence: FULL_CONFIDENCE,
                reasons: vec!["通过专属链接报名".to_owned()],
            },
            status: MatchStatus::Matched,
        });
    }
    let Some(typed) = &claim.planet_id else {
        let identity = Identity {
            wechat_nickname,
            ..Identity::default()
        };
        return Ok(Judged {
            identity,
            status: MatchStatus::Pending,
        });
    };
    let user = planet_users::find(conn, typed).await?;
    let agrees = user.as_ref().is_some_and(|user| {
        user.in_roster
            && matches!(
                matching::identify(typed, &typed_nickname, &[candidate(user)]),
                Identified::Agreed(_)
            )
    });
    let (confidence, status, reason) = if agrees {
        (
            FULL_CONFIDENCE,
            MatchStatus::Matched,
            "编号与昵称和名册一致",
        )
    } else {
        (
            CLAIMED_CONFIDENCE,
            MatchStatus::Pending,
            "会员自己填写，尚未核实",
        )
    };
    let account = user
        .map(|user| user.planet_user_id)
        .or_else(|| account_id(typed));
    Ok(Judged {
        identity: Identity {
            planet_user_id: account.map(PlanetUserId),
            planet_nickname: typed_nickname,
            wechat_nickname,
            confidence,
            reasons: vec![reason.to_owned()],
        },
        status,
    })
}

/// Digits that a planet account's id has at least; shorter numbers are 成员编号 (zsxq §3).
const MIN_ACCOUNT_DIGITS: usize = 10;

/// A typed number that can be an account's id even if no roster knows it yet.
fn account_id(typed: &str) -> Option<i64> {
    (typed.len() >= MIN_ACCOUNT_DIGITS)
        .then(|| typed.parse().ok())
        .flatten()
}

/// Whom the roster finds for a number and a nickname; shows no more than the two prove.
pub async fn find(ctx: &Context, typed: &str, nickname: &str) -> Result<Option<Found>> {
    let mut conn = ctx.db.read().await?;
    let Some(user) = planet_users::find(&mut conn, typed).await? else {
        return Ok(None);
    };
    Ok(
        match matching::identify(typed, nickname, &[candidate(&user)]) {
            Identified::Agreed(_) => Some(Found::Account {
                planet_user_id: PlanetUserId(user.planet_user_id),
                planet_nickname: user.nickname,
                avatar_url: user.avatar_url,
            }),
            Identified::NumberOnly(_) => {
                Some(Found::Masked(matching::mask_nickname(&user.nickname)))
            }
            Identified::Nobody => None,
        },
    )
}

/// An account as the matcher sees it.
#[must_use]
pub fn candidate(user: &planet_users::PlanetUser) -> Candidate {
    Candidate {
        user_id: user.planet_user_id.to_string(),
        member_number: user.member_number.and_then(|number| number.try_into().ok()),
        nickname: Some(user.nickname.clone()),
        card_name: Some(user.card_name.clone()).filter(|name| !name.is_empty()),
        wechat_nickname: Some(user.wechat_nickname.clone()).filter(|name| !name.is_empty()),
        earlier_names: Vec::new(),
    }
}

/// Whom a page may take its reader for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefill {
    /// The account or number that the link named.
    pub planet_user_id: String,
    /// Its nickname; only for a link that we signed.
    pub planet_nickname: Option<String>,
    /// Whether we signed the link for this account.
    pub signed: bool,
}

/// What a link fills in. Who has a signed one is told the nickname; an unsigned one only brings
/// its own number back.
pub async fn prefill(
    ctx: &Context,
    camp: CampId,
    typed: &str,
    ticket: Option<&str>,
) -> Result<Option<Prefill>> {
    let Ok(account) = typed.parse::<i64>().map(PlanetUserId) else {
        return Ok(None);
    };
    let signed = match ticket {
        Some(ticket) => personal_links::verify(ctx, camp, account, ticket)?,
        None => false,
    };
    let mut conn = ctx.db.read().await?;
    let known = if signed {
        planet_users::find(&mut conn, typed).await?
    } else {
        None
    };
    Ok(Some(Prefill {
        planet_user_id: typed.to_owned(),
        planet_nickname: known.map(|user| user.nickname),
        signed,
    }))
}

/// A claim that came with a personal link: signed if the ticket is ours for that account.
pub fn claim_of_link(
    ctx: &Context,
    camp: CampId,
    ticket: Option<&str>,
    mut claim: PlanetClaim,
) -> Result<PlanetClaim> {
    if let (Some(ticket), Some(typed)) = (ticket, &claim.planet_id)
        && let Ok(account) = typed.parse::<i64>().map(PlanetUserId)
        && personal_links::verify(ctx, camp, account, ticket)?
    {
        claim.signed = Some(account);
    }
    Ok(claim)
}

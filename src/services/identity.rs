//! Judges who somebody is on the planet: the worth of their claim against the roster.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::matching::{self, Candidate, Claim, Decision, Identified, Reason};
use crate::domain::member::FULL_CONFIDENCE;
use crate::domain::shown_name::visible;
use crate::domain::{CampId, MatchStatus, PlanetUserId};
use crate::store::Conn;
use crate::store::members::Identity;
use crate::store::payments::PlanetClaim;
use crate::store::planet_users::{self, Named, PlanetUser};
use crate::store::roster::{self, RosterRow};

use super::{Context, Error, FieldError, FieldErrors, Result, personal_links};

/// Confidence of a claim that nothing speaks for or against: typed by the member alone.
const CLAIMED_CONFIDENCE: i64 = 50;
/// The most that a claim which the roster does not prove is worth: a person or a sync confirms it.
const UNPROVED_CONFIDENCE: i64 = Decision::MATCHED_FROM as i64 - 1;
/// Characters of a nickname at most.
const MAX_NICKNAME_CHARS: usize = 64;

/// A claim, judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The account, as far as that is known.
    pub identity: Identity,
    /// Matched if that is sure.
    pub status: MatchStatus,
}

/// Whom the roster finds for “是你吗？”.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Number and nickname agree.
    Account {
        /// The account; its number where no sync has seen the account yet.
        planet_id: String,
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
        planet_id: given(claim.planet_id.as_deref().map(plain_digits)),
        nickname: given(claim.nickname),
        wechat_nickname: given(claim.wechat_nickname),
        signed: claim.signed,
    };
    let mut fields = FieldErrors::new();
    match (&claim.planet_id, &claim.nickname) {
        (Some(id), _)
            if !(1..=15).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_digit()) =>
        {
            fields.insert("planetUserId".into(), FieldError::Malformed);
        }
        (Some(_), None) => {
            fields.insert("planetNickname".into(), FieldError::Missing);
        }
        (None, Some(_)) => {
            fields.insert("planetUserId".into(), FieldError::Missing);
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
            let max = MAX_NICKNAME_CHARS;
            fields.insert(field.into(), FieldError::TooLong { max });
        }
    }
    if fields.is_empty() {
        Ok(claim)
    } else {
        Err(Error::Invalid(fields))
    }
}

/// A number as it was meant: full-width digits and blanks between them are slips of a phone's
/// keyboard.
fn plain_digits(typed: &str) -> String {
    typed.nfkc().filter(|c| !c.is_whitespace()).collect()
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Judges a claim against the roster. A typed id is a claim, not a proof: it is sure only if the
/// roster knows that id and nickname together, or if the link was signed by us.
pub async fn judge(conn: &mut Conn, claim: &PlanetClaim) -> Result<Judged> {
    if let Some(signed) = claim.signed {
        return judge_signed(conn, claim, signed).await;
    }
    let Some(typed) = &claim.planet_id else {
        let identity = Identity {
            wechat_nickname: claim.wechat_nickname.clone().unwrap_or_default(),
            ..Identity::default()
        };
        return Ok(Judged {
            identity,
            status: MatchStatus::Pending,
        });
    };
    match planet_users::named(conn, typed).await? {
        Named::Account(user) => judge_by_account(conn, claim, typed, &user).await,
        Named::Unseen(row) => judge_by_number(conn, claim, typed, Some(row)).await,
        Named::Nobody => judge_by_number(conn, claim, typed, None).await,
    }
}

async fn judge_signed(
    conn: &mut Conn,
    claim: &PlanetClaim,
    signed: PlanetUserId,
) -> Result<Judged> {
    let known = planet_users::find(conn, &signed.to_string()).await?;
    let reasons = vec![Reason::PersonalLink.to_string()];
    let mut identity = claimed(claim, Some(signed), FULL_CONFIDENCE, reasons);
    if let Some(user) = known {
        identity.planet_nickname = user.nickname;
    }
    Ok(Judged {
        identity,
        status: MatchStatus::Matched,
    })
}

/// Judges a claim whose id or number is a known account's.
async fn judge_by_account(
    conn: &mut Conn,
    claim: &PlanetClaim,
    typed: &str,
    user: &PlanetUser,
) -> Result<Judged> {
    let account = Some(user.planet_user_id);
    let candidates = [as_candidate(conn, user).await?];
    let nickname = claim.nickname.as_deref().unwrap_or_default();
    let agrees = matches!(
        matching::identify(typed, nickname, &candidates),
        Identified::Agreed(_)
    );
    if user.in_roster && agrees {
        let reasons = vec![Reason::RosterAgrees.to_string()];
        return Ok(Judged {
            identity: claimed(claim, account, FULL_CONFIDENCE, reasons),
            status: MatchStatus::Matched,
        });
    }
    let weighed = Claim {
        typed_planet_id: Some(typed.to_owned()),
        typed_nickname: claim.nickname.clone(),
        wechat_nickname: claim.wechat_nickname.clone(),
        ..Claim::default()
    };
    let scored = matching::candidates_for(&weighed, &candidates, &HashSet::new(), 1).pop();
    let (score, reasons) = scored.map_or((0, Vec::new()), |scored| (scored.score, scored.reasons));
    let confidence = i64::from(score).min(UNPROVED_CONFIDENCE);
    let mut reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    reasons.push(Reason::Unproved.to_string());
    Ok(Judged {
        identity: claimed(claim, account, confidence, reasons),
        status: MatchStatus::Pending,
    })
}

/// Judges a claim of whose id or number no account is known. The roster may still know the number,
/// while no sync has seen the account.
async fn judge_by_number(
    conn: &mut Conn,
    claim: &PlanetClaim,
    typed: &str,
    unseen: Option<RosterRow>,
) -> Result<Judged> {
    let nickname = claim.nickname.as_deref().unwrap_or_default();
    let reason = match unseen {
        Some(row) => {
            let candidate = unseen_candidate(conn, &row).await?;
            match matching::identify(typed, nickname, &[candidate]) {
                Identified::Agreed(_) => Reason::RosterAgreesUnseen,
                Identified::NumberOnly(_) | Identified::Nobody => Reason::RosterNicknameDiffers,
            }
        }
        None => Reason::Unproved,
    };
    let account = account_id(typed).map(PlanetUserId);
    let reasons = vec![reason.to_string()];
    Ok(Judged {
        identity: claimed(claim, account, CLAIMED_CONFIDENCE, reasons),
        status: MatchStatus::Pending,
    })
}

/// The identity that a claim amounts to.
fn claimed(
    claim: &PlanetClaim,
    account: Option<PlanetUserId>,
    confidence: i64,
    reasons: Vec<String>,
) -> Identity {
    Identity {
        planet_user_id: account,
        planet_nickname: claim.nickname.clone().unwrap_or_default(),
        wechat_nickname: claim.wechat_nickname.clone().unwrap_or_default(),
        confidence,
        reasons,
        looked_at_by: None,
    }
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
    let typed = plain_digits(typed);
    let mut conn = ctx.db.read().await?;
    let (candidate, planet_id, known_as, picture) =
        match planet_users::named(&mut conn, &typed).await? {
            Named::Account(user) => {
                let candidate = as_candidate(&mut conn, &user).await?;
                let account = user.planet_user_id.to_string();
                (candidate, account, user.nickname, user.avatar_url)
            }
            Named::Unseen(row) => {
                let candidate = unseen_candidate(&mut conn, &row).await?;
                (candidate, row.member_number.to_string(), row.nickname, None)
            }
            Named::Nobody => return Ok(None),
        };
    Ok(shown(
        &typed, nickname, candidate, planet_id, known_as, picture,
    ))
}

fn shown(
    typed: &str,
    nickname: &str,
    candidate: Candidate,
    planet_id: String,
    planet_nickname: String,
    avatar_url: Option<String>,
) -> Option<Found> {
    match matching::identify(typed, nickname, &[candidate]) {
        Identified::Agreed(_) => Some(Found::Account {
            planet_id,
            planet_nickname: visible(&planet_nickname),
            avatar_url,
        }),
        Identified::NumberOnly(_) => Some(Found::Masked(matching::mask_nickname(&planet_nickname))),
        Identified::Nobody => None,
    }
}

/// An account as the matcher sees it, with the names it had.
pub async fn as_candidate(conn: &mut Conn, user: &PlanetUser) -> Result<Candidate> {
    let had = planet_users::names_of(conn, user.planet_user_id).await?;
    Ok(candidate(user, had))
}

/// The same, where the names are at hand.
#[must_use]
pub fn candidate(user: &PlanetUser, mut had: Vec<String>) -> Candidate {
    had.retain(|name| *name != user.nickname && *name != user.card_name);
    Candidate {
        user_id: user.planet_user_id.to_string(),
        member_number: user.member_number.and_then(|number| number.try_into().ok()),
        nickname: Some(user.nickname.clone()),
        card_name: known(&user.card_name),
        wechat_nickname: known(&user.wechat_nickname),
        earlier_names: had,
    }
}

/// A row of the roster whose account nobody has seen, as the matcher weighs it.
async fn unseen_candidate(conn: &mut Conn, row: &RosterRow) -> Result<Candidate> {
    let mut had = roster::names_of(conn, row.member_number).await?;
    had.retain(|name| *name != row.nickname && *name != row.card_name);
    Ok(Candidate {
        user_id: String::new(),
        member_number: row.member_number.try_into().ok(),
        nickname: Some(row.nickname.clone()),
        card_name: known(&row.card_name),
        wechat_nickname: known(&row.wechat_nickname),
        earlier_names: had,
    })
}

fn known(name: &str) -> Option<String> {
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

/// Whom a page may take its reader for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefill {
    /// The account or number that the link named.
    pub planet_user_id: String,
    /// Its nickname; only for a link that we signed.
    pub planet_nickname: Option<String>,
    /// We signed the link for this account.
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
        planet_nickname: known.map(|user| visible(&user.nickname)),
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

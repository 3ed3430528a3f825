//! Proving an account by a code: the member's page shows it, the member writes it into their next
//! check-in, and the sync that finds it there knows whose account it is.

use std::collections::{BTreeSet, HashMap};

use crate::domain::matching::Reason;
use crate::domain::member::FULL_CONFIDENCE;
use crate::domain::{
    BindMethod, BindStatus, Machine as _, MatchStatus, MemberId, OrderStatus, PlanetUserId,
    ProofCode,
};
use crate::platforms::zsxq::Post;
use crate::store::members::{self, Identity, Member};
use crate::store::payments::{self, Payment};
use crate::store::{Note, Tx, planet_users};

use super::contest::{claim_status, doubt, readable_order};
use super::identity::Judged;
use super::matching::{claimed, tell_people};
use super::{Context, Error, Result};

/// The derived key of the codes.
const PURPOSE: &str = "proof code";
/// How often another code is made because somebody of the camp has it: a camp of 1,000 has a code in
/// 200 taken.
const MAX_TRIES: u32 = 16;

/// Gives the code of a member, made when it is first asked for, while it could help: nobody knows yet
/// which account they are, their money is here, and a check-in can still carry it.
pub(super) async fn code_of(
    ctx: &Context,
    member: &Member,
    payment: &Payment,
) -> Result<Option<String>> {
    let can_check_in = payment
        .terms
        .is_some_and(|terms| ctx.today() <= terms.end_date);
    let helps = member.match_status != MatchStatus::Matched
        && payment.status == OrderStatus::Paid
        && can_check_in;
    if !helps {
        return Ok(None);
    }
    if member.proof_code.is_some() {
        return Ok(member.proof_code.clone());
    }
    let given = (ctx.clone(), member.id, payment.order_no.clone());
    ctx.transact(given, |tx, (ctx, id, order_no)| {
        Box::pin(give_code(ctx, tx, *id, order_no))
    })
    .await
    .map(Some)
}

async fn give_code(ctx: &Context, tx: &mut Tx, id: MemberId, order_no: &str) -> Result<String> {
    for nth in 0..MAX_TRIES {
        let mac = ctx
            .keys()
            .mac(PURPOSE, format!("{order_no}:{nth}").as_bytes());
        for code in ProofCode::of(&mac) {
            if members::give_code(tx, id, &code).await? {
                return Ok(code.to_string());
            }
            let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
            if let Some(given) = member.proof_code {
                return Ok(given);
            }
        }
    }
    Err(Error::Invariant(format!("no code is free for member {id}")))
}

/// Matches the members of a camp whose codes stand in posts of their days; `members` are brought up to
/// date. Only who has newly written a code changes anything: what a person decides about it later
/// stands, however often the post is read again. The caller holds `Lock::Decisions`.
pub(super) async fn recognize(
    ctx: &Context,
    tx: &mut Tx,
    posts: &[Post],
    members: &mut [Member],
    note: &Note,
) -> Result<()> {
    let places: HashMap<ProofCode, usize> = members
        .iter()
        .enumerate()
        .filter_map(|(place, member)| {
            Some((ProofCode::read(member.proof_code.as_deref()?)?, place))
        })
        .collect();
    let mut written: HashMap<usize, Vec<&Post>> = HashMap::new();
    for post in posts {
        for place in post
            .codes
            .iter()
            .filter_map(|word| places.get(&ProofCode::read(word)?))
        {
            written.entry(*place).or_default().push(post);
        }
    }
    let in_order: BTreeSet<usize> = written.keys().copied().collect();
    // All are noted before anybody is matched: who writes two members' codes proves neither.
    let mut proved = Vec::new();
    for place in in_order {
        let id = members[place].id;
        let Some((payment, _)) = readable_order(tx, &members[place]).await? else {
            continue;
        };
        let (OrderStatus::Paid, Some(terms)) = (payment.status, payment.terms) else {
            continue;
        };
        let mut is_new = false;
        for post in written.get(&place).into_iter().flatten() {
            let day = post.shanghai_date();
            if (terms.start_date..=terms.end_date).contains(&day) {
                let account = PlanetUserId(post.user_id);
                is_new |= members::add_proof(tx, id, account, note.at).await?;
            }
        }
        if is_new {
            proved.push((place, payment));
        }
    }
    for (place, payment) in proved {
        let (id, camp) = (members[place].id, members[place].camp_id);
        match members::proofs(tx, id).await?.as_slice() {
            [account] if members::proved_by(tx, camp, *account).await? == 1 => {
                prove(ctx, tx, members, place, &payment, *account, note).await?;
            }
            _ => leave_to_people(ctx, tx, &mut members[place], Reason::CodeOfMany, note).await?,
        }
    }
    Ok(())
}

/// Matches a member with the account that wrote their code. Who merely claims it has to wait.
async fn prove(
    ctx: &Context,
    tx: &mut Tx,
    members: &mut [Member],
    place: usize,
    payment: &Payment,
    account: PlanetUserId,
    note: &Note,
) -> Result<()> {
    let id = members[place].id;
    let has_it = |member: &Member| {
        member.match_status == MatchStatus::Matched
            && member.identity.planet_user_id == Some(account)
    };
    // They have it already, or what they were taken for before stands.
    if has_it(&members[place]) || claim_status(tx, &members[place]).await?.is_some() {
        return Ok(());
    }
    for other in members
        .iter_mut()
        .filter(|other| other.id != id && has_it(other))
    {
        if let Some(stands) = claim_status(tx, other).await? {
            let member = &mut members[place];
            return leave_to_people(ctx, tx, member, stands.reason(), note).await;
        }
        *other = doubt(tx, other, Reason::ProvedByAnother, note.at).await?;
    }
    let member = &mut members[place];
    *member = doubt(tx, member, Reason::ProofCode, note.at).await?;
    let known = planet_users::find(tx, &account.to_string()).await?;
    let known = known.filter(|user| user.planet_user_id == account);
    let identity = Identity {
        planet_user_id: Some(account),
        planet_nickname: match known {
            Some(user) => user.nickname,
            None => member.identity.planet_nickname.clone(),
        },
        confidence: FULL_CONFIDENCE,
        reasons: vec![Reason::ProofCode.to_string()],
        looked_at_by: None,
        ..member.identity.clone()
    };
    let change = member.match_status.to(MatchStatus::Matched)?;
    let judged = Judged {
        identity,
        status: MatchStatus::Matched,
    };
    let note = &claimed(&judged, note);
    members::set_match(tx, id, change, &judged.identity, note).await?;
    member.match_status = MatchStatus::Matched;
    member.identity = judged.identity;
    if payment.bind_status != BindStatus::Completed {
        let change = payment.bind_status.to(BindStatus::Completed)?;
        let method = Some(BindMethod::SmartMatch);
        payments::advance_binding(tx, payment.id, change, method, note);
    }
    Ok(())
}

/// Leaves to people who a member is, unless what they were taken for stands.
async fn leave_to_people(
    ctx: &Context,
    tx: &mut Tx,
    member: &mut Member,
    reason: Reason,
    note: &Note,
) -> Result<()> {
    if member.match_status == MatchStatus::Matched {
        if claim_status(tx, member).await?.is_some() {
            return Ok(());
        }
        *member = doubt(tx, member, reason, note.at).await?;
    } else if member.identity.add_reason(&reason.to_string()) {
        let (id, status) = (member.id, member.match_status);
        members::set_identity(tx, id, status, &member.identity, note.at).await?;
    }
    tell_people(ctx, tx, member.camp_id, note.at).await
}

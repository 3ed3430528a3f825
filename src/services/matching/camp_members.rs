//! The two sides of the match: the accounts of the planet, and the members of one camp who
//! are not known to be one of them yet.

use std::collections::{HashMap, HashSet};

use crate::domain::matching::{Candidate, Claim};
use crate::domain::{BindStatus, CampId, MatchStatus, MemberId, OrderStatus, PlanetUserId};
use crate::services::rows::readable;
use crate::services::{Result, identity};
use crate::store::members::Member;
use crate::store::payments::Payment;
use crate::store::{Conn, camps, members, payments, planet_users};

use super::choose::was_looked_at;

/// Every account of the planet with every name it has had.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) candidates: Vec<Candidate>,
    nicknames: HashMap<String, String>,
}

impl Accounts {
    pub(super) async fn load(conn: &mut Conn) -> Result<Self> {
        let users = planet_users::all(conn).await?;
        let mut names: HashMap<PlanetUserId, Vec<String>> = HashMap::new();
        for (account, name) in planet_users::names(conn).await? {
            names.entry(account).or_default().push(name);
        }
        let mut nicknames = HashMap::with_capacity(users.len());
        let mut candidates = Vec::with_capacity(users.len());
        for user in users {
            let had = names.remove(&user.planet_user_id);
            candidates.push(identity::candidate(&user, had.unwrap_or_default()));
            nicknames.insert(user.planet_user_id.to_string(), user.nickname);
        }
        Ok(Self {
            candidates,
            nicknames,
        })
    }

    /// Says whether the roster or a sync has brought an account.
    pub(super) fn knows(&self, account: PlanetUserId) -> bool {
        self.nicknames.contains_key(&account.to_string())
    }

    /// The present nickname of an account; empty for one that is not known.
    pub(super) fn nickname(&self, account: &str) -> &str {
        self.nicknames.get(account).map_or("", String::as_str)
    }
}

/// The members of one camp, each with the payment that made them.
#[derive(Debug)]
pub(super) struct CampMembers {
    members: Vec<(Member, Payment)>,
    accounts_elsewhere: HashMap<MemberId, Vec<String>>,
    is_synced: bool,
}

impl CampMembers {
    pub(super) async fn load(conn: &mut Conn, camp: CampId) -> Result<Self> {
        let mut payments: HashMap<_, _> = readable(payments::of_members(conn, camp).await?)
            .into_iter()
            .map(|payment| (payment.id, payment))
            .collect();
        let members = readable(members::of_camp(conn, camp).await?)
            .into_iter()
            .filter_map(|member| Some((payments.remove(&member.payment_id)?, member)))
            .map(|(payment, member)| (member, payment))
            .collect();
        let mut accounts_elsewhere: HashMap<MemberId, Vec<String>> = HashMap::new();
        for (member, account) in payments::accounts_elsewhere(conn, camp).await? {
            let known = accounts_elsewhere.entry(member).or_default();
            known.push(account.to_string());
        }
        Ok(Self {
            members,
            accounts_elsewhere,
            is_synced: camps::by_id(conn, camp)
                .await?
                .is_some_and(|camp| camp.current_sync.is_some()),
        })
    }

    /// Says whether the first sync of the camp may still bring an account that fits a member: they have
    /// told something to find them by, and nobody has checked in yet.
    pub(super) fn may_still_learn(&self, id: MemberId) -> bool {
        let claim = self.claim_of(id).unwrap_or_default();
        let tells = claim.typed_planet_id.is_some()
            || claim.wechat_nickname.is_some()
            || !claim.earlier_accounts.is_empty();
        !self.is_synced && tells
    }

    /// The claims of everybody who is not matched and whose money is here, and in any case that of
    /// one member `of` interest. Who waits for a person is among them: their claim makes that of
    /// others doubtful, unless a person has said that it leads nowhere.
    pub(super) fn claims(&self, of: Option<MemberId>) -> Vec<Claim> {
        self.members
            .iter()
            .filter(|(member, payment)| {
                let counts = is_open(member, payment) && !was_looked_at(member);
                counts || Some(member.id) == of
            })
            .map(|(member, payment)| self.claim(member, payment))
            .collect()
    }

    /// The others who say to be an account, and of whom nobody knows yet whether they are.
    pub(super) fn claiming(
        &self,
        account: PlanetUserId,
        except: MemberId,
    ) -> impl Iterator<Item = MemberId> {
        self.members
            .iter()
            .filter(|(member, payment)| is_open(member, payment))
            .map(|(member, _)| member)
            .filter(move |member| member.identity.planet_user_id == Some(account))
            .map(|member| member.id)
            .filter(move |id| *id != except)
    }

    /// The members of whom a person took none of the accounts, and who have let their seven days
    /// pass since.
    pub(super) fn passed_over(&self) -> impl Iterator<Item = MemberId> {
        self.members
            .iter()
            .filter(|(member, payment)| {
                member.match_status == MatchStatus::Pending
                    && payment.status == OrderStatus::Paid
                    && payment.bind_status == BindStatus::Expired
                    && was_looked_at(member)
            })
            .map(|(member, _)| member.id)
    }

    /// Says whether the machine has anybody to decide about.
    pub(super) fn has_open(&self) -> bool {
        self.members.iter().any(|(member, payment)| {
            member.match_status == MatchStatus::Pending
                && payment.status == OrderStatus::Paid
                && matches!(
                    payment.bind_status,
                    BindStatus::Expired | BindStatus::Completed
                )
        })
    }

    /// Where the binding of a member is whose match is pending.
    pub(super) fn binding(&self, id: MemberId) -> Option<BindStatus> {
        self.members
            .iter()
            .find(|(member, _)| member.id == id && member.match_status == MatchStatus::Pending)
            .map(|(_, payment)| payment.bind_status)
    }

    /// One member with the payment that made them.
    pub(super) fn member(&self, id: MemberId) -> Option<&(Member, Payment)> {
        self.members.iter().find(|(member, _)| member.id == id)
    }

    /// The members that only a person can decide about: those whom the machine gave up, and claims
    /// that nothing has confirmed. Who may still bind by themselves is not among them.
    pub(super) fn for_people(&self) -> impl Iterator<Item = &(Member, Payment)> {
        self.members.iter().filter(|(member, payment)| {
            member.match_status != MatchStatus::Matched
                && payment.status == OrderStatus::Paid
                && matches!(
                    payment.bind_status,
                    BindStatus::ManualRequired | BindStatus::Completed
                )
        })
    }

    /// The claim of one member, matched or not.
    pub(super) fn claim_of(&self, id: MemberId) -> Option<Claim> {
        self.member(id)
            .map(|(member, payment)| self.claim(member, payment))
    }

    fn claim(&self, member: &Member, payment: &Payment) -> Claim {
        let typed = &payment.claim;
        let signed = typed.signed.map(|account| account.to_string());
        let wechat_nickname = &member.identity.wechat_nickname;
        Claim {
            key: member.id.to_string(),
            typed_planet_id: signed.or_else(|| typed.planet_id.clone()),
            typed_nickname: typed.nickname.clone(),
            wechat_nickname: Some(wechat_nickname.clone()).filter(|name| !name.is_empty()),
            earlier_accounts: self
                .accounts_elsewhere
                .get(&member.id)
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// The accounts that anybody in this camp has or says to be.
    pub(super) fn claimed(&self) -> HashSet<PlanetUserId> {
        let members = self.members.iter().map(|(member, _)| member);
        members
            .filter_map(|member| member.identity.planet_user_id)
            .collect()
    }

    /// The accounts that are somebody's in this camp, `except` one member's.
    pub(super) fn taken(&self, except: Option<MemberId>) -> HashSet<String> {
        self.members
            .iter()
            .map(|(member, _)| member)
            .filter(|member| {
                member.match_status == MatchStatus::Matched && Some(member.id) != except
            })
            .filter_map(|member| member.identity.planet_user_id)
            .map(|account| account.to_string())
            .collect()
    }
}

/// Says whether it is still to be found out who somebody is whose money is here.
fn is_open(member: &Member, payment: &Payment) -> bool {
    member.match_status != MatchStatus::Matched && payment.status == OrderStatus::Paid
}

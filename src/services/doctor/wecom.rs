//! The WeCom application: its token, our address, who sees it, and the domain of its pages.

use wecom::client::{Agent, Client, Error, ErrorClass};
use wecom::jssdk::TicketKind;

use crate::catalogue::{Finding, Part};
use crate::platforms::probe;
use crate::services::{Context, Result};

use super::outcome::{Checked, blocked, not_in_use};

/// What one look at the application says; the token comes first.
pub(super) const PARTS: &[Part] = &[
    Part::WecomToken,
    Part::TrustedIp,
    Part::Agent,
    Part::TrustedDomain,
];

pub(super) async fn look(ctx: &Context) -> Result<Vec<Checked>> {
    let Some(client) = &ctx.clients.wecom else {
        return Ok(not_in_use(PARTS, "wecom"));
    };
    if let Err(error) = client.access_token().await {
        return Ok(refused(Part::WecomToken, &error));
    }
    let token = Checked::ok(Part::WecomToken, Finding::TokenGood);
    let mut checks = vec![token];
    match client.agent().await {
        Err(error) if error.class() == Some(ErrorClass::UntrustedIp) => {
            checks.extend(refused(Part::TrustedIp, &error));
        }
        Err(error) if matches!(error.class(), Some(ErrorClass::Secret)) => {
            return Ok(refused(Part::WecomToken, &error));
        }
        Err(error) => {
            checks.push(Checked::ok(Part::TrustedIp, Finding::IpTrusted));
            checks.extend(refused(Part::Agent, &error));
        }
        Ok(agent) => {
            checks.push(Checked::ok(Part::TrustedIp, Finding::IpTrusted));
            checks.push(seen(&agent));
            checks.push(domain(ctx, client, &agent).await);
        }
    }
    Ok(checks)
}

/// A part that fails, and those behind it, which cannot be looked at.
fn refused(part: Part, error: &Error) -> Vec<Checked> {
    tracing::warn!(%error, part = part.as_str(), "WeCom was asked by the doctor");
    let behind = PARTS.iter().skip_while(|it| **it != part).skip(1);
    let behind: Vec<Part> = behind.copied().collect();
    let mut checks = vec![Checked::fail(part, finding_of(error))];
    checks.extend(blocked(&behind));
    checks
}

fn finding_of(error: &Error) -> Finding {
    match (error.class(), error.code()) {
        (Some(ErrorClass::UntrustedIp), _) => Finding::IpUntrusted {
            address: error
                .untrusted_ip()
                .map(|ip| ip.to_string())
                .unwrap_or_default(),
        },
        (Some(ErrorClass::Secret), _) => Finding::SecretWrong,
        (Some(ErrorClass::Configuration), Some(40013 | 41002)) => Finding::CorpWrong,
        (Some(ErrorClass::Configuration), Some(40056 | 301_002)) => Finding::AgentWrong,
        (Some(ErrorClass::Configuration), Some(40091 | 41004)) => Finding::SecretWrong,
        (Some(ErrorClass::Disabled), _) => Finding::AgentClosed,
        (_, Some(code)) => Finding::WecomRefuses { code },
        (_, None) => Finding::WecomSilent,
    }
}

fn seen(agent: &Agent) -> Checked {
    const PART: Part = Part::Agent;
    let is_seen = agent.visible_users().next().is_some()
        || !agent.visible_parties().is_empty()
        || !agent.visible_tags().is_empty();
    if agent.close {
        Checked::fail(PART, Finding::AgentClosed)
    } else if is_seen {
        let name = agent.name.clone();
        Checked::ok(PART, Finding::AgentGood { name })
    } else {
        Checked::fail(PART, Finding::AgentInvisible)
    }
}

async fn domain(ctx: &Context, client: &Client, agent: &Agent) -> Checked {
    const PART: Part = Part::TrustedDomain;
    let domain = probe::domain_of(&ctx.settings.public_url).unwrap_or_default();
    let trusted = agent.redirect_domain.trim().to_owned();
    if trusted.is_empty() {
        return Checked::fail(PART, Finding::DomainMissing { domain });
    }
    if !trusted.eq_ignore_ascii_case(&domain) {
        return Checked::fail(PART, Finding::DomainOther { domain, trusted });
    }
    for kind in [TicketKind::Corp, TicketKind::Agent] {
        if let Err(error) = client.js_ticket(kind).await {
            let finding = match error.code() {
                Some(code) => Finding::TicketRefused { code },
                None => Finding::WecomSilent,
            };
            return Checked::fail(PART, finding);
        }
    }
    Checked::ok(PART, Finding::DomainGood { domain })
}

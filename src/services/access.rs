//! Who may do what where: the one place that asks the table of permissions, for chat and console
//! alike.

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, Forbidden};
use crate::store::{Conn, camps};

use super::Result;

/// Refuses unless `actor` may do `action` in this camp.
pub async fn require(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    camp_id: CampId,
) -> Result<()> {
    let allowed = match actor.role.may(action) {
        Reach::All => true,
        Reach::OwnCamps => camps::is_staffed_by(conn, camp_id, actor.user_id).await?,
        Reach::Nowhere => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Forbidden {
            role: actor.role,
            action,
        }
        .into())
    }
}

/// Refuses unless `actor` may do `action` everywhere.
pub fn require_anywhere(actor: &Actor, action: Action) -> Result<()> {
    match actor.role.may(action) {
        Reach::All => Ok(()),
        Reach::OwnCamps | Reach::Nowhere => Err(Forbidden {
            role: actor.role,
            action,
        }
        .into()),
    }
}

/// How far `actor` may do `action`; refuses who may nowhere. Lists narrow themselves by it.
pub fn reach_of(actor: &Actor, action: Action) -> Result<Reach> {
    match actor.role.may(action) {
        Reach::Nowhere => Err(Forbidden {
            role: actor.role,
            action,
        }
        .into()),
        reach => Ok(reach),
    }
}

//! Camps: filled in by staff, published, moved by the calendar, and shown.

mod changes;
mod edit;
mod introduction;
mod life;
mod links;
mod project;
mod robot_key;
mod show;

pub use edit::{CampInput, Sent, create, update};
pub use life::{Advanced, advance_by_calendar, delete, publish, reopen, withdraw};
pub use links::{enroll_qr, enroll_url, personal_urls};
pub use project::{PlanetProject, planet_projects, publish_with_project};
pub use robot_key::ROBOT_KEY_PLACE;
pub use show::{CampDetail, CampPhase, CampQuery, Statistics, by_id, list, statistics};

use crate::domain::CampId;
use crate::domain::staff::Actor;
use crate::store::audit::Entry;
use crate::store::camps::{self, Camp};
use crate::store::{Conn, Note};

use super::{Context, Error, Result};

/// A camp that is there.
async fn found(conn: &mut Conn, id: CampId) -> Result<Camp> {
    camps::by_id(conn, id).await?.ok_or(Error::NotFound)
}

/// What an actor did to a camp.
fn entry(ctx: &Context, actor: &Actor, action: &'static str, id: CampId) -> Entry {
    Entry {
        actor: Some(actor.clone()),
        action,
        object_type: "camp",
        object_id: id.to_string(),
        details: serde_json::Value::Null,
        at: ctx.now(),
    }
}

fn note(ctx: &Context, actor: &Actor, reason: &str) -> Note {
    Note::new(actor, reason, ctx.now())
}

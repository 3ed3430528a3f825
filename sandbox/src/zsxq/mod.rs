//! The stand-in of the planet (知识星球): its private API as far as a check-in sync uses it.
//!
//! The data are in memory, visible as far as business time has come. Every call is checked for
//! signature and token; what a polite client does not do goes into the violations log.
//!
//! Besides the faults of the transport: `api_error` answers any code (`1059`, `500` …) in HTTP 200
//! without doing anything, with `after` in mid-pagination; `expired_token` answers 401 once; the
//! named fault `check_in_between_pages` `{userId?}` lets somebody check in right after a page of
//! the ranking or of the posts was served (its path is `between-pages/<checkin id>`).

mod checkins;
mod community;
mod control;
mod gate;
mod people;
mod post;
mod projects;
mod ranking;
mod stand_in;
mod times;
mod wire;

use axum::Router;

pub use community::{GROUP_ID, NewPost, NewProject, NewUser, OWNER_ID, PlanetUser};
pub use stand_in::{CookieDeath, TOKEN, Zsxq};

/// What the platform serves, mounted at `/zsxq`.
pub(crate) fn router(platform: Zsxq) -> Router {
    people::routes()
        .merge(projects::routes())
        .merge(checkins::routes())
        .fallback(people::unknown_path)
        .method_not_allowed_fallback(people::unknown_path)
        .with_state(platform)
}

/// What people may do to it, mounted at `/control/zsxq`.
pub(crate) fn control_router(platform: Zsxq) -> Router {
    control::routes().with_state(platform)
}

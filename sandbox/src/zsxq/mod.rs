//! The stand-in of the planet.

use axum::{Router, http::StatusCode};

use crate::{server::SandboxError, world::World};

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct Zsxq {
    world: World,
}

impl Zsxq {
    pub(crate) fn new(world: World) -> Result<Self, SandboxError> {
        Ok(Self { world })
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        format!("[zsxq]\napi_base = \"{}/zsxq\"\n", self.world.base_url())
    }
}

/// What the platform serves, mounted at `/zsxq`.
pub(crate) fn router(_platform: Zsxq) -> Router {
    // An own fallback keeps unknown paths behind the faults of the transport.
    Router::new().fallback(async || StatusCode::NOT_FOUND)
}

/// What people may do to it, mounted at `/control/zsxq`.
///
/// The phone page uses: GET `projects` → `[{projectId, name, posts: [{at, userId, nickname, text}]}]`;
/// GET `users` → `[{userId, nickname}]`; POST `posts` `{projectId, userId, text?, at?}`. Ids are
/// strings.
pub(crate) fn control_router(_platform: Zsxq) -> Router {
    Router::new()
}

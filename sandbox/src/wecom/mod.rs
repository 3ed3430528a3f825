//! The stand-in of WeCom.

use axum::Router;

use crate::world::World;

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct Wecom {
    world: World,
}

impl Wecom {
    pub(crate) fn new(world: World) -> Self {
        Self { world }
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        format!("[wecom]\napi_base = \"{}/wecom\"\n", self.world.base_url())
    }
}

/// What the platform serves, mounted at `/wecom`.
pub(crate) fn router(_platform: Wecom) -> Router {
    Router::new()
}

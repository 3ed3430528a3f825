//! Our client of the stand-in's planet.

use campkeeper::platforms::zsxq::{Planet, Settings};
use sandbox::Sandbox;
use sandbox::zsxq::GROUP_ID;

/// A client that waits for nothing, signed in by `token`.
pub fn planet_client(sandbox: &Sandbox, token: &str) -> Planet {
    let base = format!("{}/zsxq", sandbox.base_url());
    let settings = Settings {
        min_interval_ms: 0,
        jitter_ms: 0,
        calls_per_day: 0,
        backoff_ms: [0; 5],
        ..Settings::new(base, GROUP_ID, token.into())
    };
    let wall = sandbox.clock().clone();
    Planet::new(settings, move || wall.wall_now(), rand::random::<u64>).unwrap()
}

//! Strict stand-ins of the platforms that Campkeeper talks to: WeCom, WeChat Pay and the planet.
//!
//! They are written from the platforms' documentation, not from our clients, and refuse what the
//! real ones refuse; so a misunderstanding in a client shows up as a failing test here. They know
//! nothing of the product: no camps, no refunds lists, no database. Nothing of this crate is linked
//! into the product's binary.
//!
//! [`Sandbox::start`] serves all of them, the phone page and the control API on one address;
//! in-process handles ([`Sandbox::wecom`] and its siblings) let tests act and look.

pub mod clock;
mod connection;
mod control;
mod error;
pub mod faults;
mod lock;
mod phone;
mod server;
mod transport_faults;
pub mod violations;
pub mod wechat_pay;
pub mod wecom;
mod world;
pub mod zsxq;

pub use clock::{ClockHook, SandboxClock};
pub use error::SandboxError;
pub use faults::{Fault, FaultKind, Faults, Platform};
pub use server::{Sandbox, SandboxConfig};
pub use violations::{Violation, Violations};
pub use world::World;

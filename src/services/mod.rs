//! The verbs: what people, platforms and the clock may have done. A service checks permission,
//! asks the rule of `domain`, and writes state, log, audit and outbox in one transaction. It
//! knows no HTTP request and no card layout, and holds no transaction while a call is out.

mod access;
pub mod access_token;
pub mod alarms;
pub mod bind;
pub mod books;
mod by_camp;
pub mod camps;
pub mod cards;
pub mod chat;
mod clients;
mod close_order;
pub mod configuration;
pub mod confirm_payment;
mod contest;
mod context;
pub mod deliver;
pub mod enroll;
mod error;
mod evidence;
pub mod file_links;
pub mod health;
pub mod identity;
pub mod inbox;
mod live;
pub mod logs;
pub mod lookup;
pub mod match_files;
pub mod matching;
pub mod members;
pub mod merchant;
pub mod notify;
pub mod orders;
pub mod payments;
pub mod personal_links;
pub mod progress;
mod proof;
pub mod reconcile;
pub mod refund;
pub mod roster;
pub mod rotate_keys;
mod rows;
pub mod session;
pub mod staff;
pub mod sync;
mod transact;
pub mod uploads;

pub use crate::catalogue::{Duplicate, Refusal, WrongState};
pub use crate::domain::{FieldError, FieldErrors};
pub use access::{reach_of, require, require_anywhere};
pub use clients::Clients;
pub use context::{Context, Settings, WallClock, WechatOauth};
pub use error::{Error, Result, with_causes};
pub use live::{LiveContext, Runtime};
pub use refund::review;

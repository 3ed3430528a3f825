//! Staff: signing in and out, and the accounts. A token is a JWT that names a session row, so
//! that signing out, disabling, deleting and a new password end it at once.

mod accounts;
mod attempts;
mod password;
mod session;
pub mod single_sign_on;
mod token;

pub use accounts::{
    Account, AccountChange, NewAccount, at_work, create, delete, list, reset_password, unlock,
    update,
};
pub use session::{
    Login, SignedIn, actor_by_wecom_userid, authenticate, change_password, end_all_sessions,
    end_session, log_in, log_out, sessions,
};
pub use token::claimed_user;

use crate::domain::UserId;
use crate::domain::staff::{Actor, Channel};
use crate::store::audit::Entry;
use crate::store::users::User;

use super::Context;

fn actor_of(user: &User, channel: Channel, ip: Option<String>) -> Actor {
    Actor {
        user_id: user.id,
        name: user.display_name.clone(),
        role: user.role,
        channel,
        ip,
    }
}

/// What an actor did to an account.
fn entry(ctx: &Context, actor: &Actor, action: &'static str, user: UserId) -> Entry {
    Entry {
        actor: Some(actor.clone()),
        action,
        object_type: "user",
        object_id: user.to_string(),
        details: serde_json::Value::Null,
        at: ctx.now(),
    }
}

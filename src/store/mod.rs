//! SQL and nothing else: one file per aggregate, one text for both engines. The store decides
//! nothing; it keeps what the services have decided, and refuses a change whose ground has moved.

#[macro_use]
mod statements;

pub mod appeals;
pub mod attempts;
pub mod audit;
pub mod audit_lists;
pub mod books;
mod bundle;
pub mod camp_edits;
pub mod camp_lists;
pub mod camp_projects;
pub mod camps;
pub mod cards;
pub mod checkin_lists;
pub mod checkins;
pub mod copies;
pub mod custody;
mod db;
pub mod dialogues;
mod error;
pub mod evidence;
mod filter;
pub mod gauges;
pub mod health;
pub mod inbox;
pub mod installation;
pub mod job_runs;
mod keyring;
pub mod ledger;
mod listing;
pub mod login_attempts;
pub mod master_key;
pub mod member_lists;
pub mod member_search;
pub mod members;
pub mod merchant;
pub mod object_names;
pub mod outbox;
pub mod outbox_lists;
pub mod payment_lists;
pub mod payments;
pub mod planet_users;
mod private_file;
pub mod refunds;
pub mod reminders;
pub mod reports;
pub mod roster;
pub mod roster_staging;
pub mod rotation;
pub mod sessions;
pub mod settlements;
pub mod sign_ins;
pub mod staff_requests;
pub mod staff_sessions;
pub mod stated_days;
pub mod status_log;
pub mod syncs;
pub mod system_config;
pub mod trade_bill_books;
pub mod trade_bills;
pub mod uploads;
pub mod users;
mod writer;

pub use db::{Conn, Db, DbOptions, Engine, Lock, Signal, Tx};
use error::held;
pub use error::{StoreError, StoreResult};
pub use keyring::{KeyId, Keyring, KeyringError, MAC_BYTES, MAX_KEYS, Macs, Sealed};
pub use listing::{Chunk, Key, Listing, Page, PageOutOfRange, PageRequest, Rows};
pub use status_log::{Note, Operator};

/// Every fixed statement of the store with its name, for the test that prepares all of them on
/// both engines.
#[must_use]
pub fn all_statements() -> Vec<(&'static str, &'static str)> {
    [
        appeals::STATEMENTS,
        attempts::STATEMENTS,
        audit::STATEMENTS,
        audit_lists::STATEMENTS,
        books::STATEMENTS,
        camp_edits::STATEMENTS,
        camp_lists::STATEMENTS,
        camp_projects::STATEMENTS,
        camps::STATEMENTS,
        cards::STATEMENTS,
        checkin_lists::STATEMENTS,
        checkins::STATEMENTS,
        copies::STATEMENTS,
        dialogues::STATEMENTS,
        custody::STATEMENTS,
        evidence::STATEMENTS,
        gauges::STATEMENTS,
        health::STATEMENTS,
        installation::STATEMENTS,
        inbox::STATEMENTS,
        job_runs::STATEMENTS,
        ledger::STATEMENTS,
        login_attempts::STATEMENTS,
        master_key::STATEMENTS,
        member_lists::STATEMENTS,
        member_search::STATEMENTS,
        members::STATEMENTS,
        merchant::STATEMENTS,
        outbox::STATEMENTS,
        outbox_lists::STATEMENTS,
        payment_lists::STATEMENTS,
        payments::STATEMENTS,
        planet_users::STATEMENTS,
        refunds::STATEMENTS,
        reminders::STATEMENTS,
        reports::STATEMENTS,
        roster::STATEMENTS,
        roster_staging::STATEMENTS,
        rotation::STATEMENTS,
        sessions::STATEMENTS,
        settlements::STATEMENTS,
        sign_ins::STATEMENTS,
        syncs::STATEMENTS,
        system_config::STATEMENTS,
        trade_bill_books::STATEMENTS,
        trade_bills::STATEMENTS,
        staff_requests::STATEMENTS,
        staff_sessions::STATEMENTS,
        stated_days::STATEMENTS,
        uploads::STATEMENTS,
        users::STATEMENTS,
    ]
    .concat()
}

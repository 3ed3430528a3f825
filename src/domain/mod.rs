//! The rules of the house. Pure: no I/O, no async, no SQL, no clock of its own. What happens is
//! decided here; the services only carry it out.

#[macro_use]
mod text_enum;

pub mod appeal;
pub mod audit_chain;
pub mod backup;
pub mod binding;
pub mod calendar;
pub mod camp;
pub mod camp_form;
pub mod card;
pub mod checkin_file;
pub mod command;
pub mod custody;
pub mod dialogue;
pub mod eligibility;
pub mod evidence;
pub mod field_error;
pub mod group_code;
pub mod ids;
pub mod ledger;
pub mod machine;
pub mod matching;
pub mod member;
pub mod merchant;
pub mod message;
pub mod money;
pub mod order;
pub mod promise;
mod proof_code;
pub mod refund;
pub mod roster;
pub mod settlement;
pub mod shown_name;
pub mod staff;
pub mod table;
pub mod time;
pub mod trade_bill;
pub mod versioned;

pub use appeal::{AppealKind, AppealStatus};
pub use audit_chain::ChainFault;
pub use binding::{BindMethod, BindStatus};
pub use camp::{CampStatus, Terms};
pub use card::CardState;
pub use evidence::CheckInSource;
pub use field_error::{FieldError, FieldErrors};
pub use group_code::GroupCode;
pub use ids::*;
pub use machine::{BadMove, Machine, Move};
pub use member::MatchStatus;
pub use message::{Message, Recipients, WecomUserid};
pub use money::Fen;
pub use order::{OrderFlag, OrderStatus, PayChannel};
pub use proof_code::ProofCode;
pub use refund::{RefundFlag, RefundKind, RefundStatus};
pub use staff::{Action, Forbidden, Role};
pub use text_enum::UnknownWord;
pub use time::{Clock, Timestamp};

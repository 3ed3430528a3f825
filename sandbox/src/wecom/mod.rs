//! The stand-in of WeCom (企业微信): one corp, one self-built app, one smart robot, group robots,
//! customer groups.
//!
//! It serves the API under `/wecom/cgi-bin/…` and the authorize pages, and calls the application
//! back with encrypted XML, or JSON for the smart robot. What people do on their phones (say something, press a button) is an
//! in-process API, which the phone page reaches through the control API.

mod call;
mod callbacks;
mod card;
mod contacts;
mod content;
mod customer_groups;
mod delivery;
mod directory;
mod endpoints;
mod fields;
mod media;
mod menu;
mod message;
mod notes;
mod oauth;
mod passive;
mod people;
mod random;
mod refusal;
mod robots;
mod send;
mod shown;
mod smart_robot;
mod stand_in;
mod state;
mod tokens;
mod update;
mod waiting;
mod xml;

pub use self::{
    delivery::{Attempt, Delivery, Door},
    directory::{Member, Outsider},
    people::{PressError, Pressed, Selections},
    shown::{ShownButton, ShownCard, ShownMessage, ShownOption, ShownQuestion},
    smart_robot::{
        AskError, FeedbackKind, Rating, RobotChat, RobotWords, ShownFeedback, ShownRobotMessage,
        ShownStream, SmartRobot,
    },
    stand_in::{Wecom, WecomApp},
    state::RobotMessage,
    tokens::JsTicket,
    waiting::TimedOut,
};
pub(crate) use endpoints::router;

//! The WeCom stand-in, seen from outside as an application would.

mod callbacks;
mod cards;
mod contacts;
mod control;
mod messages;
mod oauth;
mod robots;
mod setting;
mod tokens;

//! Campkeeper keeps the deposits of training camps: members pay a deposit, check in every day on
//! the planet (知识星球), and get it back exactly once. See `docs/architecture.md` for the map.

#[macro_use]
pub mod domain;

pub mod app;
pub mod bot;
pub mod catalogue;
pub mod config;
pub mod jobs;
pub mod platforms;
pub mod services;
pub mod store;
pub mod web;

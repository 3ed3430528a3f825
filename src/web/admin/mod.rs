//! The staff API. One file per resource; each answers its routes, and they are added here.

mod appeals;
mod bills;
mod camp_views;
mod camps;
mod checkins;
mod config;
mod custody;
mod doctor;
mod export;
mod jobs;
mod ledger;
mod logs;
mod members;
mod merchant;
mod payments;
mod refund_bodies;
mod refund_views;
mod refunds;
mod roster;
mod session;
mod single_sign_on;
mod statistics;
mod uploads;
mod users;

use utoipa_axum::router::OpenApiRouter;

use super::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .merge(appeals::routes())
        .merge(bills::routes())
        .merge(camps::routes())
        .merge(checkins::routes())
        .merge(config::routes())
        .merge(custody::routes())
        .merge(doctor::routes())
        .merge(export::routes())
        .merge(jobs::routes())
        .merge(ledger::routes())
        .merge(logs::routes())
        .merge(refunds::routes())
        .merge(roster::routes())
        .merge(members::routes())
        .merge(merchant::routes())
        .merge(payments::routes())
        .merge(session::routes())
        .merge(single_sign_on::routes())
        .merge(statistics::routes())
        .merge(uploads::routes())
        .merge(users::routes())
}

//! The settlement page of a camp, and one's own line with what proves it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::Timestamp;
use crate::domain::settlement::{Class, Line, LineResult, Side, Step};
use crate::services::settlements::{self, hex};
use crate::services::{Context, Error};
use crate::store::settlements::Edition;

use super::super::{Answer, Envelope, Path, ProblemBody, WebResult, WebState};
use super::session::AccessToken;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(show_settlement))
        .routes(routes!(own_line))
}

/// An edition of a camp's settlement page: no lines, no names, no days.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SettlementView {
    camp_name: String,
    edition: i64,
    /// The address of the edition that it takes the place of.
    #[schema(required)]
    replaces: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    counts: Figures,
    sums_fen: Figures,
    /// Of the Merkle-sum tree: SHA-256 in hex. leaf = SHA-256(0x00 ‖
    /// `{"amountFen":…,"result":"…","salt":"…"}`), node = SHA-256(0x01 ‖ left sum ‖ left ‖ right sum ‖
    /// right), sums as eight bytes, the greatest first; an odd node is promoted.
    root: String,
    /// The sum of all lines, which the root commits to.
    root_sum_fen: i64,
}

/// One number a class. Where a class would tell of single people, all but `paid` are null.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Figures {
    paid: i64,
    #[schema(required)]
    refunded: Option<i64>,
    #[schema(required)]
    settled_outside: Option<i64>,
    #[schema(required)]
    kept: Option<i64>,
    #[schema(required)]
    open: Option<i64>,
}

/// One's own line.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SettlementLineView {
    public_id: String,
    /// `refunded`, `settled_outside`, `kept` or `open`.
    #[schema(value_type = String)]
    result: LineResult,
    amount_fen: i64,
    salt: String,
    path: Vec<StepView>,
    /// The other parts of the payment, where something else became of them.
    others: Vec<LineView>,
}

/// Another part of the payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LineView {
    #[schema(value_type = String)]
    result: LineResult,
    amount_fen: i64,
    salt: String,
    path: Vec<StepView>,
}

/// One step from the line to the root.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StepView {
    /// `left` or `right`: where the other node stands.
    #[schema(value_type = String)]
    side: Side,
    sum_fen: i64,
    hash: String,
}

impl From<Edition> for SettlementView {
    fn from(it: Edition) -> Self {
        let classes = it.classes;
        let parts = [
            classes.refunded,
            classes.settled_outside,
            classes.kept,
            classes.open,
        ];
        let may_be_told = classes.may_be_told();
        let figures = |number: fn(&Class) -> i64| {
            let told = |class: &Class| may_be_told.then(|| number(class));
            Figures {
                paid: number(&classes.paid),
                refunded: told(&classes.refunded),
                settled_outside: told(&classes.settled_outside),
                kept: told(&classes.kept),
                open: told(&classes.open),
            }
        };
        Self {
            counts: figures(|class| class.count),
            sums_fen: figures(|class| class.fen),
            root_sum_fen: parts.iter().map(|class| class.fen).sum(),
            camp_name: it.camp_name,
            edition: it.edition,
            replaces: it.replaces,
            published_at: it.published_at,
            root: it.root,
        }
    }
}

fn steps(path: &[Step]) -> Vec<StepView> {
    let step = |step: &Step| StepView {
        side: step.side,
        sum_fen: step.node.sum_fen,
        hash: hex(&step.node.hash),
    };
    path.iter().map(step).collect()
}

/// What became of a camp's deposits.
#[utoipa::path(
    get, path = "/api/h5/settlements/{publicId}", tag = "member",
    params(("publicId" = String, Path)),
    responses(
        (status = 200, body = Envelope<SettlementView>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn show_settlement(
    State(ctx): State<Context>,
    Path(public_id): Path<String>,
) -> WebResult<Answer<SettlementView>> {
    let edition = settlements::edition(&ctx, &public_id).await?;
    Ok(Answer(edition.into()))
}

/// The line of an order, and the path by which its payer can prove it.
#[utoipa::path(
    get, path = "/api/h5/payments/{orderNo}/settlement-line", tag = "member",
    security(("access_token" = [])), params(("orderNo" = String, Path)),
    responses(
        (status = 200, body = Envelope<SettlementLineView>),
        (status = 403, description = "not_your_order", body = ProblemBody),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn own_line(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Path(order_no): Path<String>,
) -> WebResult<Answer<SettlementLineView>> {
    let own = settlements::own_lines(&ctx, &token, &order_no).await?;
    let mut lines = own.lines.into_iter();
    let (
        Line {
            result,
            amount_fen,
            salt,
        },
        path,
    ) = lines.next().ok_or(Error::NotFound)?;
    let other = |(line, path): (Line, Vec<Step>)| LineView {
        result: line.result,
        amount_fen: line.amount_fen,
        salt: line.salt,
        path: steps(&path),
    };
    Ok(Answer(SettlementLineView {
        public_id: own.public_id,
        result,
        amount_fen,
        salt,
        path: steps(&path),
        others: lines.map(other).collect(),
    }))
}

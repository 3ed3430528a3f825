//! The books.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::ledger::{Account, TransferKind};
use crate::domain::{CampId, Timestamp};
use crate::services::Context;
use crate::services::books::{self, BookQuery};
use crate::store::PageRequest;
use crate::store::ledger::{Balances, ListedTransfer};
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{Answer, Envelope, Page, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_transfers))
        .routes(routes!(show_balances))
}

/// A transfer between two accounts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TransferView {
    /// What caused it.
    #[schema(example = "pay:4200001234202601010000000001")]
    id: String,
    #[schema(value_type = String, example = "plain")]
    kind: TransferKind,
    #[schema(value_type = String, example = "bank")]
    debit: Account,
    #[schema(value_type = String, example = "held")]
    credit: Account,
    amount_fen: i64,
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    order_no: String,
    refund_no: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// The balance of an account; `reserved` is what of the others is let go for refunds on their way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BalanceView {
    #[schema(example = "held")]
    account: &'static str,
    balance_fen: i64,
}

/// The balances of every account.
#[derive(Debug, Serialize, ToSchema)]
struct BalancesView {
    items: Vec<BalanceView>,
}

/// The transfers that a list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    camp_id: Option<CampId>,
    from: Option<Day>,
    to: Option<Day>,
}

/// The camp whose books are summed up.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BalancesQuery {
    camp_id: Option<CampId>,
}

impl From<ListedTransfer> for TransferView {
    fn from(listed: ListedTransfer) -> Self {
        let transfer = listed.transfer;
        Self {
            id: transfer.id,
            kind: transfer.kind,
            debit: transfer.debit,
            credit: transfer.credit,
            amount_fen: transfer.amount.get(),
            camp_id: transfer.camp_id,
            order_no: listed.order_no,
            refund_no: listed.refund_no,
            at: transfer.at,
        }
    }
}

impl From<Balances> for BalancesView {
    fn from(balances: Balances) -> Self {
        let accounts = Account::ALL.iter().map(|account| BalanceView {
            account: account.as_str(),
            balance_fen: balances.of(*account),
        });
        let reserved = BalanceView {
            account: "reserved",
            balance_fen: balances.reserved,
        };
        Self {
            items: accounts.chain([reserved]).collect(),
        }
    }
}

/// Transfers, newest first.
#[utoipa::path(
    get, path = "/api/admin/ledger", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query),
        ("from" = Option<String>, Query, description = "written on this day or later"),
        ("to" = Option<String>, Query, description = "written on this day or earlier"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Page<TransferView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_transfers(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<TransferView>>> {
    let (from, to) = span(query.from, query.to)?;
    let query = BookQuery {
        camp_id: query.camp_id,
        from,
        to,
    };
    Ok(Answer(books::list(&ctx, &actor, query, page).await?.into()))
}

/// The balance of each account, of one camp or in all.
#[utoipa::path(
    get, path = "/api/admin/ledger/balances", tag = "staff", security(("staff" = [])),
    params(("campId" = Option<i64>, Query)),
    responses(
        (status = 200, body = Envelope<BalancesView>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn show_balances(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<BalancesQuery>,
) -> WebResult<Answer<BalancesView>> {
    let balances = books::balances(&ctx, &actor, query.camp_id).await?;
    Ok(Answer(balances.into()))
}

//! What was done, and what was told.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{ChainFault, Timestamp};
use crate::jobs::Jobs;
use crate::services::chat::{self, ShownTemplate};
use crate::services::logs::Done;
use crate::services::{Context, audit_chain, logs};
use crate::store::PageRequest;
use crate::store::audit_lists::AuditFilter;
use crate::store::outbox::MessageStatus;
use crate::store::outbox_lists::{ListedMessage, MessageFilter};
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{Answer, Envelope, Items, Page, Path, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_logs))
        .routes(routes!(verify_log))
        .routes(routes!(list_notifications))
        .routes(routes!(resend_notification))
        .routes(routes!(list_templates))
}

/// The rows of the audit that a list is narrowed to.
#[derive(Debug, Deserialize)]
struct LogsQuery {
    actor: Option<String>,
    action: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
    q: Option<String>,
}

/// The messages that a list is narrowed to.
#[derive(Debug, Deserialize)]
struct NotificationsQuery {
    status: Option<MessageStatus>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogView {
    /// Its place in the chain.
    id: i64,
    actor_id: Option<i64>,
    actor_name: String,
    role: String,
    #[schema(example = "refund.approve")]
    action: String,
    object_type: String,
    object_id: String,
    /// What it is called now; `null` for what has no name, or is gone.
    object_name: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
    /// card, chat, console, job …
    channel: String,
    ip: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The audit as its verification found it.
#[derive(Debug, Serialize, ToSchema)]
struct ChainView {
    /// Every row is as it was written, and none is missing.
    intact: bool,
    /// How many rows there are; null if it is broken.
    rows: Option<i64>,
    /// The row at which it is broken.
    seq: Option<i64>,
    /// What does not fit there: missing, altered, cut, set_back, emptied, replaced, note_altered.
    #[schema(value_type = Option<String>, example = "cut")]
    what: Option<ChainFault>,
    /// The same in words.
    message: Option<String>,
}

/// A message to people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NotificationView {
    id: i64,
    /// What it tells.
    kind: String,
    /// `wecom_app` or `group_robot`.
    channel: String,
    recipient: String,
    camp_id: Option<i64>,
    #[schema(value_type = Object)]
    body: Value,
    #[schema(example = "sent")]
    status: String,
    attempts: i64,
    #[schema(value_type = String, format = DateTime)]
    next_try_at: Timestamp,
    error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

/// The words of one kind of message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TemplateView {
    /// Its file in `message-templates/`.
    #[schema(example = "refund_done.txt")]
    name: String,
    /// Whether it lays out a card; else it makes a text.
    is_card: bool,
    /// A file of this name in the folder of the configuration has taken its place.
    is_replaced: bool,
    source: String,
    /// What people would read, once for each sample.
    previews: Vec<String>,
}

impl From<ShownTemplate> for TemplateView {
    fn from(template: ShownTemplate) -> Self {
        Self {
            name: template.name,
            is_card: template.is_card,
            is_replaced: template.is_replaced,
            source: template.source,
            previews: template.previews,
        }
    }
}

impl From<Done> for LogView {
    fn from(Done { row, object_name }: Done) -> Self {
        Self {
            object_name,
            id: row.seq,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            role: row.role,
            action: row.action,
            object_type: row.object_type,
            object_id: row.object_id,
            details: json_or_text(row.details),
            channel: row.channel,
            ip: row.ip,
            created_at: Timestamp::from_micros(row.created_at),
        }
    }
}

impl From<ListedMessage> for NotificationView {
    fn from(message: ListedMessage) -> Self {
        Self {
            id: message.id,
            kind: message.kind,
            channel: message.channel,
            recipient: message.recipient,
            camp_id: message.camp_id,
            body: json_or_text(message.body),
            status: message.status,
            attempts: message.attempts,
            next_try_at: Timestamp::from_micros(message.next_try_at),
            error: message.error,
            created_at: Timestamp::from_micros(message.created_at),
            sent_at: message.sent_at.map(Timestamp::from_micros),
        }
    }
}

/// A tampered row may hold anything; it is shown all the same.
fn json_or_text(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The audit, newest first.
#[utoipa::path(
    get, path = "/api/admin/logs", tag = "staff", security(("staff" = [])),
    params(
        ("actor" = Option<String>, Query, description = "an account's id, or its name"),
        ("action" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("q" = Option<String>, Query, description = "part of the details, or the object's id"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<LogView>>))
)]
async fn list_logs(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<LogsQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<LogView>>> {
    let (from, to) = span(query.from, query.to)?;
    let day_after = to.and_then(|day| day.succ_opt());
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        from: from.map(Timestamp::start_of_day),
        before: day_after.map(Timestamp::start_of_day),
        text: query.q,
    };
    Ok(Answer(
        logs::actions(&ctx, &actor, &filter, page).await?.into(),
    ))
}

/// Walks the whole audit, and says whether a row was edited, removed or added.
#[utoipa::path(
    get, path = "/api/admin/logs/verify", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<ChainView>))
)]
async fn verify_log(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<ChainView>> {
    let audited = audit_chain::verify_for(&ctx, &actor).await?;
    Ok(Answer(ChainView {
        message: audited.what.map(|what| ctx.settings.catalogue.say(&what)),
        intact: audited.intact,
        rows: audited.rows,
        seq: audited.seq,
        what: audited.what,
    }))
}

/// Messages to people, newest first.
#[utoipa::path(
    get, path = "/api/admin/notifications", tag = "staff", security(("staff" = [])),
    params(
        ("status" = Option<String>, Query, description = "pending|sent|failed|unknown|merged"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<NotificationView>>))
)]
async fn list_notifications(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<NotificationsQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<NotificationView>>> {
    let filter = MessageFilter {
        status: query.status,
    };
    Ok(Answer(
        logs::notices(&ctx, &actor, filter, page).await?.into(),
    ))
}

/// Has a message sent again that failed, or of which nobody knows whether it arrived.
#[utoipa::path(
    post, path = "/api/admin/notifications/{id}/resend", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<NotificationView>),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 409, description = "wrong_state", body = ProblemBody)
    )
)]
async fn resend_notification(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<i64>,
) -> WebResult<Answer<NotificationView>> {
    Ok(Answer(logs::resend(&ctx, &actor, id).await?.into()))
}

/// The words of all messages, each as its samples fill it.
#[utoipa::path(
    get, path = "/api/admin/templates", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<Items<TemplateView>>))
)]
async fn list_templates(
    State(jobs): State<Jobs>,
    Staff(actor): Staff,
) -> WebResult<Answer<Items<TemplateView>>> {
    let templates = chat::templates(jobs.chat(), &actor)?;
    let items = templates.into_iter().map(TemplateView::from).collect();
    Ok(Answer(Items { items }))
}

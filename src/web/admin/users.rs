//! Staff accounts.

use axum::extract::State;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::staff::{AccountStatus, Role};
use crate::domain::{Timestamp, UserId};
use crate::services::Context;
use crate::services::staff::{self, Account, AccountChange, NewAccount};
use crate::store::PageRequest;
use crate::web::auth::Staff;
use crate::web::{
    Answer, Envelope, Items, Json, Nothing, Page, Path, ProblemBody, WebResult, WebState,
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_staff))
        .routes(routes!(list_users, create_user))
        .routes(routes!(update_user, delete_user))
        .routes(routes!(reset_password))
}

/// A staff account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserView {
    #[schema(value_type = i64)]
    id: UserId,
    username: String,
    display_name: String,
    #[schema(value_type = String, example = "coach")]
    role: Role,
    wecom_user_id: Option<String>,
    #[schema(value_type = String, example = "active")]
    status: AccountStatus,
    must_change_password: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
    /// Sessions that are open.
    sessions: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Somebody who can be made a coach.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StaffView {
    #[schema(value_type = i64)]
    id: UserId,
    display_name: String,
    #[schema(value_type = String, example = "coach")]
    role: Role,
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserInput {
    username: String,
    #[schema(value_type = String)]
    password: SecretString,
    #[schema(value_type = String, example = "coach")]
    role: Role,
    display_name: Option<String>,
    wecom_user_id: Option<String>,
}

/// What is to change; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    username: Option<String>,
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    display_name: Option<String>,
    /// `null` takes the WeCom account away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    wecom_user_id: Option<Option<String>>,
    /// `active` or `disabled`.
    #[schema(value_type = Option<String>)]
    status: Option<AccountStatus>,
}

/// A password that somebody else has to be told.
#[derive(Debug, Serialize, ToSchema)]
struct PasswordView {
    /// Shown once.
    password: String,
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<Account> for UserView {
    fn from(Account { user, sessions }: Account) -> Self {
        Self {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            wecom_user_id: user.wecom_userid,
            status: user.status,
            must_change_password: user.must_change_password,
            last_login_at: user.last_login_at,
            sessions,
            created_at: user.created_at,
        }
    }
}

/// Everybody who can sign in, for who creates camps.
#[utoipa::path(
    get, path = "/api/admin/staff", tag = "staff", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<Items<StaffView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_staff(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<Items<StaffView>>> {
    let users = staff::at_work(&ctx, &actor).await?.into_iter();
    let items = users.map(|user| StaffView {
        id: user.id,
        display_name: user.display_name,
        role: user.role,
    });
    Ok(Answer(Items {
        items: items.collect(),
    }))
}

/// All accounts.
#[utoipa::path(
    get, path = "/api/admin/users", tag = "staff", security(("staff" = [])),
    params(("page" = Option<i64>, Query), ("size" = Option<i64>, Query)),
    responses((status = 200, body = Envelope<Page<UserView>>))
)]
async fn list_users(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    page: PageRequest,
) -> WebResult<Answer<Page<UserView>>> {
    Ok(Answer(staff::list(&ctx, &actor, page).await?.into()))
}

/// Makes an account.
#[utoipa::path(
    post, path = "/api/admin/users", tag = "staff", security(("staff" = [])),
    request_body = UserInput,
    responses(
        (status = 200, body = Envelope<UserView>),
        (status = 409, description = "duplicate", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn create_user(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Json(input): Json<UserInput>,
) -> WebResult<Answer<UserView>> {
    let account = NewAccount {
        username: input.username,
        password: input.password,
        role: input.role,
        display_name: input.display_name,
        wecom_userid: input.wecom_user_id,
    };
    let user = staff::create(&ctx, Some(&actor), account).await?;
    let sessions = 0;
    Ok(Answer(Account { user, sessions }.into()))
}

/// Changes an account.
#[utoipa::path(
    put, path = "/api/admin/users/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)), request_body = UserChange,
    responses(
        (status = 200, body = Envelope<UserView>),
        (status = 409, description = "duplicate · wrong_state · last_super_admin", body = ProblemBody)
    )
)]
async fn update_user(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<UserId>,
    Json(input): Json<UserChange>,
) -> WebResult<Answer<UserView>> {
    let change = AccountChange {
        username: input.username,
        password: input.password,
        role: input.role,
        display_name: input.display_name,
        wecom_userid: input.wecom_user_id,
        status: input.status,
    };
    let user = staff::update(&ctx, &actor, id, change).await?;
    Ok(Answer(user.into()))
}

/// Deletes an account; its sessions and chat rights end at once.
#[utoipa::path(
    delete, path = "/api/admin/users/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = i64, Path)),
    responses((status = 200, body = Envelope<Nothing>))
)]
async fn delete_user(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<UserId>,
) -> WebResult<Answer<Nothing>> {
    staff::delete(&ctx, &actor, id).await?;
    Ok(Answer(Nothing))
}

/// Gives an account a new password, shown once.
#[utoipa::path(
    post, path = "/api/admin/users/{id}/reset-password", tag = "staff",
    security(("staff" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = Envelope<PasswordView>))
)]
async fn reset_password(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<UserId>,
) -> WebResult<Answer<PasswordView>> {
    let password = staff::reset_password(&ctx, &actor, id).await?;
    Ok(Answer(PasswordView {
        password: password.expose_secret().to_owned(),
    }))
}

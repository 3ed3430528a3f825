//! The table of endpoints, and the way every call goes: faults, token, handler, violations.

use std::collections::HashMap;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    Wecom,
    call::{Access, Call, Endpoint},
    contacts, customer_groups, media, menu,
    notes::Notes,
    oauth,
    refusal::Refusal,
    robots, send, smart_robot, tokens, update,
};
use crate::{
    connection::Peer,
    faults::{Platform, Request},
};

/// Largest body of a call without a file.
const BODY_BYTES: usize = 4 << 20;
/// Largest body of an upload: 20 MB of file and its envelope.
const UPLOAD_BYTES: usize = 21 << 20;

const fn get(path: &'static str, handle: fn(&Wecom, &Call<'_>) -> super::call::Answer) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        access: Access::Token,
        handle,
    }
}

const fn posted(
    path: &'static str,
    handle: fn(&Wecom, &Call<'_>) -> super::call::Answer,
) -> Endpoint {
    Endpoint {
        method: "POST",
        path,
        access: Access::Token,
        handle,
    }
}

const fn open(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        access: Access::Open,
        ..endpoint
    }
}

const ENDPOINTS: [Endpoint; 37] = [
    open(get("cgi-bin/gettoken", tokens::gettoken)),
    get("cgi-bin/get_jsapi_ticket", tokens::corp_ticket),
    get("cgi-bin/ticket/get", tokens::app_ticket),
    get("cgi-bin/getcallbackip", contacts::ip_list),
    get("cgi-bin/get_api_domain_ip", contacts::ip_list),
    get("cgi-bin/agent/get", contacts::agent),
    posted("cgi-bin/message/send", send::send),
    posted("cgi-bin/message/recall", send::recall),
    posted("cgi-bin/message/update_template_card", update::update),
    posted("cgi-bin/menu/create", menu::create),
    get("cgi-bin/menu/get", menu::get),
    get("cgi-bin/menu/delete", menu::delete),
    get("cgi-bin/auth/getuserinfo", oauth::getuserinfo),
    posted("cgi-bin/auth/getuserdetail", oauth::getuserdetail),
    get("cgi-bin/user/get", contacts::user),
    get("cgi-bin/user/list", contacts::list),
    get("cgi-bin/user/simplelist", contacts::simple_list),
    posted("cgi-bin/user/list_id", contacts::list_id),
    posted(
        "cgi-bin/user/convert_to_openid",
        contacts::convert_to_openid,
    ),
    posted(
        "cgi-bin/user/convert_to_userid",
        contacts::convert_to_userid,
    ),
    get("cgi-bin/media/get", media::download),
    posted(
        "cgi-bin/externalcontact/groupchat/list",
        customer_groups::list,
    ),
    posted(
        "cgi-bin/externalcontact/groupchat/get",
        customer_groups::get,
    ),
    posted(
        "cgi-bin/externalcontact/groupchat/add_join_way",
        customer_groups::add_join_way,
    ),
    posted(
        "cgi-bin/externalcontact/groupchat/get_join_way",
        customer_groups::get_join_way,
    ),
    posted(
        "cgi-bin/externalcontact/groupchat/update_join_way",
        customer_groups::update_join_way,
    ),
    posted(
        "cgi-bin/externalcontact/groupchat/del_join_way",
        customer_groups::del_join_way,
    ),
    posted(
        "cgi-bin/batch/openuserid_to_userid",
        contacts::openuserid_to_userid,
    ),
    open(posted("cgi-bin/webhook/send", robots::send)),
    open(posted("cgi-bin/aibot/response", smart_robot::respond)),
    open(get("aibot/media", smart_robot::download_media)),
    open(get("connect/oauth2/authorize", oauth::authorize)),
    open(get("wwlogin/sso/login", oauth::web_login)),
    open(get("open", oauth::open_as)),
    open(get("media/picture", media::picture)),
    open(get("join", customer_groups::join_page)),
    get("cgi-bin/user/getuserinfo", oauth::getuserinfo),
];

/// Paths that only a POST with a file leads to: these are routes of their own, so that whoever comes
/// here with them has the wrong method.
const UPLOADS: [&str; 3] = [
    "cgi-bin/media/upload",
    "cgi-bin/media/uploadimg",
    "cgi-bin/webhook/upload_media",
];

/// What the platform serves, mounted at `/wecom`.
pub(crate) fn router(wecom: Wecom) -> Router {
    let uploads = Router::new()
        .route("/cgi-bin/media/upload", post(media::upload))
        .route("/cgi-bin/media/uploadimg", post(media::upload_picture))
        .route(
            "/cgi-bin/webhook/upload_media",
            post(media::upload_for_robot),
        )
        .method_not_allowed_fallback(dispatch)
        .layer(DefaultBodyLimit::max(UPLOAD_BYTES));
    let calls = Router::new()
        .fallback(dispatch)
        .layer(DefaultBodyLimit::max(BODY_BYTES));
    uploads.merge(calls).with_state(wecom)
}

async fn dispatch(
    State(wecom): State<Wecom>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call {
        method: method.as_str(),
        path: uri.path().trim_start_matches('/'),
        raw_query: uri.query().unwrap_or_default(),
        query_order: pairs.iter().map(|(name, _)| name.clone()).collect(),
        query: pairs.into_iter().collect::<HashMap<_, _>>(),
        headers: &headers,
        body: &body,
        caller: peer.address.ip(),
        notes: Notes::default(),
    };
    let answer = wecom.answer(&call);
    wecom.record(&call.describe(), &call.notes, answer.as_ref().err());
    answer.unwrap_or_else(|refusal| refusal.into_answer(call.caller))
}

impl Wecom {
    fn answer(&self, call: &Call<'_>) -> super::call::Answer {
        let mut of_path = ENDPOINTS
            .iter()
            .filter(|endpoint| endpoint.path == call.path)
            .peekable();
        if of_path.peek().is_none() && !UPLOADS.contains(&call.path) {
            call.notes.note("only documented paths", call.describe());
            return Ok(StatusCode::NOT_FOUND.into_response());
        }
        let Some(endpoint) = of_path.find(|endpoint| endpoint.method == call.method) else {
            let wants_post = call.method == "GET" || UPLOADS.contains(&call.path);
            let code = if wants_post { 43002 } else { 43001 };
            return Err(Refusal::broken(code, "the documented HTTP method"));
        };
        self.check_access(
            Request {
                platform: Platform::Wecom,
                method: call.method,
                path: call.path,
            },
            endpoint.access,
            call.query("access_token"),
        )?;
        (endpoint.handle)(self, call)
    }

    /// Faults in the platform's words, then the token.
    pub(crate) fn check_access(
        &self,
        request: Request<'_>,
        access: Access,
        token: Option<&str>,
    ) -> Result<(), Refusal> {
        let world = self.world();
        if access == Access::Token && world.faults.take_expired_token(request) {
            self.state().tokens.revoke();
        }
        if let Some((code, message)) = world.faults.take_api_error(request) {
            return Err(Refusal::outcome(code.parse().unwrap_or(-1), message));
        }
        if access == Access::Open {
            return Ok(());
        }
        let token = token.ok_or_else(|| Refusal::broken(41001, "access_token is in the query"))?;
        self.state().tokens.check(token, world.clock.wall_now())
    }

    /// Writes broken rules into the log of violations.
    pub(crate) fn record(&self, request: &str, notes: &Notes, refusal: Option<&Refusal>) {
        let violations = &self.world().violations;
        for (rule, detail) in notes.take() {
            violations.record(Platform::Wecom, request, rule, detail);
        }
        if let Some(refusal) = refusal.filter(|refusal| refusal.is_violation) {
            let detail = format!("refused with {}", refusal.code);
            violations.record(Platform::Wecom, request, refusal.message.clone(), detail);
        }
    }
}

//! `/admin/…`, where cards and texts lead staff. The console is still to be built: until then its
//! addresses say how the same thing is done in the chat, over the API or on the command line.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::WebState;
use super::plain_page::plain_page;

const TITLE: &str = "管理后台还没有上线";
const LEAD: &str = "<p class=\"lead\">不用等它：要办的事，现在这样办。接口需要先用员工账号登录，\
     都列在<a href=\"/api/docs\">接口文档</a>里，可以在那里直接试。</p>";

/// What people come for: the first segment of the address, and what helps meanwhile.
const ERRANDS: &[(&str, &str)] = &[
    (
        "refunds",
        "<section><h2>审核退款</h2><ol>\
         <li>在企业微信里给应用发 <code>待审核</code>，会收到可以直接操作的卡片。</li>\
         <li>也可以用接口：<code>GET /api/admin/refunds?status=pending</code> 看名单，\
         <code>POST /api/admin/refunds/{id}/approve</code> 通过，\
         <code>POST /api/admin/refunds/{id}/reject</code> 拒绝，\
         <code>POST /api/admin/refunds/{id}/retry</code> 重试。</li></ol></section>",
    ),
    (
        "members",
        "<section><h2>匹配会员</h2><ol>\
         <li><code>GET /api/admin/members?matchStatus=pending</code> 看待匹配的会员，\
         <code>GET /api/admin/members/{id}/candidates</code> 看候选人和理由。</li>\
         <li><code>POST /api/admin/members/{id}/match</code> 确认是谁；配错了用 \
         <code>unmatch</code> 撤销。</li></ol></section>",
    ),
    (
        "payments",
        "<section><h2>异常付款</h2><ol>\
         <li><code>GET /api/admin/payments?flag=duplicate</code> 看重复付款；\
         <code>wrong_amount</code>、<code>late</code>、<code>unknown_order</code> 同理。</li>\
         <li>要退的已经列进待审核名单：在企业微信里发 <code>待审核</code>。</li></ol></section>",
    ),
    (
        "config",
        "<section><h2>更新知识星球 Cookie</h2><ol>\
         <li>在浏览器里重新登录知识星球，复制 <code>zsxq_access_token</code>。</li>\
         <li>把它写进配置文件 <code>[zsxq]</code> 的 <code>cookie</code>，\
         或环境变量 <code>CAMPKEEPER__ZSXQ__COOKIE</code>，然后重启服务。</li>\
         <li>运行 <code>campkeeper job run check-cookie</code>，看到 \
         <code>alive</code> 就好了；再在企业微信里发 <code>同步</code> 补上打卡。</li></ol></section>",
    ),
    (
        "camps",
        "<section><h2>创建训练营</h2><ol>\
         <li><code>POST /api/admin/uploads</code> 上传海报和群二维码。</li>\
         <li><code>POST /api/admin/camps</code> 填写，\
         <code>POST /api/admin/camps/{id}/publish</code> 发布，\
         <code>GET /api/admin/camps/{id}/enroll-url</code> 拿到报名链接。</li></ol></section>",
    ),
];

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/admin", get(|| async { page("") }))
        .route("/admin/", get(|| async { page("") }))
        .route(
            "/admin/{*path}",
            get(|Path(path): Path<String>| async move { page(&path) }),
        )
}

/// What was asked for comes first.
fn page(path: &str) -> Response {
    let wanted = path.split('/').next().unwrap_or_default();
    let mut errands = ERRANDS.to_vec();
    errands.sort_by_key(|(errand, _)| *errand != wanted);
    let sections: String = errands.iter().map(|(_, html)| *html).collect();
    plain_page(StatusCode::OK, TITLE, &format!("{LEAD}{sections}"))
}

//! A session of the member pages, as an order opens it.

use campkeeper::services::Context;
use campkeeper::services::session::NewSession;
use campkeeper::store::{StoreError, sessions};

pub async fn open_session(ctx: &Context) -> NewSession {
    let fresh = NewSession::of(ctx, "browser");
    let (kept, now) = (fresh.session.clone(), ctx.wall_now());
    let written = ctx.db.write(move |tx| {
        Box::pin(async move {
            sessions::insert(tx, &kept, now).await?;
            Ok::<_, StoreError>(())
        })
    });
    written.await.unwrap();
    fresh
}

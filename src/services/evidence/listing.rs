//! The refund list that follows from new evidence.

use crate::domain::{CampId, CampStatus};
use crate::services::refund::{self, Built};
use crate::services::{Context, Error, Result};
use crate::store::camps;

/// Builds the refund list of a camp that is over, or brings it up to date. The evidence stands
/// whatever comes of it: the job `build-refund-lists` tries again.
pub(in crate::services) async fn build_list_if_over(ctx: &Context, camp: CampId) {
    match build(ctx, camp).await {
        Ok(None) => {}
        Ok(Some(built)) => {
            tracing::info!(
                camp.id = camp.0,
                added = built.added,
                "a refund list is built"
            );
        }
        Err(Error::Refused(why)) => {
            tracing::info!(camp.id = camp.0, ?why, "the refund list waits");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(camp.id = camp.0, error, "no refund list was built");
        }
    }
}

async fn build(ctx: &Context, id: CampId) -> Result<Option<Built>> {
    let camp = camps::by_id(&mut ctx.db.read().await?, id).await?;
    let is_over = camp.is_some_and(|camp| {
        matches!(camp.status, CampStatus::Ended | CampStatus::Settling)
            && camp.terms.over_at() <= ctx.now()
    });
    if is_over {
        refund::build_list(ctx, None, id).await.map(Some)
    } else {
        Ok(None)
    }
}

//! Two members who claim one planet account. The rightful owner can always pay, whoever typed
//! their id first: both matches become pending, and a person decides.

use serde_json::json;

use crate::domain::{CampId, Machine as _, MatchStatus, PlanetUserId};
use crate::store::{Note, Tx, members};

use super::notify::{Notice, tell_deciders};
use super::{Context, Result};

/// Makes the match of everybody who already claims `account` in `camp` a doubtful one. Whether
/// there was anybody.
pub(super) async fn raise(
    ctx: &Context,
    tx: &mut Tx,
    camp: CampId,
    account: PlanetUserId,
    note: &Note,
) -> Result<bool> {
    let others = members::claiming(tx, camp, account).await?;
    for other in &others {
        if other.match_status == MatchStatus::Matched {
            let change = other.match_status.to(MatchStatus::Pending)?;
            let mut identity = other.identity.clone();
            identity
                .reasons
                .push("同一星球账号有多人认领，待人工确认".to_owned());
            members::set_match(tx, other.id, change, &identity, note).await?;
        }
        let notice = Notice {
            kind: "match_contested",
            camp_id: Some(camp),
            card_id: None,
            body: json!({
                "memberId": other.id.0,
                "planetNickname": other.identity.planet_nickname,
            }),
            dedupe_key: format!("{camp}:{account}"),
        };
        tell_deciders(tx, &ctx.settings, &notice, note.at).await?;
    }
    Ok(!others.is_empty())
}

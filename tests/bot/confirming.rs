//! The card of an odd ranking: it decides nothing before somebody confirms it there.

use campkeeper::domain::evidence::Suspicion;
use campkeeper::domain::message::RankingOdd;
use campkeeper::domain::{CampId, SyncId};
use campkeeper::services::Error;
use campkeeper::services::notify::Notice;
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows::{self, account};
use crate::stage::{OVER_AT, Stage, members, notify};

/// A second sync of the camp has lost everybody but one, and both admins have its card.
async fn odd(stage: &Stage) {
    let odd = rows::sync(2, OVER_AT)
        .finished_at(OVER_AT + 100_000_000)
        .state("partial")
        .members(1)
        .suspicion("shrunken");
    let ranked = rows::ranked(account(1), "会员1", 9).sync_id(2);
    stage.db.add((odd, ranked)).await;
    let now = stage.ctx.now();
    let told = stage.ctx.db.write(move |tx| {
        Box::pin(async move {
            let odd = RankingOdd {
                sync_id: SyncId(2),
                camp_id: CampId(1),
                camp_name: "写作营".to_owned(),
                suspicion: Suspicion::Shrunken,
                before: 4,
                now: 1,
                started_at: now,
            };
            let notice = Notice {
                content: odd.into(),
                camp_id: Some(CampId(1)),
                dedupe_key: "1".to_owned(),
            };
            notify(tx, &notice, &members(&["lin.yue", "chen.an"]), now).await?;
            Ok::<_, Error>(())
        })
    });
    told.await.unwrap();
    stage.send().await;
}

const CURRENT: &str = "SELECT CAST(current_sync_id AS TEXT) FROM training_camp WHERE id = 1";

on_both_engines! {
    async fn of_two_who_confirm_at_once_one_learns_of_the_other(db) {
        let stage = Stage::set(db, 3).await;
        odd(&stage).await;
        let text = stage.card("lin.yue").text;
        assert!(text.contains("少了很多人") && text.contains("4 人"), "{text}");
        assert_eq!(stage.texts(CURRENT).await, ["1"]);
        let wecom = stage.sandbox.wecom();
        for person in ["lin.yue", "chen.an"] {
            wecom.press_newest(person, "确认", &Selections::as_shown()).await.unwrap();
        }
        stage.settle().await;
        assert_eq!(stage.texts(CURRENT).await, ["2"]);
        let days = "SELECT CAST(checked_in_days AS TEXT) FROM camp_member ORDER BY id";
        assert_eq!(stage.texts(days).await, ["9", "0", "0", "0"]);
        let by = "SELECT u.display_name FROM sync_run y JOIN system_user u ON u.id = y.confirmed_by";
        let by = stage.texts(by).await;
        let loser = if by == ["林越"] { "chen.an" } else { "lin.yue" };
        let said: Vec<String> = wecom.inbox(loser).iter().map(|m| m.text.clone()).collect();
        assert!(said.iter().any(|text| text.contains(&by[0]) && text.contains("确认了")), "{said:?}");
        for person in ["lin.yue", "chen.an"] {
            let shown: Vec<String> = wecom.inbox(person).iter().map(|m| m.text.clone()).collect();
            assert!(shown.iter().any(|text| text.contains("已确认排行榜")), "{person}: {shown:?}");
        }
        stage.assert_no_violation();
    }

    async fn what_was_confirmed_in_the_console_is_told_by_name(db) {
        let stage = Stage::set(db, 3).await;
        odd(&stage).await;
        let actor = stage.actor("lin.yue").await;
        campkeeper::services::sync::confirm(&stage.ctx, &actor, SyncId(2), "没错").await.unwrap();
        stage.press("chen.an", "确认").await;
        // The list that the ranking makes is told, too.
        let inbox = stage.sandbox.wecom().inbox("chen.an");
        let said: Vec<&str> = inbox.iter().map(|message| message.text.as_str()).collect();
        assert!(said.iter().any(|text| text.contains("林越") && text.contains("确认了")), "{said:?}");
    }
}

//! `催打卡`: fresh data, a look at what will be said, once an hour, by the camp's group robot.

use campkeeper::domain::message::UrgeReady;
use campkeeper::domain::{CampId, SyncId};
use campkeeper::services::Error;
use campkeeper::services::notify::Notice;
use chrono::TimeDelta;
use sandbox::wecom::Member;

use crate::on_both_engines;
use crate::rows::{self, account};
use crate::stage::{ROBOT, Stage, members, notify};

/// The camp runs, its posts were read five minutes ago, and 会员1 has checked in today; 吴桐 serves
/// it as a volunteer.
pub(crate) async fn running(stage: &Stage) {
    let wecom = stage.sandbox.wecom();
    wecom.put_member(Member::new("wu.tong", "吴桐", 4, "志愿者"));
    let read_at = stage.ctx.now().minus(TimeDelta::minutes(5)).micros();
    stage
        .run(&format!(
            "UPDATE training_camp SET status = 'ongoing', end_date = '2026-01-20' WHERE id = 1;\n\
             UPDATE payment_record SET end_date = '2026-01-20';\n\
             UPDATE sync_run SET started_at = {read_at}"
        ))
        .await;
    let serves = rows::staff(5, "wu", "volunteer", "吴桐").wecom_userid("wu.tong");
    let post = rows::check_in(account(1), 11);
    let rows = (post, serves, rows::lead(1, 5, "volunteer"));
    stage.db.add(rows).await;
}

fn group(stage: &Stage) -> Vec<String> {
    let messages = stage.sandbox.wecom().group_messages(ROBOT);
    messages
        .iter()
        .map(|message| format!("{message:?}"))
        .collect()
}

on_both_engines! {
    async fn a_camp_is_urged_after_a_look_at_the_words(db) {
        let stage = Stage::set(db, 2).await;
        stage.sandbox.wecom().add_robot(ROBOT, "写作营的群");
        running(&stage).await;
        let shown = stage.say("wu.tong", "催打卡").await;
        assert!(shown.contains("今天还有 2 位同学没打卡") && shown.contains("截至 11:55"), "{shown}");
        assert_eq!(group(&stage), [""; 0], "nothing is said before somebody lets it go");
        stage.say("zhou.ke", "cdk 写作").await;
        stage.press("wu.tong", "催打卡").await;
        let said = group(&stage);
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("截至 11:55，今天还有 2 位同学没打卡"), "{said:?}");
        assert!(!said[0].contains("会员"), "no names: {said:?}");
        let card = stage.card("wu.tong").text;
        assert!(card.contains("已催打卡") && card.contains("吴桐"), "{card}");
        // The colleague's card follows, and a second urging is refused for an hour.
        let card = stage.card("zhou.ke").text;
        assert!(card.contains("吴桐 已处理"), "{card}");
        let again = stage.say("zhou.ke", "催打卡").await;
        assert!(again.contains("刚催过，一小时内"), "{again}");
        assert_eq!(group(&stage).len(), 1);
        let audited = stage.texts("SELECT action FROM operation_log WHERE action = 'camp.urge'").await;
        assert_eq!(audited.len(), 1);
        stage.assert_no_violation();
    }

    async fn of_two_who_urge_at_once_one_is_told_of_the_other(db) {
        let stage = Stage::set(db, 2).await;
        stage.sandbox.wecom().add_robot(ROBOT, "写作营的群");
        running(&stage).await;
        for person in ["lin.yue", "zhou.ke"] {
            stage.say(person, "催打卡").await;
        }
        let wecom = stage.sandbox.wecom();
        for person in ["lin.yue", "zhou.ke"] {
            let shown = sandbox::wecom::Selections::as_shown();
            wecom.press_newest(person, "催打卡", &shown).await.unwrap();
        }
        stage.settle().await;
        assert_eq!(group(&stage).len(), 1);
        stage.assert_no_violation();
    }

    async fn old_data_urge_nobody(db) {
        let stage = Stage::set(db, 1).await;
        running(&stage).await;
        stage.say("lin.yue", "催打卡").await;
        stage.leap(TimeDelta::minutes(40));
        stage.press("lin.yue", "催打卡").await;
        assert!(stage.newest("lin.yue").contains("还没有读全"), "{}", stage.newest("lin.yue"));
        // Older than ten minutes: the planet is read first, and there is none here.
        let said = stage.say("wu.tong", "催打卡").await;
        assert!(said.contains("知识星球还没有设置好"), "{said}");
        assert_eq!(stage.texts("SELECT kind FROM notification_message WHERE kind = 'urging'").await.len(), 0);
    }

    async fn a_sync_that_runs_is_waited_for(db) {
        let stage = Stage::set(db, 1).await;
        running(&stage).await;
        let now = stage.ctx.now().micros();
        let until = stage.ctx.wall_now().plus(TimeDelta::minutes(2)).micros();
        stage.run("UPDATE sync_run SET started_at = 0 WHERE id = 1").await;
        stage.db.add(rows::sync(2, now).state("running").lease_until(until)).await;
        let now_ts = stage.ctx.now();
        let told = stage.ctx.db.write(move |tx| {
            Box::pin(async move {
                let ready = UrgeReady { camp_id: CampId(1), sync_id: Some(SyncId(2)) };
                let notice = Notice {
                    content: ready.into(),
                    camp_id: Some(CampId(1)),
                    dedupe_key: "1".to_owned(),
                };
                notify(tx, &notice, &members(&["lin.yue"]), now_ts).await?;
                Ok::<_, Error>(())
            })
        });
        told.await.unwrap();
        stage.send().await;
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 0);
        stage.run(&format!(
            "UPDATE sync_run SET state = 'complete', finished_at = {now} WHERE id = 2;\n\
             UPDATE training_camp SET posts_sync_id = 2, current_sync_id = 2 WHERE id = 1"
        )).await;
        stage.advance(TimeDelta::seconds(6));
        stage.send().await;
        let shown = stage.card("lin.yue").text;
        assert!(shown.contains("截至 12:00") && shown.contains("1 位同学没打卡"), "{shown}");
    }

    async fn who_may_not_urge_there_hears_nothing(db) {
        let stage = Stage::set(db, 1).await;
        running(&stage).await;
        let said = stage.say("he.miao", "催打卡 写作营").await;
        assert!(!said.contains("没打卡"), "{said}");
        let own = stage.say("he.miao", "催打卡").await;
        assert!(own.contains("不在进行中"), "{own}");
        stage.run("UPDATE training_camp SET status = 'ongoing' WHERE id = 2").await;
        let own = stage.say("he.miao", "催打卡").await;
        assert!(own.contains("还没有设置群机器人"), "{own}");
        let stranger = stage.say("gao.yuan", "催打卡 写作营").await;
        assert!(!stranger.contains("写作营"), "{stranger}");
        stage.db.add(rows::check_in(account(2), 11)).await;
        let all = stage.say("lin.yue", "催打卡 写作营").await;
        assert!(all.contains("今天不用催") && all.contains("2 人都打卡了"), "{all}");
    }
}

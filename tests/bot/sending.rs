//! Sending: budgets, unclear answers, group robots that are asked once.

use campkeeper::domain::eligibility::Days;
use campkeeper::domain::message::{MatchContested, RefundDone};
use campkeeper::domain::{CampId, Fen, MemberId, PlanetUserId, RefundId};
use campkeeper::services::Error;
use campkeeper::services::chat::Chat as _;
use campkeeper::services::notify::{Notice, tell_group};
use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::rows;
use crate::stage::{ROBOT, SOON, Stage, members, notify};

const STATUSES: &str = "SELECT status FROM notification_message ORDER BY id";

/// Tells somebody `times` things that are told apart by their number.
pub(crate) async fn tell(stage: &Stage, person: &str, times: usize) {
    tell_all(stage, &[person], times).await;
}

/// The same to several people at once.
async fn tell_all(stage: &Stage, people: &[&str], times: usize) {
    let recipients = members(people);
    let now = stage.ctx.now();
    stage
        .ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                for number in 0..times {
                    let notice = Notice {
                        content: contested(number).into(),
                        camp_id: Some(CampId(1)),
                        dedupe_key: number.to_string(),
                    };
                    notify(tx, &notice, &recipients, now).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

fn contested(number: usize) -> MatchContested {
    MatchContested {
        member_id: MemberId(1),
        planet_nickname: Some(format!("第{number}位")),
        account: PlanetUserId(1),
        camp_name: Some("写作营".to_owned()),
        given: false,
        refunding: false,
    }
}

/// The numbers of what somebody has been told, as they read it.
pub(crate) fn numbers_read(stage: &Stage, person: &str) -> Vec<usize> {
    let read = stage.sandbox.wecom().inbox(person);
    let texts = read.iter().map(|message| message.text.as_str());
    let texts: Vec<&str> = texts.collect();
    let texts = texts.join("\n");
    let after = texts.split("“第").skip(1);
    after
        .map(|rest| rest.split('位').next().unwrap().parse().unwrap())
        .collect()
}

pub(crate) async fn tell_the_group(stage: &Stage) {
    let now = stage.ctx.now();
    stage
        .ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let done = RefundDone {
                    refund_id: RefundId(1),
                    nickname: "小明".to_owned(),
                    days: Days {
                        checked_in: 8,
                        required: 7,
                        grace: 1,
                    },
                    amount: Fen::new(9900).unwrap(),
                };
                let notice = Notice {
                    content: done.into(),
                    camp_id: Some(CampId(1)),
                    dedupe_key: "1".to_owned(),
                };
                tell_group(tx, &notice, now).await
            })
        })
        .await
        .unwrap();
}

/// A message as another version of the program left it in the outbox.
async fn store(stage: &Stage, kind: &str, version: i64, body: &str) {
    let now = stage.ctx.now().micros();
    let message = rows::message(kind, "lin.yue").version(version).body(body);
    stage.db.add(message.send_at(now).created_at(now)).await;
}

on_both_engines! {
    async fn a_message_whose_answer_got_lost_arrives_once(db) {
        let stage = Stage::set(db, 1).await;
        let path = "cgi-bin/message/send";
        let cut = Fault::new(Platform::Wecom, path, FaultKind::CutAfter);
        stage.sandbox.faults().add(cut);
        tell(&stage, "lin.yue", 1).await;
        stage.send().await;
        stage.advance(TimeDelta::seconds(10));
        stage.send().await;
        assert_eq!(stage.texts(STATUSES).await, ["sent"]);
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 1);
    }

    async fn sixty_texts_within_a_minute_all_arrive_in_order(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "lin.yue", 60).await;
        stage.send().await;
        // Business time says nothing about WeCom's minute.
        stage.leap(TimeDelta::minutes(5));
        stage.send().await;
        assert_eq!(numbers_read(&stage, "lin.yue"), (0..60).collect::<Vec<_>>());
        assert!(stage.sandbox.wecom().inbox("lin.yue").len() <= 20);
        stage.assert_no_violation();
    }

    async fn what_finds_no_room_waits_and_loses_no_try(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "lin.yue", 300).await;
        for _ in 0..3 {
            stage.send().await;
            stage.advance(TimeDelta::seconds(6));
        }
        assert!(numbers_read(&stage, "lin.yue").len() < 300, "a minute takes only so much");
        let tried = "SELECT CAST(MAX(attempts) AS TEXT) FROM notification_message \
                     WHERE status = 'pending'";
        assert_eq!(stage.texts(tried).await, ["0"], "waiting is no try");
        // Replies do not wait behind them.
        let help = stage.say("lin.yue", "帮助").await;
        assert!(help.contains("林越"), "{help}");
        for _ in 0..6 {
            stage.advance(TimeDelta::seconds(61));
            stage.send().await;
        }
        assert_eq!(numbers_read(&stage, "lin.yue"), (0..300).collect::<Vec<_>>());
        stage.assert_no_violation();
    }

    async fn a_message_to_several_counts_for_each(db) {
        let stage = Stage::set(db, 1).await;
        tell_all(&stage, &["lin.yue", "chen.an"], 20).await;
        stage.send().await;
        assert_eq!(stage.sandbox.wecom().inbox("chen.an").len(), 20);
        tell(&stage, "chen.an", 1).await;
        tell(&stage, "zhou.ke", 1).await;
        stage.send().await;
        assert_eq!(stage.sandbox.wecom().inbox("chen.an").len(), 20, "her minute is full");
        assert_eq!(stage.sandbox.wecom().inbox("zhou.ke").len(), 1);
        stage.advance(TimeDelta::seconds(61));
        stage.send().await;
        assert_eq!(stage.sandbox.wecom().inbox("chen.an").len(), 21);
        stage.assert_no_violation();
    }

    async fn nothing_overtakes_what_was_put_off(db) {
        let stage = Stage::set(db, 1).await;
        let busy = FaultKind::ApiError { code: "-1".to_owned(), message: "busy".to_owned() };
        let busy = Fault::new(Platform::Wecom, "cgi-bin/message/send", busy);
        stage.sandbox.faults().add(busy);
        tell(&stage, "lin.yue", 2).await;
        assert_eq!(stage.send().await.put_off, 1);
        tell(&stage, "lin.yue", 4).await;
        stage.send().await;
        assert_eq!(numbers_read(&stage, "lin.yue"), [0; 0]);
        let help = stage.say("lin.yue", "帮助").await;
        assert!(help.contains("林越"), "an answer may: {help}");
        stage.advance(TimeDelta::seconds(5));
        stage.send().await;
        assert_eq!(numbers_read(&stage, "lin.yue"), [0, 1, 2, 3]);
    }

    async fn a_card_that_cannot_be_sent_is_told_in_words_with_a_link(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        let refused =
            FaultKind::ApiError { code: "43012".to_owned(), message: "no callback".to_owned() };
        let fault = Fault::new(Platform::Wecom, "cgi-bin/message/send", refused);
        stage.sandbox.faults().add(fault);
        stage.send().await;
        for person in ["chen.an", "lin.yue", "zhou.ke"] {
            let told = stage.newest(person);
            assert!(told.contains("可直接通过：2 人 · ¥198"), "{person}: {told}");
            assert!(told.contains("/admin/refunds?campId=1"), "{person}: {told}");
        }
        let failed = "SELECT CAST(COUNT(*) AS TEXT) FROM notification_message \
                      WHERE status <> 'sent'";
        assert_eq!(stage.texts(failed).await, ["0"]);
    }

    async fn the_group_reads_the_notice_of_the_contract(db) {
        let stage = Stage::set(db, 1).await;
        tell_the_group(&stage).await;
        stage.send().await;
        let said = stage.sandbox.wecom().wait_for_group_message(ROBOT, SOON, "押金").await.unwrap();
        assert_eq!(
            said.text.trim(),
            "【退款通知】\n恭喜 @小明 完成训练营打卡，押金已退回！\n打卡天数：8/7天\n退款金额：99元"
        );
        stage.assert_no_violation();
    }

    async fn a_robot_is_never_asked_twice(db) {
        let stage = Stage::set(db, 1).await;
        let path = "cgi-bin/webhook/send";
        let cut = Fault::new(Platform::Wecom, path, FaultKind::CutAfter);
        stage.sandbox.faults().add(cut);
        tell_the_group(&stage).await;
        for _ in 0..3 {
            stage.send().await;
            stage.advance(TimeDelta::minutes(5));
        }
        assert_eq!(stage.texts(STATUSES).await, ["unknown"]);
        assert_eq!(stage.sandbox.wecom().group_messages(ROBOT).len(), 1);
    }

    async fn whom_wecom_does_not_know_is_recorded_as_failed(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "nobody.here", 1).await;
        stage.send().await;
        assert_eq!(stage.texts(STATUSES).await, ["failed"]);
    }

    async fn whom_it_did_not_reach_is_kept_with_the_message(db) {
        let stage = Stage::set(db, 1).await;
        tell_all(&stage, &["chen.an", "nobody.here"], 1).await;
        stage.send().await;
        assert_eq!(stage.texts(STATUSES).await, ["sent"]);
        let note = stage.texts("SELECT error FROM notification_message").await;
        assert_eq!(note, ["not reached: nobody.here"]);
    }

    async fn without_wecom_everything_waits_for_it(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "lin.yue", 1).await;
        let asked = stage.sandbox.wecom().say("lin.yue", "帮助").await;
        assert!(asked.is_accepted(), "{asked:?}");
        let chat = stage.chat_without_wecom();
        let worked = chat.work_inbox().await;
        assert!(matches!(worked, Err(Error::NotConfigured("wecom"))), "{worked:?}");
        let sent = chat.send_outbox().await;
        assert!(matches!(sent, Err(Error::NotConfigured("wecom"))), "{sent:?}");
        assert_eq!(stage.texts(STATUSES).await, ["pending"]);

        stage.settle().await;
        assert_eq!(stage.texts(STATUSES).await, ["sent", "sent"], "at once: nothing was leased");
        assert_eq!(numbers_read(&stage, "lin.yue"), [0]);
    }

    async fn what_an_older_version_wrote_is_still_delivered(db) {
        let stage = Stage::set(db, 1).await;
        let body = r#"{"refundNo":"rfd_7","reason":"silent"}"#;
        store(&stage, "refund_stuck", 1, body).await;
        stage.send().await;
        assert_eq!(stage.texts(STATUSES).await, ["sent"]);
        let told = stage.newest("lin.yue");
        assert!(told.contains("退款（rfd_7）已有 15 分钟问不到"), "{told}");
    }

    async fn what_cannot_be_read_ends_alone(db) {
        let stage = Stage::set(db, 1).await;
        store(&stage, "refund_lost", 1, "{}").await;
        store(&stage, "refund_stuck", 9, "{}").await;
        store(&stage, "cookie_expiring", 1, r#"{"daysLeft":"soon"}"#).await;
        tell(&stage, "lin.yue", 1).await;
        let sent = stage.send().await;
        assert_eq!((sent.failed, sent.sent), (3, 1));
        assert_eq!(stage.texts(STATUSES).await, ["failed", "failed", "failed", "sent"]);
        assert_eq!(numbers_read(&stage, "lin.yue"), [0]);
        let why = "SELECT error FROM notification_message WHERE status = 'failed' ORDER BY id";
        let why = stage.texts(why).await;
        assert_eq!(why[0], "the kind \"refund_lost\" is not known");
        assert_eq!(why[1], "version 9 of refund_stuck is not known");
        assert!(why[2].starts_with("version 1 of cookie_expiring has another shape"), "{why:?}");
        assert_eq!(stage.send().await.failed, 0, "an end is an end");
    }
}

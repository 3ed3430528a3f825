//! Objections: each holds its own deposit until somebody who did not decide it answers.

use std::collections::BTreeSet;
use std::time::Duration;

use campkeeper::domain::appeal::Appeal;
use campkeeper::domain::{
    AppealId, AppealKind, AppealStatus, PaymentId, RefundFlag, RefundKind, RefundStatus, UploadId,
};
use campkeeper::services::appeals::{
    Objection, Verdict, answer, forget_pictures, object, page, store_picture,
};
use campkeeper::services::custody::{outlook_of, watch};
use campkeeper::services::refund::{
    Closing, approve, close_payment, dry_run, reject, reject_batch, reopen, run_due,
};
use campkeeper::services::{Duplicate, Error, Refusal, Result, WrongState, access_token, progress};
use campkeeper::store::appeals::{self, AppealFilter, NewAppeal};
use campkeeper::store::{Lock, Note, PageRequest, StoreError};
use chrono::{NaiveDate, TimeDelta};
use tokio::sync::oneshot;

use crate::on_both_engines;
use crate::rows::{self, IfNew};
use crate::stage::{
    Cast, Stage, account, admin, clear, closing, coach, foreign_coach, order_no, other_admin,
    picked, super_admin,
};

/// A member whose days do not suffice.
const fn short(account: i64) -> Cast {
    Cast {
        ranking_days: 4,
        post_days: 4,
        ..clear(account)
    }
}

fn day(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 1, day)
}

fn objection(payment: i64, kind: AppealKind, day: Option<NaiveDate>) -> Objection {
    Objection {
        order_no: order_no(payment),
        kind,
        day,
        text: "那天 23:58 发的".to_owned(),
        uploads: BTreeSet::new(),
    }
}

impl Stage {
    /// The access token of the nth payment.
    pub(crate) async fn token(&self, payment: i64) -> String {
        let token = access_token::of(self.ctx.keys(), &order_no(payment));
        self.db.add(IfNew(rows::token(&token, payment))).await;
        token
    }

    pub(crate) async fn object(
        &self,
        payment: i64,
        kind: AppealKind,
        day: Option<NaiveDate>,
    ) -> Result<Appeal> {
        let token = self.token(payment).await;
        object(&self.ctx, &token, objection(payment, kind, day)).await
    }

    async fn waits_for(&self, payment: i64) -> Option<String> {
        let outlook = outlook_of(&self.ctx, PaymentId(payment)).await.unwrap();
        outlook.next.map(|next| next.what.to_string())
    }

    /// The camp runs, and its posts have been read to the end of every day so far.
    async fn running(&self) {
        self.run("UPDATE training_camp SET status = 'ongoing' WHERE id = 1")
            .await;
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result.unwrap_err() {
        Error::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn cannot(kind: AppealKind) -> Refusal {
    WrongState::CannotObject { kind }.into()
}

on_both_engines! {
    async fn who_is_right_about_the_verdict_gets_the_deposit_by_two_people(db) {
        let stage = Stage::set(db, &[short(1), short(2)]).await;
        assert_eq!(refused(stage.object(1, AppealKind::Verdict, None).await), cannot(AppealKind::Verdict));
        stage.build().await;
        let made = stage.object(1, AppealKind::Verdict, None).await.unwrap();
        assert_eq!(made.status, AppealStatus::Open);
        assert_eq!(stage.waits_for(1).await.as_deref(), Some("answer"));
        assert_eq!(stage.waits_for(2).await.as_deref(), Some("object"), "it holds its own deposit only");
        assert_eq!(refused(stage.object(1, AppealKind::Verdict, None).await), Duplicate::Appeal.into());
        assert!(stage.notices().await.contains(&"appeal_opened".to_owned()));
        // Its time passes, and nothing of it is kept.
        stage.pass(TimeDelta::hours(80));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1);
        assert_eq!(stage.waits_for(2).await, None);
        assert_eq!(stage.waits_for(1).await.as_deref(), Some("answer"));
        assert!(stage.notices().await.contains(&"overdue_steps".to_owned()), "nobody has answered");

        assert!(matches!(answer(&stage.ctx, &foreign_coach(), made.id, Verdict::Accept, "好").await, Err(Error::Forbidden(_))));
        assert!(matches!(answer(&stage.ctx, &super_admin(), made.id, Verdict::Accept, " ").await, Err(Error::Invalid(_))));
        let shown = answer(&stage.ctx, &super_admin(), made.id, Verdict::Accept, "星球漏记了三天").await.unwrap();
        assert_eq!(shown.listed.appeal.status, AppealStatus::Accepted);
        let second = answer(&stage.ctx, &admin(), made.id, Verdict::Refuse, "不行").await;
        assert!(matches!(refused(second), Refusal::AlreadyDecided { .. }));
        let refund = stage.of(1).await;
        assert_eq!((refund.proposal.kind, refund.status()), (RefundKind::Manual, RefundStatus::Pending));
        assert!(refund.proposal.flags.contains(&RefundFlag::Appealed));
        assert_eq!(refund.proposal.reason, "星球漏记了三天");
        let own = approve(&stage.ctx, &super_admin(), refund.id, None).await;
        assert_eq!(refused(own), Refusal::NeedsSecondApprover, "not even the super admin does both");
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
        stage.pass(TimeDelta::seconds(61));
        run_due(&stage.ctx).await.unwrap();
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, sandbox::wechat_pay::RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(10));
        run_due(&stage.ctx).await.unwrap();
        stage.assert_refunded_once(1).await;
        let told = outlook_of(&stage.ctx, PaymentId(1)).await.unwrap().appeal.unwrap();
        assert_eq!(told.answer.unwrap().text, "星球漏记了三天");
    }

    async fn a_verdict_is_final_when_its_time_is_over_or_it_was_answered(db) {
        let stage = Stage::set(db, &[short(1), short(2)]).await;
        stage.build().await;
        let made = stage.object(1, AppealKind::Verdict, None).await.unwrap();
        answer(&stage.ctx, &coach(), made.id, Verdict::Refuse, "已核对").await.unwrap();
        assert_eq!(stage.waits_for(1).await.as_deref(), Some("object"));
        assert_eq!(refused(stage.object(1, AppealKind::Verdict, None).await), Duplicate::AnsweredAppeal.into());
        stage.pass(TimeDelta::hours(72));
        assert_eq!(refused(stage.object(2, AppealKind::Verdict, None).await), cannot(AppealKind::Verdict));
        stage.pass(TimeDelta::minutes(1));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 2);
        assert_eq!(refused(stage.object(1, AppealKind::Verdict, None).await), cannot(AppealKind::Verdict), "nothing is here");
        stage.assert_in_order().await;
    }

    async fn whoever_rejected_does_not_answer(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        assert_eq!(refused(stage.object(1, AppealKind::Rejection, None).await), cannot(AppealKind::Rejection));
        assert_eq!(refused(stage.object(1, AppealKind::Verdict, None).await), cannot(AppealKind::Verdict), "they are eligible");
        for payment in [1, 2] {
            reject(&stage.ctx, &admin(), stage.of(payment).await.id, "代打卡").await.unwrap();
        }
        stage.pass(TimeDelta::days(6));
        let [first, second] = [1, 2].map(|payment| stage.object(payment, AppealKind::Rejection, None));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let own = answer(&stage.ctx, &admin(), first.id, Verdict::Refuse, "维持").await;
        assert_eq!(refused(own), Refusal::NeedsSecondApprover);
        let page = page(&stage.ctx, &other_admin(), AppealFilter::default(), PageRequest::new(1, 20).unwrap()).await.unwrap();
        let shown = page.rows.good.iter().find(|shown| shown.listed.appeal.id == first.id).unwrap();
        let no = shown.evidence.rejected.as_ref().unwrap();
        assert_eq!((no.by.as_str(), no.reason.as_str()), ("王管理", "代打卡"));
        assert_eq!((shown.evidence.ranking_days, shown.evidence.post_days), (Some(8), 8));
        stage.pass(TimeDelta::days(3));
        watch(&stage.ctx).await.unwrap();
        answer(&stage.ctx, &other_admin(), first.id, Verdict::Accept, "不是代打卡").await.unwrap();
        answer(&stage.ctx, &other_admin(), second.id, Verdict::Refuse, "维持").await.unwrap();
        let refund = stage.of(1).await;
        assert_eq!((refund.proposal.kind, refund.status()), (RefundKind::Manual, RefundStatus::Pending));
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1, "the seven days of the other are over");
        stage.assert_in_order().await;
    }

    async fn a_day_that_is_granted_counts_on_top_of_what_the_planet_says(db) {
        let six = Cast { ranking_days: 6, post_days: 6, ..clear(1) };
        let stage = Stage::set(db, &[six, clear(2)]).await;
        assert_eq!(refused(stage.object(1, AppealKind::Day, day(9)).await), cannot(AppealKind::Day), "the camp is over");
        stage.running().await;
        for (date, why) in [(day(3), "it counts"), (day(11), "it is no day of theirs"), (day(12), "it is to come")] {
            assert_eq!(refused(stage.object(1, AppealKind::Day, date).await), cannot(AppealKind::Day), "{why}");
        }
        assert!(matches!(stage.object(1, AppealKind::Day, None).await, Err(Error::Invalid(_))));
        assert!(matches!(stage.object(1, AppealKind::Verdict, day(9)).await, Err(Error::Invalid(_))));
        let other = object(&stage.ctx, &stage.token(2).await, objection(1, AppealKind::Day, day(9))).await;
        assert_eq!(refused(other), Refusal::NotYourOrder);
        let made = stage.object(1, AppealKind::Day, day(9)).await.unwrap();
        let by_coach = answer(&stage.ctx, &coach(), made.id, Verdict::Accept, "算").await;
        assert!(matches!(by_coach, Err(Error::Forbidden(_))), "a coach states no days");
        answer(&stage.ctx, &admin(), made.id, Verdict::Accept, "零点前发的").await.unwrap();
        let again = refused(stage.object(1, AppealKind::Day, day(9)).await);
        assert!(matches!(again, Refusal::Duplicate(_)), "it was answered: {again:?}");
        let shown = progress::of_member(&stage.ctx, campkeeper::domain::MemberId(1)).await.unwrap();
        assert_eq!((shown.checked_in_days, shown.eligible), (7, true));
        let receipts: Vec<_> = shown.days.iter().filter_map(|day| day.receipt).collect();
        assert_eq!(receipts.iter().map(|receipt| receipt.nth).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(receipts[6].source.as_str(), "attested");
        assert_eq!(receipts[0].source.as_str(), "post");
        // The planet counts another day afterwards: the granted one stays on top of it.
        stage.run("UPDATE sync_ranking SET checked_in_days = 7 WHERE planet_user_id = 300000000000001").await;
        stage.run("UPDATE training_camp SET status = 'ended' WHERE id = 1").await;
        stage.build().await;
        let refund = stage.of(1).await;
        assert_eq!(refund.proposal.checked_in_days, 8);
        assert!(refund.proposal.flags.contains(&RefundFlag::Attested), "a person looks at it");
        assert!(!refund.proposal.flags.contains(&RefundFlag::Appealed), "the day says it all");
        // A post of that day turns up: it is not counted twice.
        stage.db.add(rows::check_in(account(1), 9)).await;
        stage.build().await;
        assert_eq!(stage.of(1).await.proposal.checked_in_days, 7);
        stage.assert_in_order().await;
    }

    async fn nothing_is_decided_while_an_objection_is_open(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.running().await;
        let made = stage.object(1, AppealKind::Day, day(10)).await.unwrap();
        stage.run("UPDATE training_camp SET status = 'ended' WHERE id = 1").await;
        let built = stage.build().await;
        assert_eq!((built.clear.count, built.to_look_at.count), (0, 1));
        let refund = stage.of(1).await;
        assert!(refund.proposal.flags.contains(&RefundFlag::Appealed));
        let open = Refusal::from(WrongState::AppealOpen);
        assert_eq!(refused(approve(&stage.ctx, &admin(), refund.id, None).await), open);
        assert_eq!(refused(reject(&stage.ctx, &admin(), refund.id, "不行").await), open);
        answer(&stage.ctx, &coach(), made.id, Verdict::Refuse, "没有找到").await.unwrap();
        let refund = stage.of(1).await;
        assert!(refund.proposal.flags.is_empty(), "it is as clear as before");
        approve(&stage.ctx, &admin(), refund.id, Some(&refund.proposal_hash)).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn whoever_rejected_does_not_answer_whatever_became_of_the_refund_since(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        reject(&stage.ctx, &admin(), id, "代打卡").await.unwrap();
        stage.pass(TimeDelta::hours(1));
        let made = stage.object(1, AppealKind::Rejection, None).await.unwrap();
        // It waits for a decision again.
        reopen(&stage.ctx, &admin(), id, Some("再看一次")).await.unwrap();
        for verdict in [Verdict::Refuse, Verdict::Accept] {
            let own = answer(&stage.ctx, &admin(), made.id, verdict, "维持").await;
            assert_eq!(refused(own), Refusal::NeedsSecondApprover);
        }
        answer(&stage.ctx, &other_admin(), made.id, Verdict::Refuse, "维持").await.unwrap();
        reject(&stage.ctx, &admin(), id, "代打卡").await.unwrap();
        reopen(&stage.ctx, &admin(), id, Some("看错了")).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn no_rest_is_kept_while_an_objection_is_open(db) {
        let stage = Stage::set(db, &[short(1)]).await;
        stage.build().await;
        let made = stage.object(1, AppealKind::Verdict, None).await.unwrap();
        let rest = close_payment(&stage.ctx, &admin(), &order_no(1), closing(5000)).await;
        assert_eq!(refused(rest), WrongState::AppealOpen.into());
        assert_eq!(stage.waits_for(1).await.as_deref(), Some("answer"), "all of it is here");
        answer(&stage.ctx, &coach(), made.id, Verdict::Refuse, "已核对").await.unwrap();
        close_payment(&stage.ctx, &admin(), &order_no(1), closing(5000)).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn an_answer_is_owed_though_all_of_it_has_gone_back(db) {
        let stage = Stage::set(db, &[short(1)]).await;
        stage.build().await;
        let made = stage.object(1, AppealKind::Verdict, None).await.unwrap();
        close_payment(&stage.ctx, &admin(), &order_no(1), closing(9900)).await.unwrap();
        assert_eq!(stage.waits_for(1).await, None);
        let told = async || {
            let notices = stage.notices().await;
            notices.iter().filter(|kind| *kind == "overdue_steps").count()
        };
        stage.pass(TimeDelta::hours(47));
        assert_eq!((watch(&stage.ctx).await.unwrap().overdue, told().await), (0, 0));
        for (later, times) in [(2, 1), (2, 1), (24, 2)] {
            stage.pass(TimeDelta::hours(later));
            assert_eq!((watch(&stage.ctx).await.unwrap().overdue, told().await), (1, times));
        }
        answer(&stage.ctx, &coach(), made.id, Verdict::Refuse, "已经退了").await.unwrap();
        stage.pass(TimeDelta::days(2));
        assert_eq!((watch(&stage.ctx).await.unwrap().overdue, told().await), (0, 2));
        assert_eq!(stage.texts("SELECT what FROM overdue_step").await, [""; 0]);
        stage.assert_in_order().await;
    }

    async fn whoever_found_a_member_right_hears_a_second_persons_no_with_them(db) {
        let stage = Stage::set(db, &[short(1), short(2)]).await;
        stage.run("UPDATE payment_record SET wecom_userid = 'XuQing' WHERE id = 1").await;
        stage.build().await;
        let made = stage.object(1, AppealKind::Verdict, None).await.unwrap();
        answer(&stage.ctx, &coach(), made.id, Verdict::Accept, "星球漏记了三天").await.unwrap();
        let refund = stage.of(1).await;
        assert_eq!(refund.proposal.kind, RefundKind::Manual);
        reject(&stage.ctx, &admin(), refund.id, "截图是别的营").await.unwrap();
        let told = "SELECT body FROM notification_message WHERE kind = 'refund_rejected' \
                    AND recipient LIKE '%xuqing%'";
        let told = stage.texts(told).await;
        assert_eq!(told.len(), 1, "they were told that it comes");
        assert!(told[0].contains("截图是别的营"), "{told:?}");
    }

    async fn whoever_accepts_an_objection_lets_no_refund_of_it_go(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.running().await;
        let made = stage.object(1, AppealKind::Day, day(10)).await.unwrap();
        stage.run("UPDATE training_camp SET status = 'ended' WHERE id = 1").await;
        stage.build().await;
        answer(&stage.ctx, &super_admin(), made.id, Verdict::Accept, "算").await.unwrap();
        let refund = stage.of(1).await;
        assert_eq!((refund.proposal.kind, refund.status()), (RefundKind::Deposit, RefundStatus::Pending));
        let own = approve(&stage.ctx, &super_admin(), refund.id, None).await;
        assert_eq!(refused(own), Refusal::NeedsSecondApprover);
        let dry = dry_run(&stage.ctx, &super_admin(), &[picked(&refund)]).await.unwrap();
        assert_eq!((dry.approvable.len(), dry.skipped.len()), (0, 1));
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn who_rejects_waits_for_who_objects(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        for is_batch in [false, true] {
            let payment = if is_batch { 2 } else { 1 };
            let id = stage.of(payment).await.id;
            let (db, now) = (stage.ctx.db.clone(), stage.ctx.now());
            let (started, is_started) = oneshot::channel();
            let objecting = tokio::spawn(async move {
                db.write(move |tx| {
                    Box::pin(async move {
                        tx.lock(Lock::Decisions).await?;
                        started.send(()).unwrap();
                        // Long enough for the other one to take what it can.
                        tokio::time::sleep(Duration::from_millis(400)).await;
                        let new = NewAppeal {
                            payment_id: PaymentId(payment),
                            camp_id: None,
                            member_id: None,
                            kind: AppealKind::Verdict,
                            day: None,
                            text: "不对".to_owned(),
                        };
                        appeals::insert(tx, &new, &Note::new("member", "verdict", now)).await?;
                        Ok::<_, StoreError>(())
                    })
                })
                .await
            });
            is_started.await.unwrap();
            if is_batch {
                let done = reject_batch(&stage.ctx, &admin(), &[id], "不行").await.unwrap();
                assert_eq!((done.rejected.len(), done.skipped.len()), (0, 1));
            } else {
                let rejected = reject(&stage.ctx, &admin(), id, "不行").await;
                assert_eq!(refused(rejected), WrongState::AppealOpen.into());
            }
            objecting.await.unwrap().unwrap();
        }
    }

    async fn a_picture_that_cannot_be_deleted_keeps_no_other(db) {
        let stage = Stage::set(db, &[short(1)]).await;
        stage.build().await;
        let token = stage.token(1).await;
        let mut uploads = Vec::new();
        for blue in [1, 2, 3] {
            uploads.push(store_picture(&stage.ctx, &token, png(blue)).await.unwrap().id);
        }
        let made = Objection { uploads: uploads.iter().copied().collect(), ..objection(1, AppealKind::Verdict, None) };
        let made = object(&stage.ctx, &token, made).await.unwrap().id;
        answer(&stage.ctx, &admin(), made, Verdict::Refuse, "已核对").await.unwrap();
        let keys = stage.texts("SELECT file_key FROM upload ORDER BY id").await;
        let there = async |key: &String| stage.ctx.files.get(&key.parse().unwrap()).await.unwrap().is_some();
        // The first one has lost its file's name; the second one shows how it was settled besides.
        stage.run(&format!("UPDATE upload SET file_key = 'lost' WHERE id = {}", uploads[0])).await;
        let settlement = Closing { uploads: vec![uploads[1]], ..closing(9900) };
        close_payment(&stage.ctx, &admin(), &order_no(1), settlement).await.unwrap();
        stage.pass(TimeDelta::days(91));
        let Err(Error::PartlyDone(figures)) = forget_pictures(&stage.ctx).await else {
            panic!("somebody has to look");
        };
        assert_eq!((&figures["appealPictures"], &figures["failed"]), (&2.into(), &1.into()), "{figures}");
        assert_eq!(stage.texts("SELECT file_key FROM upload").await, [keys[1].clone()]);
        assert!(there(&keys[1]).await && !there(&keys[2]).await);
        assert_eq!(forget_pictures(&stage.ctx).await.unwrap(), 0, "it is told once");
    }

    async fn pictures_are_three_an_order_and_go_after_the_answer(db) {
        let stage = Stage::set(db, &[short(1), short(2)]).await;
        stage.build().await;
        let (token, other) = (stage.token(1).await, stage.token(2).await);
        let mut uploads = BTreeSet::new();
        for _ in 0..3 {
            uploads.insert(store_picture(&stage.ctx, &token, png(200)).await.unwrap().id);
        }
        assert!(matches!(store_picture(&stage.ctx, &token, png(200)).await, Err(Error::Invalid(_))));
        let foreign = Objection { uploads: uploads.clone(), ..objection(2, AppealKind::Verdict, None) };
        assert!(matches!(object(&stage.ctx, &other, foreign).await, Err(Error::Invalid(_))));
        let unknown = Objection { uploads: [UploadId(99)].into(), ..objection(1, AppealKind::Verdict, None) };
        assert!(matches!(object(&stage.ctx, &token, unknown).await, Err(Error::Invalid(_))));
        let made = Objection { uploads, ..objection(1, AppealKind::Verdict, None) };
        let made: AppealId = object(&stage.ctx, &token, made).await.unwrap().id;
        let seen = page(&stage.ctx, &coach(), AppealFilter::default(), PageRequest::new(1, 20).unwrap()).await.unwrap();
        assert_eq!(seen.rows.good[0].pictures.len(), 3);
        let none = page(&stage.ctx, &foreign_coach(), AppealFilter::default(), PageRequest::new(1, 20).unwrap()).await.unwrap();
        assert_eq!(none.total, 0);
        stage.pass(TimeDelta::days(100));
        assert_eq!(forget_pictures(&stage.ctx).await.unwrap(), 0, "nobody has answered");
        answer(&stage.ctx, &admin(), made, Verdict::Refuse, "已核对").await.unwrap();
        stage.pass(TimeDelta::days(89));
        assert_eq!(forget_pictures(&stage.ctx).await.unwrap(), 0);
        stage.pass(TimeDelta::days(2));
        assert_eq!(forget_pictures(&stage.ctx).await.unwrap(), 3);
        assert_eq!(stage.texts("SELECT file_key FROM upload").await, Vec::<String>::new());
        stage.assert_in_order().await;
    }
}

fn png(blue: u8) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([20, 120, blue]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

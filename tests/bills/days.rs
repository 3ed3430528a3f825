//! Which days are compared: every one, once, however the program and WeChat Pay fare.

use campkeeper::domain::trade_bill::BillState;
use campkeeper::services::bills::{Summary, compare_due};
use campkeeper::services::{Error, bills};
use chrono::{Days, TimeDelta};
use sandbox::faults::{Fault, FaultKind, Platform};
use sandbox::wechat_pay::BillFault;
use serde_json::json;

use crate::on_both_engines;
use crate::stage::{DEPOSIT_FEN, Stage, admin, order_no, shown};

fn equal(days: usize) -> Summary {
    Summary {
        equal: days,
        ..Summary::default()
    }
}

on_both_engines! {
    async fn thirty_days_of_ten_camps_differ_by_nothing(db) {
        let stage = Stage::set(db).await;
        let mut id = 0;
        for day in 0..30 {
            let mut going_back = Vec::new();
            for camp in 1..=10 {
                id += 1;
                stage.paid(id, camp, DEPOSIT_FEN).await;
                if (day + camp) % 3 == 0 {
                    id += 1;
                    stage.paid(id, camp, DEPOSIT_FEN + 1).await;
                    going_back.push(id);
                }
            }
            for payment in going_back {
                let refund_no = stage.refunded(payment).await;
                // Some arrive at once, some on another day.
                if payment % 2 == 0 {
                    stage.finish(&refund_no).await;
                }
            }
            stage.next_day_at(10, 30);
            assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(1), "day {day}");
            let bill = stage.bill(stage.yesterday()).await.unwrap();
            assert!(bill.bill.rows >= 10, "{bill:?}");
            assert_eq!((bill.bill.foreign_rows, bill.differences.len()), (0, 0));
        }
        let told = stage.told().await;
        assert_eq!(told.len(), 30);
        assert!(told.iter().all(|told| told["equal"]["count"] == 1), "{told:?}");

        // One forged row in the thirty-first.
        id += 1;
        stage.paid(id, 1, DEPOSIT_FEN).await;
        let forged = order_no(999_999);
        stage.fault(stage.today(), &[BillFault::Forged {
            out_trade_no: forged.clone(),
            out_refund_no: None,
            amount_fen: 12_345,
        }]);
        stage.next_day_at(10, 30);
        assert_eq!(compare_due(&stage.ctx).await.unwrap().different, 1);
        let named = &stage.told().await[30]["days"][0]["differences"];
        assert_eq!(*named, json!([{
            "kind": "missing_here", "orderNo": forged, "refundNo": null,
            "oursFen": null, "theirsFen": 12_345, "unposted": false, "next": "book",
        }]));
        stage.assert_in_order().await;
    }

    async fn four_days_off_and_none_is_skipped(db) {
        let stage = Stage::set(db).await;
        for id in 1..=4 {
            stage.paid(id, id, DEPOSIT_FEN).await;
            stage.next_day_at(12, 0);
        }
        // A day without any payment, which has no bill.
        stage.next_day_at(10, 29);
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(5));
        let mut day = stage.yesterday();
        for _ in 0..5 {
            assert_eq!(stage.state(day).await, Some(BillState::Equal), "{day}");
            day = day.pred_opt().unwrap();
        }
        assert_eq!(stage.state(day).await, None, "nothing was paid before");
        let told = stage.told().await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["equal"]["count"], 5);
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(0));
        assert_eq!(stage.told().await.len(), 1, "who was told is not told again");
        stage.assert_in_order().await;
    }

    async fn before_anybody_has_paid_there_is_nothing_to_compare(db) {
        let stage = Stage::set(db).await;
        stage.next_day_at(10, 30);
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(0));
        assert!(stage.told().await.is_empty());
    }

    async fn ninety_days_are_looked_back_at(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN).await;
        let first = stage.today();
        stage.pass(TimeDelta::days(100));
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(90));
        assert_eq!(stage.state(first).await, None);
        let too_old = bills::compare(&stage.ctx, &admin(), first).await;
        assert!(matches!(too_old, Err(Error::Refused(_))), "{too_old:?}");
        let today = bills::compare(&stage.ctx, &admin(), stage.today()).await;
        assert!(matches!(today, Err(Error::Refused(_))), "{today:?}");
    }

    async fn a_late_bill_holds_up_no_other_and_is_compared_when_it_comes(db) {
        let stage = Stage::set(db).await;
        let late = stage.today();
        stage.paid(1, 1, DEPOSIT_FEN).await;
        stage.next_day_at(12, 0);
        stage.paid(2, 1, DEPOSIT_FEN).await;
        stage.next_day_at(10, 30);
        let until = stage.sandbox.clock().now() + TimeDelta::hours(2);
        stage.fault(late, &[BillFault::Late { until }]);
        let summary = compare_due(&stage.ctx).await.unwrap();
        assert_eq!(summary, Summary { equal: 1, late: 1, ..Summary::default() });
        assert_eq!(stage.state(late).await, Some(BillState::Unavailable));
        assert_eq!(stage.told().await[0]["days"][0]["failure"], "creating");

        stage.pass(TimeDelta::hours(1));
        assert_eq!(compare_due(&stage.ctx).await.unwrap().late, 1);
        assert_eq!(stage.told().await.len(), 1, "once a day");
        stage.pass(TimeDelta::hours(1) + TimeDelta::seconds(1));
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(1));
        assert_eq!(stage.state(late).await, Some(BillState::Equal));
        assert_eq!(stage.told().await.len(), 2);
        stage.assert_in_order().await;
    }

    async fn before_ten_o_clock_yesterday_waits(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN).await;
        stage.next_day_at(9, 59);
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(0));
        let early = bills::compare(&stage.ctx, &admin(), stage.yesterday()).await;
        assert!(matches!(early, Err(Error::Refused(_))), "{early:?}");
        stage.pass(TimeDelta::minutes(1));
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(1));
    }

    async fn a_file_with_another_hash_is_refused(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN).await;
        stage.next_day_at(10, 30);
        stage.sandbox.faults().add(Fault::named(
            Platform::WechatPay,
            "wrong_bill_hash",
            json!({}),
        ));
        let summary = compare_due(&stage.ctx).await.unwrap();
        assert_eq!(summary, Summary { failed: 1, ..Summary::default() });
        assert_eq!(stage.state(stage.yesterday()).await, Some(BillState::Unavailable));
        assert_eq!(stage.told().await[0]["days"][0]["failure"], "unreadable");
        stage.pass(TimeDelta::hours(1));
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(1));
        stage.assert_in_order().await;
    }

    async fn while_wechat_pay_is_away_the_days_stay_due(db) {
        let stage = Stage::set(db).await;
        for id in 1..=3 {
            stage.paid(id, 1, DEPOSIT_FEN).await;
            stage.pass(TimeDelta::days(1));
        }
        stage.sandbox.faults().add(Fault::new(
            Platform::WechatPay,
            "v3/billdownload",
            FaultKind::CutBefore,
        ).times(2));
        let summary = compare_due(&stage.ctx).await.unwrap();
        assert_eq!(summary, Summary { failed: 2, left: 1, ..Summary::default() });
        assert_eq!(compare_due(&stage.ctx).await.unwrap(), equal(3));
        // A day that was compared stays as it was when it cannot be compared again.
        stage.sandbox.faults().add(Fault::new(
            Platform::WechatPay,
            "v3/bill/tradebill",
            FaultKind::HttpStatus { status: 502, body: String::new() },
        ));
        let day = stage.today().checked_sub_days(Days::new(3)).unwrap();
        let again = bills::compare(&stage.ctx, &admin(), day).await;
        assert!(matches!(again, Err(Error::PlatformUnavailable { .. })), "{again:?}");
        assert_eq!(stage.state(day).await, Some(BillState::Equal));
    }

    async fn two_runs_at_once_find_the_same_and_tell_it_once(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN).await;
        let lacking = stage.order(2, 1).await;
        stage.pay_unheard(&lacking, DEPOSIT_FEN);
        stage.next_day_at(10, 30);
        let runs = (0..4).map(|_| compare_due(&stage.ctx));
        for run in futures::future::join_all(runs).await {
            assert_eq!(run.unwrap().failed, 0);
        }
        let bill = stage.bill(stage.yesterday()).await.unwrap();
        assert_eq!(shown(&bill), [("missing_here", lacking.as_str(), None)]);
        assert_eq!(stage.told().await.len(), 1);
        stage.assert_in_order().await;
    }
}

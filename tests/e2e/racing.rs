//! Two transactions at once: a payment, and what may be done only while nobody has paid.

use std::time::Duration;

use campkeeper::domain::staff::{Actor, Channel, Role};
use campkeeper::domain::{CampId, CampStatus, Fen, Machine as _, OrderFlag, UserId};
use campkeeper::platforms::wechat_pay::{Payer, TradeState, Transaction, TransactionAmount};
use campkeeper::services::confirm_payment::{Applied, confirm};
use campkeeper::services::{Error, Refusal, camps};
use campkeeper::store::payments::{self, Confirmation, Payee, PlanetClaim};
use campkeeper::store::{Engine, Lock, Macs, Note, Tx};
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::TestApp;
use crate::camp::{DEPOSIT_FEN, enrolling};
use crate::for_both_engines;
use crate::payments::{count, order};

/// Long enough for what does not wait to be done.
const A_MOMENT: Duration = Duration::from_millis(400);

/// A transaction that has done its work and is not yet durable.
struct Held {
    release: oneshot::Sender<()>,
    done: JoinHandle<Result<(), Error>>,
}

impl Held {
    async fn after<F>(test: &TestApp, work: F) -> Self
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), Error>> + Send + 'static,
    {
        let (started, is_started) = oneshot::channel();
        let (release, is_released) = oneshot::channel();
        let db = test.app.context().db.clone();
        let done = tokio::spawn(async move {
            let held = db.write(move |tx| {
                Box::pin(async move {
                    work(tx).await?;
                    started.send(()).unwrap();
                    is_released.await.unwrap();
                    Ok(())
                })
            });
            held.await
        });
        is_started.await.unwrap();
        Self { release, done }
    }

    /// Lets the others try, and ends.
    async fn end(self) {
        tokio::time::sleep(A_MOMENT).await;
        self.release.send(()).unwrap();
        self.done.await.unwrap().unwrap();
    }
}

fn admin() -> Actor {
    Actor {
        user_id: UserId(1),
        name: "林月".to_owned(),
        role: Role::SuperAdmin,
        channel: Channel::Console,
        ip: None,
    }
}

pub fn payment_of(test: &TestApp, order_no: &str, currency: Option<&str>) -> Transaction {
    let ctx = test.app.context();
    let pay = ctx.pay().unwrap();
    Transaction {
        app_id: pay.app_id().to_owned(),
        mch_id: pay.mch_id().to_owned(),
        out_trade_no: order_no.to_owned(),
        transaction_id: Some(format!("4200{order_no}")),
        trade_type: None,
        trade_state: TradeState::Success,
        trade_state_desc: None,
        bank_type: None,
        attach: None,
        success_time: Some(test.sandbox.clock().now()),
        payer: Some(Payer {
            openid: Some("oPayer1".to_owned()),
        }),
        amount: Some(TransactionAmount {
            total_fen: Some(DEPOSIT_FEN),
            payer_total_fen: None,
            currency: currency.map(str::to_owned),
            payer_currency: None,
        }),
    }
}

/// A payment of the order, as its transaction writes it.
async fn being_paid(test: &TestApp, order_no: &str) -> Held {
    let (order_no, now) = (order_no.to_owned(), test.app.context().now());
    Held::after(test, move |tx| {
        Box::pin(async move {
            let seen = payments::to_confirm(tx, &order_no, &Macs::default()).await?;
            let order = seen.unwrap().order;
            let change = order.status.to(campkeeper::domain::OrderStatus::Paid)?;
            let paid = Confirmation {
                paid: Fen::new(DEPOSIT_FEN).unwrap(),
                paid_at: now,
                transaction_id: format!("4200{order_no}"),
                payer: None,
                flag: None,
                raw_notice: None,
                payee: Payee {
                    mch_id: "1900000001".to_owned(),
                    app_id: "wx1".to_owned(),
                },
            };
            let note = Note::new("wechat_pay", "payment confirmed", now);
            payments::confirm(tx, &order, change, &paid, &note);
            // Whatever is read comes after what was put off.
            payments::by_id(tx, order.id).await?;
            Ok(())
        })
    })
    .await
}

fn is_wrong_state<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Refused(Refusal::WrongState(_))))
}

for_both_engines! {
    async fn a_camp_that_is_being_paid_for_is_neither_withdrawn_nor_deleted(test) {
        for is_deletion in [false, true] {
            let camp = CampId(enrolling(&test, "写作营").await.id);
            let order_no = order(&test.browser(), camp.0, None).await;
            let payment = being_paid(&test, &order_no).await;
            let ctx = test.app.context();
            let attempt = tokio::spawn(async move {
                if is_deletion {
                    camps::delete(&ctx, &admin(), camp).await
                } else {
                    camps::withdraw(&ctx, &admin(), camp).await
                }
            });
            payment.end().await;
            let attempt = attempt.await.unwrap();
            assert!(is_wrong_state(&attempt), "deletion: {is_deletion}, {attempt:?}");
        }
        test.finish().await;
    }

    async fn the_deposit_of_a_camp_that_is_being_paid_for_stays(test) {
        let camp = CampId(enrolling(&test, "写作营").await.id);
        let order_no = order(&test.browser(), camp.0, None).await;
        let payment = being_paid(&test, &order_no).await;
        let ctx = test.app.context();
        let edit = camps::CampInput { deposit_fen: Some(Some(100)), ..camps::CampInput::default() };
        let attempt =
            tokio::spawn(async move { camps::update(&ctx, &admin(), camp, edit).await });
        payment.end().await;
        let attempt = attempt.await.unwrap();
        assert!(is_wrong_state(&attempt), "{attempt:?}");
        test.finish().await;
    }

    async fn a_payment_for_a_camp_that_is_being_withdrawn_takes_no_place(test) {
        let camp = CampId(enrolling(&test, "写作营").await.id);
        let order_no = order(&test.browser(), camp.0, None).await;
        let note = Note::new("admin", "withdrawn", test.app.context().now());
        let withdrawal = Held::after(&test, move |tx| {
            Box::pin(async move {
                tx.lock(Lock::Camp(camp)).await?;
                let change = CampStatus::Enrolling.to(CampStatus::Pending)?;
                campkeeper::store::camps::advance(tx, camp, change, &note).await?;
                Ok(())
            })
        })
        .await;
        let (ctx, paid) = (test.app.context(), payment_of(&test, &order_no, None));
        let payment = tokio::spawn(async move { confirm(&ctx, &paid, None).await });
        withdrawal.end().await;
        assert_eq!(payment.await.unwrap().unwrap(), Applied::Now(Some(OrderFlag::Late)));
        let members = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member";
        assert_eq!(count(&test, members).await, 0);
        test.finish().await;
    }

    async fn a_member_is_who_they_last_said_to_be(test) {
        let camp = enrolling(&test, "写作营").await;
        let order_no = order(&test.browser(), camp.id, Some(("4805", "先前的名字"))).await;
        let (number, now) = (order_no.clone(), test.app.context().now());
        let correction = Held::after(&test, move |tx| {
            Box::pin(async move {
                let order = payments::by_order_no(tx, &number).await?.unwrap();
                let claim = PlanetClaim {
                    planet_id: Some("4806".to_owned()),
                    nickname: Some("后来的名字".to_owned()),
                    ..PlanetClaim::default()
                };
                payments::set_claim(tx, order.id, &claim, now).await?;
                Ok(())
            })
        })
        .await;
        let (ctx, paid) = (test.app.context(), payment_of(&test, &order_no, Some("CNY")));
        let payment = tokio::spawn(async move { confirm(&ctx, &paid, None).await });
        correction.end().await;
        assert_eq!(payment.await.unwrap().unwrap(), Applied::Now(None));
        let members = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member \
                       WHERE planet_nickname = '后来的名字'";
        assert_eq!(count(&test, members).await, 1);
        test.finish().await;
    }

    async fn another_currency_is_no_deposit_and_no_refund_of_ours(test) {
        let camp = enrolling(&test, "写作营").await;
        let order_no = order(&test.browser(), camp.id, None).await;
        for number in [order_no.as_str(), "from_a_lost_backup_1"] {
            let paid = payment_of(&test, number, Some("USD"));
            confirm(&test.app.context(), &paid, None).await.unwrap();
        }
        for (sql, expected) in [
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'wrong_amount'", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'unknown_order'", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE paid_fen = 0", 2),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM order_status_log \
              WHERE reason = 'payment confirmed, 9900 in USD'", 2),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record", 0),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member", 0),
        ] {
            assert_eq!(count(&test, sql).await, expected, "{sql}");
        }
        test.finish().await;
    }

    async fn a_payment_to_another_merchant_is_not_ours_whatever_its_number(test) {
        let camp = enrolling(&test, "写作营").await;
        let order_no = order(&test.browser(), camp.id, None).await;
        for number in [order_no.as_str(), "somebody_elses_1"] {
            let mut paid = payment_of(&test, number, Some("CNY"));
            paid.mch_id = "1900000009".to_owned();
            let refused = confirm(&test.app.context(), &paid, None).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        let paid = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE status = 'paid'";
        assert_eq!(count(&test, paid).await, 0);
        test.finish().await;
    }
}

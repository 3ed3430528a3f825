//! Settlement pages: the sums are the ledger's, nobody is named, and each proves their own line.

use campkeeper::domain::ledger::Account;
use campkeeper::domain::settlement::climb;
use campkeeper::domain::{CampId, PaymentId};
use campkeeper::services::custody::watch;
use campkeeper::services::refund::{approve, close, reject, run_due};
use campkeeper::services::settlements::{address_of, edition, hex, own_lines, publish};
use campkeeper::services::{Error, Refusal};
use campkeeper::store::ledger;
use chrono::TimeDelta;

use crate::on_both_engines;
use crate::stage::{CAMP, Cast, Stage, admin, clear, closing, order_no};

impl Stage {
    async fn page_is_on(&self) {
        self.run("UPDATE training_camp SET settlement_page = TRUE WHERE id = 1")
            .await;
    }

    /// The classes of the newest edition are what the ledger has, and every payer proves their line.
    async fn assert_settled(&self, payments: i64) -> String {
        let address = address_of(&self.ctx, PaymentId(1)).await.unwrap().unwrap();
        let page = edition(&self.ctx, &address).await.unwrap();
        let mut conn = self.db.read().await.unwrap();
        let books = ledger::balances(&mut conn, Some(CAMP)).await.unwrap();
        let classes = page.classes;
        for (class, accounts) in [
            (classes.paid, &[Account::Bank][..]),
            (classes.refunded, &[Account::Returned]),
            (classes.settled_outside, &[Account::SettledOutside]),
            (classes.kept, &[Account::Kept]),
            (classes.open, &[Account::Held, Account::Suspense]),
        ] {
            let sum: i64 = accounts.iter().map(|account| books.of(*account)).sum();
            assert_eq!(class.fen, sum, "{accounts:?}");
        }
        for payment in 1..=payments {
            let token = self.token(payment).await;
            let own = own_lines(&self.ctx, &token, &order_no(payment))
                .await
                .unwrap();
            assert_eq!(own.public_id, address);
            assert!(!own.lines.is_empty());
            for (line, path) in &own.lines {
                let root = climb(line, path);
                assert_eq!(hex(&root.hash), page.root);
                assert_eq!(root.sum_fen, books.of(Account::Bank));
            }
        }
        address
    }
}

on_both_engines! {
    async fn editions_follow_the_ledger_and_each_payer_proves_their_line(db) {
        let short = Cast { ranking_days: 2, post_days: 2, ..clear(1) };
        let cast: Vec<Cast> = (1..=7).map(|account| match account {
            1 | 2 => Cast { account, ..short },
            _ => clear(account),
        }).collect();
        let stage = Stage::set(db, &cast).await;
        assert!(!publish(&stage.ctx, CampId(2)).await.unwrap(), "nobody has paid there");
        stage.build().await;
        assert!(publish(&stage.ctx, CAMP).await.unwrap());
        assert_eq!(address_of(&stage.ctx, PaymentId(1)).await.unwrap(), None, "its page is off");
        stage.page_is_on().await;
        let first = stage.assert_settled(7).await;
        assert!(!publish(&stage.ctx, CAMP).await.unwrap(), "nothing has changed");
        assert!(!edition(&stage.ctx, &first).await.unwrap().classes.may_be_told(), "seven payers are too few");

        for payment in [3, 4] {
            approve(&stage.ctx, &admin(), stage.of(payment).await.id, None).await.unwrap();
        }
        close(&stage.ctx, &admin(), stage.of(5).await.id, closing(5000)).await.unwrap();
        reject(&stage.ctx, &admin(), stage.of(6).await.id, "代打卡").await.unwrap();
        stage.pass(TimeDelta::seconds(61));
        run_due(&stage.ctx).await.unwrap();
        for payment in [3, 4] {
            stage.finish(&stage.of(payment).await, sandbox::wechat_pay::RefundOutcome::Success);
        }
        stage.pass(TimeDelta::days(8));
        run_due(&stage.ctx).await.unwrap();
        watch(&stage.ctx).await.unwrap();
        assert!(publish(&stage.ctx, CAMP).await.unwrap());
        let second = stage.assert_settled(7).await;
        assert_ne!(first, second);
        let page = edition(&stage.ctx, &second).await.unwrap();
        assert_eq!((page.edition, page.replaces.as_deref()), (2, Some(first.as_str())));
        let counts = [page.classes.refunded, page.classes.settled_outside, page.classes.kept, page.classes.open];
        assert_eq!(counts.map(|class| class.count), [2, 1, 4, 1]);
        assert!(edition(&stage.ctx, &first).await.is_ok(), "an edition is never changed");
        // Whoever has another's token learns nothing of this order.
        let foreign = own_lines(&stage.ctx, &stage.token(2).await, &order_no(1)).await;
        assert!(matches!(foreign, Err(Error::Refused(Refusal::NotYourOrder))));
        stage.run("UPDATE training_camp SET settlement_page = FALSE WHERE id = 1").await;
        assert!(matches!(edition(&stage.ctx, &second).await, Err(Error::NotFound)));
        stage.assert_in_order().await;
    }
}

//! What the hot paths ask of the database, counted: hops to SQLite's thread, statements of either
//! engine. Who adds one sees it here. The driver tells of each in the log, so that nothing in the
//! product counts.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[expect(dead_code, reason = "time stands still here")]
#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/context.rs"]
mod context;
mod count;
#[path = "../support/rows.rs"]
mod rows;
#[expect(dead_code, reason = "nothing is looked up behind the store")]
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;

use campkeeper::platforms::wechat_pay::{
    Payer, PublicKey, Settings, Timeouts, TradeState, Transaction, TransactionAmount, WechatPay,
};
use campkeeper::services::confirm_payment::{self, Applied};
use campkeeper::services::inbox::{self, WECOM_APP};
use campkeeper::services::{Clients, Context};
use campkeeper::store::Engine;

use crate::clock::TestClock;
use crate::count::{Counted, counted};
use crate::support::{TestDb, fresh_db};

const NOW: i64 = 1_767_225_600_000_000;

/// One test, since what is counted is all that the process asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_path_asks_no_more_than_it_has_to() {
    count::start();
    let mut seen = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let db = fresh_db(engine).await;
        let camp = rows::camp(1, "营").status("enrolling");
        let silent = rows::open_order(1).order_no("ord_silent");
        let claimed = rows::open_order(2).order_no("ord_claimed");
        let claimed = claimed.claimed_planet_id("54231919143797");
        db.add((camp, silent, claimed.claimed_nickname("小明")))
            .await;
        let files = tempfile::tempdir().unwrap();
        let ctx = context_with_pay(&db, &files).await;
        let of = |what: &'static str, counted| (engine, what, counted);
        seen.push(of(
            "a payment",
            pay(&ctx, "ord_silent", Applied::Now(None)).await,
        ));
        let claimed = pay(&ctx, "ord_claimed", Applied::Now(None)).await;
        seen.push(of("a payment with a claim", claimed));
        seen.push(of(
            "a payment once more",
            pay(&ctx, "ord_silent", Applied::Before).await,
        ));
        let keep = inbox::keep(&ctx, WECOM_APP, "key".to_owned(), b"<xml/>");
        let (kept, counted_keep) = counted(keep).await;
        kept.unwrap();
        seen.push(of("a callback kept", counted_keep));
        let (leased, counted_lease) = counted(inbox::lease(&ctx)).await;
        seen.push(of("the inbox leased", counted_lease));
        let lease = leased.unwrap().pop().unwrap().lease;
        let (ended, counted_end) = counted(inbox::finish(&ctx, lease, Vec::new())).await;
        ended.unwrap();
        seen.push(of("an event ended", counted_end));
    }
    // PostgreSQL's driver tells of COMMIT too.
    let expected = [
        (Engine::Sqlite, "a payment", Counted::new(2, 12)),
        (
            Engine::Sqlite,
            "a payment with a claim",
            Counted::new(4, 18),
        ),
        (Engine::Sqlite, "a payment once more", Counted::new(2, 5)),
        (Engine::Sqlite, "a callback kept", Counted::new(1, 5)),
        (Engine::Sqlite, "the inbox leased", Counted::new(2, 5)),
        (Engine::Sqlite, "an event ended", Counted::new(1, 5)),
        (Engine::Postgres, "a payment", Counted::new(10, 10)),
        (
            Engine::Postgres,
            "a payment with a claim",
            Counted::new(16, 16),
        ),
        (Engine::Postgres, "a payment once more", Counted::new(3, 3)),
        (Engine::Postgres, "a callback kept", Counted::new(2, 2)),
        (Engine::Postgres, "the inbox leased", Counted::new(2, 2)),
        (Engine::Postgres, "an event ended", Counted::new(2, 2)),
    ];
    assert_eq!(seen, expected);
}

async fn pay(ctx: &Context, order_no: &str, expected: Applied) -> Counted {
    let pay = ctx.pay().unwrap();
    let transaction = Transaction {
        app_id: pay.app_id().to_owned(),
        mch_id: pay.mch_id().to_owned(),
        out_trade_no: order_no.to_owned(),
        transaction_id: Some(format!("4200{order_no}")),
        trade_type: None,
        trade_state: TradeState::Success,
        trade_state_desc: None,
        bank_type: None,
        attach: None,
        success_time: None,
        payer: Some(Payer {
            openid: Some(format!("o{order_no}")),
        }),
        amount: Some(TransactionAmount {
            total_fen: Some(9900),
            payer_total_fen: None,
            currency: None,
            payer_currency: None,
        }),
    };
    let (applied, counted) = counted(confirm_payment::confirm(ctx, &transaction, None)).await;
    assert_eq!(applied.unwrap(), expected);
    counted
}

async fn context_with_pay(db: &TestDb, files: &tempfile::TempDir) -> Context {
    let clock = TestClock::at(NOW);
    let now = chrono::DateTime::from_timestamp_micros(NOW).unwrap();
    let pay = WechatPay::new(pay_settings(), Arc::new(move || now)).unwrap();
    let ctx = context::context(db, clock.clone(), clock, context::settings(), files).await;
    let clients = Clients {
        pay: Some(pay),
        ..Clients::default()
    };
    Context {
        clients: Arc::new(clients),
        ..ctx
    }
}

fn pay_settings() -> Settings {
    Settings {
        api_base: "http://127.0.0.1:9".to_owned(),
        app_id: "wx1234567890abcdef".to_owned(),
        mch_id: "1900000001".to_owned(),
        serial_no: "3775B6A45ACD588826D15E583A95F5DD0123ABCD".to_owned(),
        private_key_pem: vector("keys/merchant_private_key.pem").into(),
        api_v3_key: "TestApiV3Key0123456789abcdefABCD".into(),
        public_key: Some(PublicKey {
            id: "PUB_KEY_ID_0119000000012025100900123456000001".to_owned(),
            pem: vector("keys/wechatpay_pub_public_key.pem"),
        }),
        timeouts: Timeouts::default(),
    }
}

fn vector(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/wechatpay");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

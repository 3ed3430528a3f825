//! A row that fits no state holds up only itself, wherever rows are read together, and its job says
//! that it is there (cases M7).

use campkeeper::services::{Error, bind, reconcile};

use crate::on_both_engines;
use crate::stage::{OVER_AT, Stage, clear, order_no};

on_both_engines! {
    async fn an_order_that_cannot_be_read_keeps_no_payment_from_being_found(db) {
        let stage = Stage::set(db, &[]).await;
        for (id, channel) in [(60, "pigeon"), (61, "native")] {
            let order_no = order_no(id);
            stage.run(&format!(
                "INSERT INTO payment_record (id, order_no, camp_id, channel, status, amount_fen, \
                 start_date, end_date, total_days, required_days, grace_days, bind_status, \
                 expires_at, next_query_at, queries, created_at, updated_at) VALUES ({id}, \
                 '{order_no}', 1, '{channel}', 'created', 9900, '2026-01-01', '2026-01-10', 10, 7, \
                 1, 'pending', {OVER_AT}, 0, 0, 0, 0)"
            )).await;
            stage.pay_at_peer(&order_no, 9900);
        }
        let Err(Error::PartlyDone(figures)) = reconcile::unpaid(&stage.ctx).await else {
            panic!("somebody has to mend the row");
        };
        assert_eq!((&figures["paid"], &figures["unreadable"]), (&1.into(), &1.into()), "{figures}");
        let statuses = "SELECT status FROM payment_record ORDER BY id";
        assert_eq!(stage.texts(statuses).await, ["created", "paid"]);
    }

    async fn a_binding_that_cannot_be_read_keeps_no_other_from_expiring(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET bind_status = 'pending', bind_deadline = 1").await;
        stage.run("UPDATE payment_record SET flag = 'odd' WHERE id = 1").await;
        let Err(Error::PartlyDone(figures)) = bind::expire(&stage.ctx).await else {
            panic!("somebody has to mend the row");
        };
        assert_eq!((&figures["expired"], &figures["unreadable"]), (&1.into(), &1.into()), "{figures}");
        let bindings = "SELECT bind_status FROM payment_record ORDER BY id";
        assert_eq!(stage.texts(bindings).await, ["pending", "expired"]);
    }
}

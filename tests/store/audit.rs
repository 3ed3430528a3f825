//! The audit chain shows every edit, removal and addition.

use campkeeper::domain::{ChainFault, Role, Timestamp, UserId, staff};
use campkeeper::store::audit::{self, Anchor, ChainStatus, Entry, verify};
use campkeeper::store::{Db, StoreError};
use serde_json::json;

use crate::on_both_engines;
use crate::rows;

fn entry(number: usize) -> Entry {
    Entry {
        actor: Some(staff::Actor {
            user_id: UserId(1),
            name: "王管理".to_owned(),
            role: Role::Admin,
            channel: staff::Channel::Card,
            ip: None,
        }),
        action: "refund.approve",
        object_type: "refund",
        object_id: number.to_string(),
        details: json!({"amountFen": 9900}),
        at: Timestamp::from_micros(1_767_225_600_000_000),
    }
}

async fn write(db: &Db, number: usize) {
    db.write(move |tx| {
        Box::pin(async move {
            tx.audit(entry(number));
            Ok::<_, StoreError>(())
        })
    })
    .await
    .unwrap();
}

async fn chain_status(db: &Db) -> ChainStatus {
    verify(&mut db.read().await.unwrap(), db.keys())
        .await
        .unwrap()
}

/// The end of the chain as it can be kept anywhere.
async fn noted(db: &Db) -> String {
    let end = audit::anchor(&mut db.read().await.unwrap(), db.keys()).await;
    end.unwrap().unwrap().text()
}

async fn compared(db: &Db, anchor: &Anchor) -> ChainStatus {
    audit::has(&mut db.read().await.unwrap(), db.keys(), anchor)
        .await
        .unwrap()
}

on_both_engines! {
    async fn concurrent_writers_make_one_chain(db) {
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let db = db.db.clone();
                tokio::spawn(async move { write(&db, number).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(chain_status(&db).await, ChainStatus::Intact { rows: 40 });
    }

    async fn an_edit_shows(db) {
        for number in 0..3 { write(&db, number).await; }
        db.run("UPDATE operation_log SET actor_name = 'x' WHERE seq = 2").await;
        assert!(matches!(chain_status(&db).await, ChainStatus::Broken { seq: 2, .. }));
    }

    async fn a_removal_shows_in_the_middle_and_at_the_end(db) {
        for number in 0..3 { write(&db, number).await; }
        db.run("DELETE FROM operation_log WHERE seq = 3").await;
        assert!(matches!(chain_status(&db).await, ChainStatus::Broken { seq: 3, .. }));
        db.run("DELETE FROM operation_log WHERE seq = 1").await;
        assert!(matches!(chain_status(&db).await, ChainStatus::Broken { seq: 1, .. }));
    }

    async fn an_end_that_was_set_back_shows(db) {
        for number in 0..3 { write(&db, number).await; }
        db.run("CREATE TABLE kept AS SELECT seq, link, mac FROM audit_head").await;
        write(&db, 3).await;
        // The number and the link of an earlier end can be computed by anybody; its MAC cannot.
        db.run("UPDATE audit_head SET seq = 3, link = (SELECT link FROM kept)").await;
        db.run("DELETE FROM operation_log WHERE seq = 4").await;
        assert!(matches!(chain_status(&db).await, ChainStatus::Broken { seq: 4, .. }));
    }

    async fn an_end_that_was_set_back_whole_shows_by_what_was_noted_elsewhere(db) {
        for number in 0..3 { write(&db, number).await; }
        db.run("CREATE TABLE kept AS SELECT seq, link, mac FROM audit_head").await;
        write(&db, 3).await;
        let noted = noted(&db).await;
        let read = Anchor::read(db.keys(), &noted).unwrap();
        assert_eq!((read.rows(), read.is_present(db.keys())), (4, true));
        assert_eq!(compared(&db, &read).await, ChainStatus::Intact { rows: 4 });

        db.run("UPDATE audit_head SET seq = 3, link = (SELECT link FROM kept), \
                mac = (SELECT mac FROM kept)").await;
        db.run("DELETE FROM operation_log WHERE seq = 4").await;
        // Within the database nothing is left of it.
        assert_eq!(chain_status(&db).await, ChainStatus::Intact { rows: 3 });
        let cut = ChainStatus::Broken { seq: 4, what: ChainFault::Cut };
        assert_eq!(compared(&db, &read).await, cut);
        write(&db, 5).await;
        write(&db, 6).await;
        assert_eq!(chain_status(&db).await, ChainStatus::Intact { rows: 5 });
        let replaced = ChainStatus::Broken { seq: 4, what: ChainFault::Replaced };
        assert_eq!(compared(&db, &read).await, replaced);
        let forged = noted.replacen("4:", "3:", 1);
        assert_eq!(Anchor::read(db.keys(), &forged), None);
    }

    async fn a_log_that_was_emptied_shows(db) {
        db.add(rows::staff(1, "lin", "admin", "林")).await;
        write(&db, 1).await;
        db.run("DELETE FROM operation_log").await;
        db.run("UPDATE audit_head SET seq = 0, link = SUBSTR(link, 1, 0), mac = SUBSTR(mac, 1, 0)").await;
        let emptied = ChainStatus::Broken { seq: 1, what: ChainFault::Emptied };
        assert_eq!(chain_status(&db).await, emptied);
    }

    async fn an_addition_shows(db) {
        for number in 0..2 { write(&db, number).await; }
        // Forged of the one before it, with the mark that it has: no scene makes such a row.
        db.run("INSERT INTO operation_log SELECT 3, actor_id, actor_name, role, action, object_type, \
             object_id, details, channel, ip, created_at, mac FROM operation_log WHERE seq = 2",
        )
        .await;
        assert!(matches!(chain_status(&db).await, ChainStatus::Broken { seq: 3, .. }));
    }

    async fn a_work_that_fails_leaves_no_entry(db) {
        let failed = db
            .write(|tx| Box::pin(async move {
                tx.audit(entry(1));
                Err::<(), _>(StoreError::Conflict)
            }))
            .await;
        assert!(failed.is_err());
        assert_eq!(chain_status(&db).await, ChainStatus::Intact { rows: 0 });
    }
}

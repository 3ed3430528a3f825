//! Reports, and what staff take away as spreadsheets.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::crowd::crowd;
use crate::house::{House, Staff};
use crate::on_both_engines;
use crate::rows::{self, Rows};

/// Two camps, of January and of February: the first has four members, of whom three checked in and
/// two have earned their deposit back. One of these got it in time and one too late; of the others
/// one was settled outside, and one is kept.
fn scene() -> impl Rows {
    let january = (["2026-01-10", "2026-01-16"], [7, 5, 0]);
    let february = (["2026-02-01", "2026-02-07"], [7, 5, 0]);
    let camps = [
        rows::camp(1, "写作营").terms(january).status("settling"),
        rows::camp(2, "读书营").terms(february).status("enrolling"),
        rows::camp(3, "草稿").terms(january).status("draft"),
    ];
    let paid = (1..).zip(["refunded", "refunded", "paid", "paid"]);
    let payments = paid.map(|(id, status)| {
        let payment = rows::payment(id).terms(january).status(status);
        let payment = payment.order_no(format!("ord_{id}"));
        let payment = payment.promise_list_by("2026-01-18");
        let payment = payment.promise_decision_by("2026-01-19");
        payment.promise_money_days(1)
    });
    let days = (1..).zip([6, 6, 2, 0]).map(|(id, days)| {
        let member = rows::member(id).planet_user_id(300_000_000_000_070 + id);
        let member = member.joined(true).checked_in_days(days).eligible(days > 5);
        member.planet_nickname(if id == 1 {
            "=1+1".to_owned()
        } else {
            format!("会员{id}")
        })
    });
    let transfer = |id, to, payment| {
        let transfer = rows::transfer(id, ["held", to], 9900);
        transfer.camp_id(1).payment_id(payment)
    };
    let books = [
        transfer("a", "returned", 1),
        transfer("b", "returned", 2),
        transfer("c", "settled_outside", 3),
        transfer("d", "kept", 4),
        transfer("e", "returned", 4).kind("pending"),
    ];
    let back = [(1, 1_768_838_400_000_000), (2, 1_768_924_800_000_000)];
    let refunds = back.map(|(id, at)| {
        let refund = rows::refund(&format!("rfd_{id}"), id, &format!("ord_{id}"));
        let refund = refund.id(id).member_id(id).checked_in_days(6).attempts(1);
        let refund = refund.status("success").wechat_refund_id("5030");
        refund.decided_at(1_768_752_000_000_000).refunded_at(at)
    });
    let (payments, members) = (payments.collect::<Vec<_>>(), days.collect::<Vec<_>>());
    (camps, payments, members, books, refunds)
}

struct Desk {
    house: House,
    admin: Staff,
}

impl Desk {
    async fn get(&self, path: &str) -> Value {
        self.house
            .get(path)
            .as_staff(&self.admin)
            .send()
            .await
            .data()
    }

    /// The rows of an exported sheet, its head first.
    async fn rows(&self, staff: &Staff, file: &str) -> Vec<Vec<Data>> {
        let path = format!("/api/admin/export/{file}");
        let reply = self.house.get(&path).as_staff(staff).send().await;
        assert_eq!(reply.status, 200, "{file}");
        let mut book = Xlsx::new(Cursor::new(reply.bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        sheet.rows().map(<[Data]>::to_vec).collect()
    }
}

/// The column of this heading.
fn place(head: &[Data], name: &str) -> usize {
    let is_named = |cell: &Data| matches!(cell, Data::String(text) if text == name);
    head.iter().position(is_named).unwrap()
}

on_both_engines! {
    async fn a_report_counts_camps_members_money_and_kept_promises(db) {
        let house = House::new(db).await;
        house.db.add(scene()).await;
        let admin = house.signed_in(Role::Admin).await;
        let desk = Desk { house, admin };
        let report = desk.get("/api/admin/statistics/overview").await;
        assert_eq!(report["totals"], json!({
            "camps": 2, "members": 4, "paidFen": 39_600, "refundedFen": 19_800,
            "settledOutsideFen": 9_900, "netFen": 9_900, "keptFen": 9_900,
            "promisesKept": 1, "promises": 2
        }));
        let names: Vec<&Value> = report["camps"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["读书营", "写作营"], "the newest first, and no draft");
        let writing = &report["camps"][1];
        assert_eq!((&writing["enrolled"], &writing["participationRate"], &writing["completionRate"]),
            (&json!(4), &json!(75), &json!(50)));
        assert_eq!((&writing["paidFen"], &writing["netFen"]), (&json!(39_600), &json!(9_900)));
        let reading = &report["camps"][0];
        assert_eq!((&reading["enrolled"], &reading["completionRate"]), (&json!(0), &Value::Null));
        assert_eq!(report["months"], json!([
            {"month": "2026-01", "members": 4, "completionRate": 50},
            {"month": "2026-02", "members": 0, "completionRate": null}
        ]));
        let january = desk.get("/api/admin/statistics/camp?from=2026-01-01&to=2026-01-31").await;
        assert_eq!(january["totals"]["camps"], 1);
        let later = desk.get("/api/admin/statistics/camp?from=2026-01-17").await;
        assert_eq!(later["camps"][0]["name"], "读书营");

        let coach = desk.house.signed_in(Role::Coach).await;
        desk.house.db.add(rows::lead(2, coach.id, "coach")).await;
        let own = desk.house.get("/api/admin/statistics/overview").as_staff(&coach).send().await.data();
        assert_eq!(own["totals"]["camps"], 1);
        let volunteer = desk.house.signed_in(Role::Volunteer).await;
        desk.house.get("/api/admin/statistics/overview").as_staff(&volunteer).send().await
            .refused(403, "forbidden");
    }

    async fn a_sheet_holds_what_its_list_shows(db) {
        let house = House::new(db).await;
        let people = crowd(&house.db, 60).await;
        let admin = house.signed_in(Role::Admin).await;
        let desk = Desk { house, admin };
        for (file, list, filter) in [
            ("members.xlsx", "members", ""),
            ("members.xlsx", "members", "?campId=1"),
            ("refunds.xlsx", "refunds", ""),
            ("refunds.xlsx", "refunds", "?status=pending"),
            ("payments.xlsx", "payments", "?status=paid"),
            ("checkins.xlsx", "checkins", ""),
        ] {
            let listed = desk.get(&format!("/api/admin/{list}{filter}")).await;
            let rows = desk.rows(&desk.admin, &format!("{file}{filter}")).await;
            assert_eq!(json!(rows.len() - 1), listed["total"], "{file}{filter}");
            let widths: Vec<usize> = rows.iter().map(Vec::len).collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{file}: {widths:?}");
        }
        assert!(!people.is_empty());
        let volunteer = desk.house.signed_in(Role::Volunteer).await;
        for file in ["payments.xlsx", "refunds.xlsx", "report.xlsx"] {
            let path = format!("/api/admin/export/{file}");
            desk.house.get(&path).as_staff(&volunteer).send().await.refused(403, "forbidden");
        }
        let none = desk.rows(&volunteer, "members.xlsx").await;
        assert_eq!(none.len(), 1, "of no camp of theirs: only the head");
        desk.house.get("/api/admin/export/secrets.xlsx").as_staff(&desk.admin).send().await
            .refused(404, "not_found");
    }

    async fn ids_stay_text_money_is_a_number_and_nothing_is_a_formula(db) {
        let house = House::new(db).await;
        house.db.add(scene()).await;
        let admin = house.signed_in(Role::Admin).await;
        let desk = Desk { house, admin };
        let rows = desk.rows(&desk.admin, "members.xlsx").await;
        let column = |name: &str| place(&rows[0], name);
        let first = rows.iter().find(|row| row[0] == Data::String("=1+1".to_owned())).unwrap();
        assert_eq!(first[column("星球ID")], Data::String("300000000000071".to_owned()));
        assert_eq!(first[column("支付金额")], Data::Float(99.0));
        assert_eq!(first[column("匹配状态")], Data::String("已匹配".to_owned()));
        assert_eq!(first[column("退款状态")], Data::String("已退款".to_owned()));
        let report = desk.rows(&desk.admin, "report.xlsx?to=2026-01-31").await;
        assert_eq!(report.len(), 2);
        assert_eq!(report[1][0], Data::String("写作营".to_owned()));
        let of = |name: &str| place(&report[0], name);
        assert_eq!(report[1][of("净收入")], Data::Float(99.0));
        assert_eq!(report[1][of("完成率")], Data::Float(50.0));
        desk.house.assert_audited(&["export", "export"]).await;
    }
}

//! Every list by pages and by chunks: the same rows in the same order, each of them once.

use campkeeper::domain::{
    AppealStatus, CampId, CampStatus, MatchStatus, OrderFlag, OrderStatus, PaymentId, RefundFlag,
    RefundStatus, Timestamp, UserId,
};
use campkeeper::store::appeals::AppealFilter;
use campkeeper::store::audit_lists::AuditFilter;
use campkeeper::store::camp_lists::{CampFilter, ShownToMembers};
use campkeeper::store::checkin_lists::CheckInFilter;
use campkeeper::store::custody::CustodyFilter;
use campkeeper::store::ledger::LedgerFilter;
use campkeeper::store::member_lists::MemberFilter;
use campkeeper::store::outbox::MessageStatus;
use campkeeper::store::outbox_lists::MessageFilter;
use campkeeper::store::payment_lists::PaymentFilter;
use campkeeper::store::trade_bills::BillFilter;
use campkeeper::store::users::AllUsers;
use campkeeper::store::{Conn, Listing, PageRequest, StoreError, camps, member_search, refunds};
use chrono::NaiveDate;

use crate::crowd::{COACH, account, crowd, order_no};
use crate::on_both_engines;
use crate::rows;
use crate::support::TestDb;

/// Rows of a page and of a chunk.
const FEW: i64 = 7;

fn day(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 1, day)
}

/// Every list with every part of its filter, for the tests that read statements.
pub(crate) fn every_statement() -> Vec<(&'static str, String)> {
    let lists = [
        ("appeals", every_appeal().statements()),
        ("audit", every_log().statements()),
        ("bills", every_bill().statements()),
        ("camps", every_camp().statements()),
        ("shown camps", ShownToMembers.statements()),
        ("check-ins", every_check_in().statements()),
        ("custody", every_deposit().statements()),
        ("members", every_member().statements()),
        ("ledger", every_transfer().statements()),
        ("messages", every_message().statements()),
        ("payments", every_payment().statements()),
        ("refunds", every_refund().statements()),
        ("users", AllUsers.statements()),
    ];
    let lists = lists.into_iter();
    lists
        .flat_map(|(name, statements)| statements.map(|sql| (name, sql)))
        .collect()
}

const AT: Option<Timestamp> = Some(Timestamp::from_micros(1));
const CAMP: Option<CampId> = Some(CampId(1));
const STAFF: Option<UserId> = Some(UserId(1));

/// A number, so that everything a number may mean is searched.
fn number() -> Option<String> {
    Some("1".to_owned())
}

fn every_appeal() -> AppealFilter {
    AppealFilter {
        status: Some(AppealStatus::Open),
        camp_id: CAMP,
        staffed_by: STAFF,
    }
}

fn every_deposit() -> CustodyFilter {
    CustodyFilter {
        camp_id: CAMP,
        payment_id: Some(PaymentId(1)),
        staffed_by: STAFF,
    }
}

fn every_log() -> AuditFilter {
    AuditFilter {
        actor: number(),
        action: number(),
        from: AT,
        before: AT,
        text: number(),
    }
}

fn every_bill() -> BillFilter {
    BillFilter {
        from: day(1),
        to: day(2),
    }
}

fn every_camp() -> CampFilter {
    CampFilter {
        statuses: &[CampStatus::Ended, CampStatus::Settling],
        from: day(1),
        to: day(2),
        text: number(),
        staffed_by: STAFF,
    }
}

fn every_check_in() -> CheckInFilter {
    CheckInFilter {
        camp: CAMP,
        staffed_by: STAFF,
        text: number(),
        from: day(1),
        to: day(2),
    }
}

fn every_member() -> MemberFilter {
    MemberFilter {
        camp_id: CAMP,
        match_status: Some(MatchStatus::Pending),
        joined: Some(true),
        eligible: Some(true),
        text: number(),
        staffed_by: STAFF,
    }
}

const fn every_transfer() -> LedgerFilter {
    LedgerFilter {
        camp_id: CAMP,
        from: AT,
        before: AT,
    }
}

fn every_message() -> MessageFilter {
    MessageFilter {
        status: Some(MessageStatus::Sent),
    }
}

fn every_payment() -> PaymentFilter {
    PaymentFilter {
        camp_id: CAMP,
        status: Some(OrderStatus::Paid),
        flag: Some(OrderFlag::Late),
        text: number(),
        from: AT,
        before: AT,
        staffed_by: STAFF,
    }
}

fn every_refund() -> refunds::Filter {
    refunds::Filter {
        status: Some(RefundStatus::Pending),
        camp: CAMP,
        min_confidence: Some(80),
        only_clear: true,
        flag: Some(RefundFlag::Grace),
        min_fen: Some(1),
        max_fen: Some(9900),
        text: number(),
        from: AT,
        until: AT,
        staffed_by: STAFF,
    }
}

/// Reads a list in both ways, compares them, and answers its rows.
async fn read<L: Listing>(
    conn: &mut Conn,
    list: &L,
    id: impl Fn(&L::Item) -> String,
) -> Vec<String> {
    let (mut by_pages, mut total) = (Vec::new(), 0);
    for page in 1.. {
        let request = PageRequest::new(page, FEW).unwrap();
        let page = list.page(conn, request).await.unwrap();
        assert!(page.rows.bad.is_empty(), "{:?}", page.rows.bad);
        total = page.total;
        by_pages.extend(page.rows.good.iter().map(&id));
        if i64::try_from(page.rows.good.len()).unwrap() < FEW {
            break;
        }
    }
    let (mut by_chunks, mut after) = (Vec::new(), None);
    loop {
        let chunk = list.chunk(conn, after.as_ref(), FEW).await.unwrap();
        by_chunks.extend(chunk.rows.good.iter().map(&id));
        after = chunk.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(by_pages, by_chunks);
    assert_eq!(i64::try_from(by_pages.len()).unwrap(), total);
    let at_once = list.all(conn).await.unwrap().good;
    assert_eq!(at_once.iter().map(&id).collect::<Vec<_>>(), by_chunks);
    let mut different = by_chunks.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), by_chunks.len(), "a row is there twice");
    by_chunks
}

/// Rows of a table that fit no state any more.
async fn break_rows(db: &TestDb, table: &str, column: &str, ids: &str) {
    db.run(&format!(
        "UPDATE {table} SET {column} = 'no word' WHERE id IN ({ids})"
    ))
    .await;
}

/// The rows that a list could not read.
fn named(bad: &[StoreError]) -> Vec<(&'static str, i64)> {
    bad.iter().map(|error| error.row().unwrap()).collect()
}

on_both_engines! {
    async fn every_list_is_understood(db) {
        let mut conn = db.read().await.unwrap();
        for (name, sql) in every_statement() {
            let sql: &'static str = sql.leak();
            if let Err(error) = conn.prepare(sql).await {
                panic!("{name}: {error:?}\n{sql}");
            }
        }
    }

    async fn chunks_are_what_pages_are(db) {
        let people = crowd(&db, 1).await;
        let mut conn = db.read().await.unwrap();
        let conn = &mut conn;
        for staffed_by in [None, Some(UserId(COACH))] {
            let theirs = |camp: i64| staffed_by.is_none() || [1, 3].contains(&camp);
            let all = |text: Option<&str>| MemberFilter {
                text: text.map(ToOwned::to_owned),
                staffed_by,
                ..MemberFilter::default()
            };
            let members = read(conn, &all(None), |member| member.id.to_string()).await;
            assert_eq!(members.len(), people.iter().filter(|one| theirs(one.camp)).count());
            let early = read(conn, &all(Some("EARLY")), |member| member.id.to_string()).await;
            let has_early = |name: &str| name.to_lowercase().contains("early");
            let expected = people.iter().filter(|one| theirs(one.camp) && has_early(one.name));
            assert_eq!(early.len(), expected.count());

            let filter = refunds::Filter { staffed_by, ..refunds::Filter::default() };
            let refunds = read(conn, &filter, |listed| listed.refund.id.to_string()).await;
            let expected = people.iter().filter(|one| theirs(one.camp) && one.refund.is_some());
            assert_eq!(refunds.len(), expected.count());

            let filter = CheckInFilter { staffed_by, ..CheckInFilter::default() };
            let check_ins = read(conn, &filter, |row| format!("{row:?}")).await;
            assert!(check_ins.len() > 50, "{}", check_ins.len());

            let filter = PaymentFilter { staffed_by, ..PaymentFilter::default() };
            read(conn, &filter, |payment| payment.id.to_string()).await;
            let filter = CampFilter { staffed_by, ..CampFilter::default() };
            let camps = read(conn, &filter, |camp| camp.id.to_string()).await;
            let expected = if staffed_by.is_none() { &["4", "3", "2", "1"][..] } else { &["3", "1"] };
            assert_eq!(camps, expected, "the latest start first, then the newest");
        }
        assert_eq!(read(conn, &ShownToMembers, |camp| camp.id.to_string()).await, ["1", "2"]);
        assert_eq!(read(conn, &AllUsers, |user| user.id.to_string()).await.len(), 9);
        let logs = read(conn, &AuditFilter::default(), |row| row.seq.to_string()).await;
        assert_eq!(logs.len(), 40);
        let sent = MessageFilter { status: Some(MessageStatus::Sent) };
        assert_eq!(read(conn, &sent, |message| message.id.to_string()).await.len(), 13);
        assert_eq!(read(conn, &MessageFilter::default(), |row| row.id.to_string()).await.len(), 40);
    }

    async fn a_row_added_meanwhile_shifts_no_chunk(db) {
        crowd(&db, 2).await;
        let mut conn = db.read().await.unwrap();
        let all = MessageFilter::default();
        let first = all.chunk(&mut conn, None, FEW).await.unwrap();
        db.add(rows::message("note", "x").status("sent")).await;
        let second = all.chunk(&mut conn, first.next.as_ref(), FEW).await.unwrap();
        let ids = |rows: &[campkeeper::store::outbox_lists::ListedMessage]| {
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&first.rows.good), (34..=40).rev().collect::<Vec<_>>());
        assert_eq!(ids(&second.rows.good), (27..=33).rev().collect::<Vec<_>>());
    }

    async fn a_bad_row_is_named_and_hides_no_other(db) {
        let people = crowd(&db, 3).await;
        let one_page = PageRequest::new(1, 100).unwrap();
        break_rows(&db, "camp_member", "match_status", "120, 125").await;
        break_rows(&db, "payment_record", "status", "125").await;
        break_rows(&db, "training_camp", "end_date", "2").await;
        break_rows(&db, "system_user", "role", "109").await;
        let refunded = people.iter().rev().find(|one| one.refund.is_some()).unwrap().id;
        break_rows(&db, "refund_record", "proposal", &refunded.to_string()).await;

        let mut conn = db.read().await.unwrap();
        let conn = &mut conn;
        let page = MemberFilter::default().page(conn, one_page).await.unwrap();
        assert_eq!(named(&page.rows.bad), [("camp_member", 125), ("camp_member", 120)]);
        assert_eq!((page.rows.good.len(), page.total), (98, 130));
        let page = PaymentFilter::default().page(conn, one_page).await.unwrap();
        assert_eq!(named(&page.rows.bad), [("payment_record", 125)]);
        assert_eq!(page.rows.good.len(), 99);
        let page = refunds::Filter::default().page(conn, one_page).await.unwrap();
        assert_eq!(named(&page.rows.bad), [("refund_record", refunded)]);
        let page = CampFilter::default().page(conn, one_page).await.unwrap();
        assert_eq!(named(&page.rows.bad), [("training_camp", 2)]);
        assert_eq!(page.rows.good.len(), 3);
        let page = AllUsers.page(conn, one_page).await.unwrap();
        assert_eq!(named(&page.rows.bad), [("system_user", 109)]);

        // A bad row at the end of a chunk is a place to read on from all the same.
        let all = MemberFilter::default();
        let chunk = all.chunk(conn, None, 6).await.unwrap();
        assert_eq!(named(&chunk.rows.bad), [("camp_member", 125)]);
        let next = all.chunk(conn, chunk.next.as_ref(), 6).await.unwrap();
        assert_eq!(next.rows.good[0].id.0, 124);
        assert_eq!(all.all(conn).await.unwrap().bad.len(), 2);
        let ongoing = camps::in_status(conn, CampStatus::Ongoing).await.unwrap();
        assert_eq!((ongoing.good.len(), ongoing.bad.len()), (0, 1));
    }

    async fn a_member_is_found_by_whatever_people_type(db) {
        let people = crowd(&db, 4).await;
        db.add(rows::in_roster(account(7), "x").member_number(4711)).await;
        db.run(
            "UPDATE payment_record SET claimed_planet_id = '4711' WHERE id = 8;\n\
             UPDATE camp_member SET planet_nickname = 'Nr 4711', names_folded = 'nr4711 ' \
             WHERE id = 6",
        ).await;
        let mut conn = db.read().await.unwrap();
        let mut found = Vec::new();
        for text in [order_no(5), account(5).to_string(), "4711".to_owned(), "a%B".to_owned()] {
            let filter = MemberFilter { text: Some(text), ..MemberFilter::default() };
            let mut ids = read(&mut conn, &filter, |member| member.id.to_string()).await;
            ids.sort();
            found.push(ids);
        }
        let same_name = people.iter().filter(|one| one.name == "a%b" && one.id != 6).count();
        assert_eq!(found[..3], [vec!["5"], vec!["5"], vec!["6", "7", "8"]]);
        assert_eq!(found[3].len(), same_name, "a wildcard is a letter");

        // In a chat those called exactly so come alone, if there are any.
        let camp = people.iter().find(|one| one.name == "小明").unwrap().camp;
        for (text, exactly) in [("小明", true), ("小", false), ("同学", false), ("early bird", true)] {
            let rows = member_search::in_camp(&mut conn, CampId(camp), text, 1000).await.unwrap();
            let expected = people.iter().filter(|one| one.camp == camp && one.id != 6 && {
                let (name, text) = (one.name.to_lowercase().replace(' ', ""), text.replace(' ', ""));
                if exactly { name == text } else { name.contains(&text) }
            });
            let expected: Vec<i64> = expected.map(|one| one.id).collect();
            let ids: Vec<i64> = rows.good.iter().map(|member| member.id.0).collect();
            assert_eq!(ids, expected, "{text}");
            let some = member_search::in_camp(&mut conn, CampId(camp), text, 2).await.unwrap();
            assert_eq!(some.good.len(), expected.len().min(2));
        }
        let camp_of_seven = CampId(people[6].camp);
        let rows = member_search::in_camp(&mut conn, camp_of_seven, "4711", 8).await.unwrap();
        assert!(rows.good.iter().any(|member| member.id.0 == 7));
        let nobody = member_search::in_camp(&mut conn, CampId(4), "小明", 8).await.unwrap();
        assert!(nobody.good.is_empty());
    }
}

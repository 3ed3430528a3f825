//! What staff find by a number that somebody gives them.

use campkeeper::domain::{MemberId, PaymentId};
use campkeeper::services::members::{self, MemberQuery};
use campkeeper::services::payments::{self, PaymentQuery};
use campkeeper::store::PageRequest;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{OVER_AT, Stage, account, admin, clear, order_no};

fn first_page() -> PageRequest {
    PageRequest::new(1, 20).unwrap()
}

on_both_engines! {
    async fn a_member_is_found_by_what_they_call_their_planet_id(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.db.add(rows::in_roster(account(1), "会员1").member_number(103)).await;
        stage.run("UPDATE payment_record SET claimed_planet_id = '204' WHERE id = 2").await;
        for (text, found) in [
            ("103", vec![1]),
            ("204", vec![2]),
            ("300000000000003", vec![3]),
            ("2", vec![2]),
            ("104", vec![]),
            (&order_no(1), vec![1]),
        ] {
            let query = MemberQuery { text: Some(text.to_owned()), ..MemberQuery::default() };
            let page = members::list(&stage.ctx, &admin(), query, first_page()).await.unwrap();
            let ids: Vec<_> = page.rows.good.iter().map(|member| member.id).collect();
            let expected: Vec<_> = found.into_iter().map(MemberId).collect();
            assert_eq!((ids, page.total), (expected.clone(), expected.len() as i64), "{text}");
        }
    }

    async fn a_payment_is_found_by_any_number_of_its_order(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let long = "20260101123456789012345";
        for (id, order_no) in [(50, "foreign001"), (51, long)] {
            let foreign = rows::unknown_order(id, order_no, 123);
            stage.db.add(foreign.paid_at(OVER_AT)).await;
        }
        for (text, found) in [
            ("foreign001", vec![50]),
            ("foreign", vec![]),
            (long, vec![51]),
            ("4200000000000000000000000001", vec![1]),
            ("会员1", vec![1]),
            (&order_no(1), vec![1]),
        ] {
            let query = PaymentQuery { text: Some(text.to_owned()), ..PaymentQuery::default() };
            let page = payments::list(&stage.ctx, &admin(), query, first_page()).await.unwrap();
            let ids: Vec<_> = page.rows.good.iter().map(|payment| payment.id).collect();
            let expected: Vec<_> = found.into_iter().map(PaymentId).collect();
            assert_eq!((ids, page.total), (expected.clone(), expected.len() as i64), "{text}");
        }
    }
}

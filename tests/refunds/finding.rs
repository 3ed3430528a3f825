//! What staff find by a number that somebody gives them.

use campkeeper::domain::{MemberId, PaymentId};
use campkeeper::services::members::{self, MemberQuery};
use campkeeper::services::payments::{self, PaymentQuery};
use campkeeper::store::PageRequest;

use crate::on_both_engines;
use crate::stage::{Stage, admin, clear, order_no};

fn first_page() -> PageRequest {
    PageRequest::new(1, 20).unwrap()
}

on_both_engines! {
    async fn a_member_is_found_by_what_they_call_their_planet_id(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.run(
            "INSERT INTO planet_user (planet_user_id, member_number, nickname, card_name, \
             wechat_nickname, in_roster, created_at, updated_at) VALUES \
             (300000000000001, 103, '会员1', '', '', TRUE, 0, 0)",
        ).await;
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
        for (id, order_no, transaction) in [(50, "foreign001", "4200"), (51, long, "4201")] {
            stage.run(&format!(
                "INSERT INTO payment_record (id, order_no, status, flag, amount_fen, paid_fen, \
                 paid_at, transaction_id, bind_status, expires_at, queries, created_at, \
                 updated_at) VALUES ({id}, '{order_no}', 'paid', 'unknown_order', 123, 123, \
                 1768060800000000, '{transaction}', 'pending', 0, 0, 0, 0)"
            )).await;
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

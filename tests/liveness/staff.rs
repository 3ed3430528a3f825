//! Staff: while there are faults they click on what is there; afterwards they do their work.

use campkeeper::domain::custody::Awaited;
use campkeeper::domain::refund::{FailureReason, RefundState, SettlementWay};
use campkeeper::domain::{PaymentId, PlanetUserId, RefundId};
use campkeeper::services::custody::{self, CustodyQuery, Held};
use campkeeper::services::refund::Closing;
use campkeeper::services::{judge_payment, matching, refund};
use campkeeper::store::PageRequest;
use campkeeper::store::refunds::Refund;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;

use crate::world::{World, admin, other_admin};

impl World {
    async fn refund_ids(&self) -> Vec<RefundId> {
        let ids = self
            .db
            .texts("SELECT CAST(id AS TEXT) FROM refund_record ORDER BY id")
            .await;
        ids.iter().map(|id| RefundId(id.parse().unwrap())).collect()
    }

    /// Somebody presses something that may or may not be possible.
    pub(crate) async fn somebody_clicks(&mut self) {
        let ids = self.refund_ids().await;
        let Some(&id) = ids.choose(&mut self.rng) else {
            return;
        };
        let ctx = self.ctx.clone();
        let (what, done) = match self.rng.random_range(0..6) {
            0 | 1 => (
                "approve",
                refund::approve(&ctx, &admin(), id, None).await.map(drop),
            ),
            2 => ("undo", refund::undo(&ctx, &admin(), id).await.map(drop)),
            3 => (
                "reject",
                refund::reject(&ctx, &other_admin(), id, "不符")
                    .await
                    .map(drop),
            ),
            4 => (
                "retry",
                refund::retry(&ctx, &other_admin(), id).await.map(drop),
            ),
            _ => (
                "reopen",
                refund::reopen(&ctx, &other_admin(), id, None)
                    .await
                    .map(drop),
            ),
        };
        let came = done.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        self.tell(format!("{what} {id}: {came}"));
    }

    /// Staff work down the list of what is in custody: whose turn is theirs, they act.
    pub(crate) async fn staff_does_its_work(&mut self) {
        for held in self.in_custody().await {
            match held.next.what {
                Awaited::Match => self.match_member(&held).await,
                Awaited::Decide => self.decide(&held).await,
                Awaited::Manual => self.mend(&held).await,
                // The clock, the planet, WeChat Pay or the member: nothing for staff to do.
                _ => {}
            }
        }
    }

    /// What the console lists, page by page.
    pub(crate) async fn in_custody(&self) -> Vec<Held> {
        let (mut all, mut number) = (Vec::new(), 1);
        loop {
            let page = PageRequest::new(number, 100).unwrap();
            let listed = custody::list(&self.ctx, &admin(), CustodyQuery::default(), page).await;
            let listed = listed.unwrap();
            all.extend(listed.rows.good);
            if i64::try_from(all.len()).unwrap() >= listed.total {
                return all;
            }
            number += 1;
        }
    }

    async fn decide(&mut self, held: &Held) {
        let Some(refund) = &held.refund else {
            return self.judge_payment(held).await;
        };
        let ctx = self.ctx.clone();
        let done = match &refund.state {
            RefundState::Rejected { .. } => {
                refund::reopen(&ctx, &other_admin(), refund.id, None).await
            }
            // The second of two approvers, and whoever did not propose it, is somebody else.
            _ => match refund::approve(&ctx, &admin(), refund.id, None).await {
                Ok(refund) => Ok(refund),
                Err(_) => refund::approve(&ctx, &other_admin(), refund.id, None).await,
            },
        };
        self.came(held, "decide", done);
    }

    /// Nobody knows what it was for.
    async fn judge_payment(&mut self, held: &Held) {
        let number = &held.payment.order_no;
        let kept = judge_payment::keep(&self.ctx, &admin(), number, "无法确认付款人").await;
        let came = kept.map_or_else(|error| error.to_string(), |()| "kept".to_owned());
        self.tell(format!("{number}: {came}"));
    }

    async fn mend(&mut self, held: &Held) {
        let Some(refund) = &held.refund else {
            return self.judge_payment(held).await;
        };
        let ctx = self.ctx.clone();
        let abnormal = RefundState::failure_reason(&refund.state) == Some(&FailureReason::Abnormal);
        let done = if abnormal {
            let closing = Closing {
                note: "已转账给本人".to_owned(),
                way: SettlementWay::Transfer,
                amount: held.amount,
                uploads: Vec::new(),
            };
            refund::close(&ctx, &other_admin(), refund.id, closing).await
        } else {
            refund::retry(&ctx, &other_admin(), refund.id).await
        };
        self.came(held, "mend", done);
    }

    fn came(&mut self, held: &Held, what: &str, done: campkeeper::services::Result<Refund>) {
        let came = done.map_or_else(|error| error.to_string(), |now| now.status().to_string());
        self.tell(format!("{what} {}: {came}", held.payment.order_no));
    }

    /// A coach who knows everybody says who somebody is.
    async fn match_member(&mut self, held: &Held) {
        let ctx = self.ctx.clone();
        let payer = self.payer_of(held.payment.payment_id).await;
        let (Some(account), Some(id)) = (payer, held.case.as_ref().and_then(|it| it.member_id))
        else {
            return self.judge_payment(held).await;
        };
        let matched = matching::match_by_hand(&ctx, &admin(), id, account, None).await;
        let came = match matched {
            Ok(_) => "matched".to_owned(),
            // Two payments of one person: the second is not theirs to have.
            Err(error) => {
                self.tell(format!("{id} is not {account}: {error}"));
                return self.judge_payment(held).await;
            }
        };
        self.tell(format!("{id} is {account}: {came}"));
    }

    /// The account of whoever paid, as the stand-in knows them.
    async fn payer_of(&self, payment: PaymentId) -> Option<PlanetUserId> {
        let order_no = self
            .db
            .texts(&format!(
                "SELECT order_no FROM payment_record WHERE id = {payment}"
            ))
            .await;
        let order = self.sandbox.wechat_pay().order(&order_no[0])?;
        let openid = order.payment.as_ref()?.openid.clone();
        let person = self.people.iter().find(|person| person.openid == openid)?;
        Some(PlanetUserId(person.account))
    }
}

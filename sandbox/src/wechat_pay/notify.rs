//! Notifications: really signed, really encrypted, sent again until somebody answers properly
//! (wechat-pay-v3 §6, §7.3).

use std::iter;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use reqwest::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};

use super::WechatPay;
use super::keys::Signer;
use super::numbers;
use super::outbox::{Delivery, Notice, NoticeKind};
use super::records::{NotPossible, Order, Refund, RefundStatus};
use super::settings::TrustMode;
use super::spoil::Spoil;
use super::wire;
use crate::faults::{Platform, Request};

/// Seconds to wait before each further attempt: fifteen of them in 24 h 4 min.
const RETRY_LADDER_SECONDS: [u32; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Most copies a fault or a test may send at once.
const MOST_COPIES: u64 = 1_000;
/// How often [`WechatPay::until_quiet`] looks.
const QUIET_POLL: Duration = Duration::from_millis(5);

/// Counts the notifications under way for as long as it lives.
struct UnderWay(WechatPay);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way().fetch_sub(1, Ordering::AcqRel);
    }
}

impl WechatPay {
    /// Every attempt so far, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.outbox().deliveries.clone()
    }

    /// Waits until no notification is under way and no refund is about to end by itself; false if
    /// that takes longer than `within`.
    pub async fn until_quiet(&self, within: Duration) -> bool {
        let quiet = async {
            while self.under_way().load(Ordering::Acquire) > 0 {
                tokio::time::sleep(QUIET_POLL).await;
            }
        };
        tokio::time::timeout(within, quiet).await.is_ok()
    }

    /// Sends the last notification about `subject` again, `times` times, one after the other or
    /// all at once: same id, fresh time, nonce and signature. Answers the statuses.
    ///
    /// # Errors
    /// [`NotPossible::NothingToNotify`] if there never was such a notification.
    pub async fn redeliver(
        &self,
        kind: NoticeKind,
        subject: &str,
        times: usize,
        concurrent: bool,
    ) -> Result<Vec<Option<u16>>, NotPossible> {
        let notice = self
            .outbox()
            .notices
            .iter()
            .rev()
            .find(|notice| notice.kind == kind && notice.subject == subject)
            .cloned()
            .ok_or(NotPossible::NothingToNotify)?;
        let _under_way = self.count_under_way();
        if concurrent {
            let sent = join_all((0..times).map(|_| self.send(&notice, None))).await;
            return Ok(sent.into_iter().map(|delivery| delivery.status).collect());
        }
        let mut statuses = Vec::with_capacity(times);
        for _ in 0..times {
            statuses.push(self.send(&notice, None).await.status);
        }
        Ok(statuses)
    }

    /// Notifies the payment of `order`.
    pub(super) fn notify_payment(&self, order: &Order) {
        self.notify(Notice {
            kind: NoticeKind::Payment,
            subject: order.out_trade_no.clone(),
            id: uuid::Uuid::new_v4().to_string(),
            create_time: self.world().clock.now(),
            event_type: "TRANSACTION.SUCCESS",
            summary: "支付成功",
            resource: wire::order(order),
            url: order.notify_url.clone(),
        });
    }

    /// Notifies the end of `refund`, if its request said where.
    pub(super) fn notify_refund(&self, refund: &Refund) {
        let (event_type, summary) = match refund.status {
            RefundStatus::Processing => return,
            RefundStatus::Success => ("REFUND.SUCCESS", "退款成功"),
            RefundStatus::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
            RefundStatus::Closed => ("REFUND.CLOSED", "退款关闭"),
        };
        let Some(url) = refund.notify_url.clone() else {
            return;
        };
        self.notify(Notice {
            kind: NoticeKind::Refund,
            subject: refund.out_refund_no.clone(),
            id: uuid::Uuid::new_v4().to_string(),
            create_time: self.world().clock.now(),
            event_type,
            summary,
            resource: wire::refund_resource(refund),
            url,
        });
    }

    fn notify(&self, notice: Notice) {
        self.outbox().notices.push(notice.clone());
        if self.notice_fault(&notice, "lost_notification").is_some() {
            return;
        }
        if self.notice_fault(&notice, "held_notification").is_some() {
            self.outbox().held.push(notice);
            return;
        }
        let pay = self.clone();
        let under_way = self.count_under_way();
        self.runtime().spawn(async move {
            pay.deliver(notice).await;
            drop(under_way);
        });
    }

    async fn deliver(&self, notice: Notice) {
        if let Some(with) = self.notice_fault(&notice, "late_notification") {
            tokio::time::sleep(Duration::from_millis(number(&with, "ms", 1_000))).await;
        }
        let second = self.pacing().ladder_second;
        let spoil = Spoil::ALL.into_iter().find(|spoil| {
            self.notice_fault(&notice, spoil.notification_fault())
                .is_some()
        });
        if spoil.is_some() {
            self.send(&notice, spoil).await;
            tokio::time::sleep(second.saturating_mul(15)).await;
        }
        let mut is_first = true;
        for seconds in iter::once(0).chain(RETRY_LADDER_SECONDS) {
            tokio::time::sleep(second.saturating_mul(seconds)).await;
            let accepted = self.send_copies(&notice).await;
            if is_first {
                self.release_held();
                is_first = false;
            }
            if accepted {
                return;
            }
        }
    }

    /// Sends the notification once, or as often as a fault says.
    async fn send_copies(&self, notice: &Notice) -> bool {
        if let Some(with) = self.notice_fault(notice, "concurrent_notification") {
            let copies = number(&with, "copies", 2).min(MOST_COPIES);
            let sent = join_all((0..copies).map(|_| self.send(notice, None))).await;
            return sent.iter().any(|delivery| delivery.accepted);
        }
        let copies = match self.notice_fault(notice, "doubled_notification") {
            Some(with) => number(&with, "copies", 2).min(MOST_COPIES),
            None => 1,
        };
        let mut accepted = false;
        for _ in 0..copies {
            accepted |= self.send(notice, None).await.accepted;
        }
        accepted
    }

    fn release_held(&self) {
        let held = std::mem::take(&mut self.outbox().held);
        for notice in held {
            let pay = self.clone();
            let under_way = self.count_under_way();
            // Boxed: delivering a notification may release others, which are delivered the same way.
            let delivery: futures::future::BoxFuture<'static, ()> = Box::pin(async move {
                pay.deliver(notice).await;
                drop(under_way);
            });
            self.runtime().spawn(delivery);
        }
    }

    async fn send(&self, notice: &Notice, spoil: Option<Spoil>) -> Delivery {
        let at = self.world().clock.wall_now();
        let answer = match self.sealed_request(notice, spoil) {
            Some(request) => tokio::time::timeout(ANSWER_WITHIN, answer_of(request)).await,
            None => Ok(None),
        };
        let answer = answer.ok().flatten();
        let status = answer.as_ref().map(|(status, _)| *status);
        let accepted = answer
            .as_ref()
            .is_some_and(|(status, body)| is_taken(*status, body));
        self.judge(notice, spoil, status, accepted);
        let delivery = Delivery {
            at,
            kind: notice.kind,
            subject: notice.subject.clone(),
            notice_id: notice.id.clone(),
            spoiled: spoil.is_some(),
            status,
            accepted: accepted && spoil.is_none(),
        };
        self.outbox().deliveries.push(delivery.clone());
        delivery
    }

    /// Notes answers that a correct merchant does not give.
    fn judge(&self, notice: &Notice, spoil: Option<Spoil>, status: Option<u16>, accepted: bool) {
        let is_2xx = status.is_some_and(|status| (200..300).contains(&status));
        let request = format!("notification {} {}", notice.event_type, notice.subject);
        match spoil {
            Some(spoil) if is_2xx => self.note(
                &request,
                "a notification that does not verify is answered 4xx or 5xx",
                format!("{spoil:?} answered {status:?}"),
            ),
            None if is_2xx && !accepted => self.note(
                &request,
                "a notification is answered 200 or 204 with an empty body",
                format!("answered {status:?} with something else"),
            ),
            _ => {}
        }
    }

    fn sealed_request(
        &self,
        notice: &Notice,
        spoil: Option<Spoil>,
    ) -> Option<reqwest::RequestBuilder> {
        let original_type = notice.kind.original_type();
        let nonce = numbers::alphanumeric(12);
        let ciphertext = self
            .keys()
            .seal(&nonce, original_type, &notice.resource.to_string())
            .ok()?;
        let body = json!({
            "id": notice.id,
            "create_time": numbers::beijing(notice.create_time),
            "resource_type": "encrypt-resource",
            "event_type": notice.event_type,
            "summary": notice.summary,
            "resource": {
                "original_type": original_type,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": ciphertext,
                "associated_data": original_type,
                "nonce": nonce,
            },
        });
        let seal = self
            .seal(self.notifying_key(), spoil, body.to_string())
            .ok()?;
        let mut request = self
            .world()
            .http
            .post(self.reachable(&notice.url))
            .header(USER_AGENT, "Mozilla/4.0")
            .header(ACCEPT, "*/*")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in seal.headers {
            request = request.header(name, value);
        }
        Some(request.body(seal.body))
    }

    fn notifying_key(&self) -> Signer {
        match self.trust() {
            TrustMode::PublicKey => Signer::PublicKey,
            TrustMode::Certificates => Signer::Platform,
            TrustMode::Migrating => {
                let mut outbox = self.outbox();
                outbox.attempts = outbox.attempts.wrapping_add(1);
                if outbox.attempts.is_multiple_of(2) {
                    Signer::PublicKey
                } else {
                    Signer::Platform
                }
            }
        }
    }

    /// A public address leads to the application, as DNS and a proxy would; loopback is left alone.
    fn reachable(&self, url: &str) -> String {
        match (url.strip_prefix("https://"), self.world().app_url()) {
            (Some(rest), Some(app)) => {
                let path = rest.split_once('/').map_or("", |(_host, path)| path);
                format!("{app}/{path}")
            }
            _ => url.to_owned(),
        }
    }

    fn notice_fault(&self, notice: &Notice, name: &str) -> Option<Value> {
        let request = Request {
            platform: Platform::WechatPay,
            method: "",
            path: notice.kind.fault_path(),
        };
        self.world().faults.take_named(request, name)
    }

    pub(super) fn count_under_way(&self) -> impl Send + use<> {
        self.under_way().fetch_add(1, Ordering::AcqRel);
        UnderWay(self.clone())
    }
}

async fn answer_of(request: reqwest::RequestBuilder) -> Option<(u16, Vec<u8>)> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok()?;
    Some((status, body.to_vec()))
}

/// 200 or 204 with an empty body; 200 with `{"code":"SUCCESS"}` as well. All else is a failure.
fn is_taken(status: u16, body: &[u8]) -> bool {
    let says_success = || {
        serde_json::from_slice::<Value>(body)
            .is_ok_and(|body| body.get("code").and_then(Value::as_str) == Some("SUCCESS"))
    };
    match status {
        200 => body.is_empty() || says_success(),
        204 => body.is_empty(),
        _ => false,
    }
}

fn number(with: &Value, name: &str, otherwise: u64) -> u64 {
    with.get(name).and_then(Value::as_u64).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_the_documented_one() {
        let total: u32 = RETRY_LADDER_SECONDS.iter().sum();
        assert_eq!(total, 24 * 3_600 + 4 * 60);
    }

    #[test]
    fn what_counts_as_taken() {
        for (status, body, taken) in [
            (200, "", true),
            (204, "", true),
            (200, r#"{"code":"SUCCESS","message":"成功"}"#, true),
            (200, r#"{"code":"FAIL","message":"失败"}"#, false),
            (200, "ok", false),
            (201, "", false),
            (302, "", false),
            (500, "", false),
        ] {
            assert_eq!(is_taken(status, body.as_bytes()), taken, "{status} {body}");
        }
    }
}

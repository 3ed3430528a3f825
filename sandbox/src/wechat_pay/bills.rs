//! Trade bills (wechat-pay-v3 §8): announced and handed out.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chrono::{Days, Months, NaiveDate, TimeDelta};
use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::WechatPay;
use super::answer::{Answer, Refusal};
use super::bill_file::{BillFault, Row, apply, beginning_of, hex, packed, written};
use super::gateway::Call;
use super::numbers;

/// Hour of the next Beijing day at which bills are made.
const READY_AT_HOUR: i64 = 9;
/// Months that bills are kept.
const KEPT_MONTHS: u32 = 3;
/// Minutes that a download address is good for.
const TOKEN_MINUTES: i64 = 5;

/// The routes under `/v3`.
pub(super) fn routes() -> Router<WechatPay> {
    Router::new()
        .route("/v3/bill/tradebill", get(announce))
        .route("/v3/billdownload/file", get(download))
}

impl WechatPay {
    /// What is wrong with the bill of a day from now on; nothing mends it.
    pub fn set_bill_faults(&self, day: NaiveDate, faults: Vec<BillFault>) {
        self.bills().set_faults(day, faults);
    }

    fn announce(&self, call: &Call) -> Result<Answer, Refusal> {
        let query = call.query_of(&["bill_date", "bill_type", "tar_type"])?;
        let asked = query.get("bill_date").copied().unwrap_or_default();
        let day = asked.parse::<NaiveDate>().ok();
        let day = day.filter(|day| day.to_string() == asked);
        let day = day.ok_or_else(|| wrong_parameter("bill_date", asked))?;
        let kind = query.get("bill_type").copied().unwrap_or("ALL");
        if !["ALL", "SUCCESS", "REFUND"].contains(&kind) {
            return Err(wrong_parameter("bill_type", kind));
        }
        let is_packed = match query.get("tar_type") {
            None => false,
            Some(&"GZIP") => true,
            Some(other) => return Err(wrong_parameter("tar_type", other)),
        };
        let rows = self.rows_of(day)?;
        let plain = written(&rows);
        let mut hash = hex(&Sha1::digest(plain.as_bytes()));
        if self.call_fault(call, "wrong_bill_hash").is_some() {
            hash = hex(&Sha1::digest(b"another file"));
        }
        let bytes = if is_packed {
            packed(plain.as_bytes()).map_err(|_| Refusal::ordered("SYSTEM_ERROR", ""))?
        } else {
            plain.into_bytes()
        };
        let token = numbers::alphanumeric(64);
        let download_url = format!(
            "{}/wechat-pay/v3/billdownload/file?token={token}",
            self.world().base_url()
        );
        let now = self.world().clock.wall_now();
        let good_until = now + TimeDelta::minutes(TOKEN_MINUTES);
        self.bills().keep(token, bytes, now, good_until);
        Ok(Answer::ok(json!({
            "hash_type": "SHA1", "hash_value": hash, "download_url": download_url,
        })))
    }

    /// The rows of a day's bill, in the order of their times.
    fn rows_of(&self, day: NaiveDate) -> Result<Vec<Row>, Refusal> {
        let now = self.world().clock.now();
        let faults = self.bills().faults(day);
        let today = (now + TimeDelta::hours(8)).date_naive();
        let oldest = today.checked_sub_months(Months::new(KEPT_MONTHS));
        if day >= today || oldest.is_some_and(|oldest| day < oldest) {
            return Err(no_statement());
        }
        let next_day = day.checked_add_days(Days::new(1)).unwrap_or(day);
        let ready = beginning_of(next_day) + TimeDelta::hours(READY_AT_HOUR);
        let is_late = faults
            .iter()
            .any(|fault| matches!(fault, BillFault::Late { until } if now < *until));
        if now < ready || is_late {
            return Err(Refusal::business(
                400,
                "STATEMENT_CREATING",
                "账单生成中，请稍后重试",
                268_435_463,
            ));
        }
        let rows = self.rows_with(day, &faults);
        if rows.is_empty() || faults.contains(&BillFault::Empty) {
            return Err(no_statement());
        }
        Ok(rows)
    }

    fn rows_with(&self, day: NaiveDate, faults: &[BillFault]) -> Vec<Row> {
        let orders = self.orders();
        let refunds = self.refunds();
        let refunds = refunds.iter().filter_map(|refund| {
            let mut orders = orders.iter();
            let order = orders.find(|order| {
                let paid = order.payment.as_ref();
                paid.is_some_and(|paid| paid.transaction_id == refund.transaction_id)
            })?;
            Row::of_refund(refund, order)
        });
        let rows = orders.iter().filter_map(Row::of_payment).chain(refunds);
        let begins = beginning_of(day);
        let on_day = begins..begins + TimeDelta::days(1);
        let mut rows: Vec<Row> = rows.filter(|row| on_day.contains(&row.at)).collect();
        for fault in faults {
            apply(&mut rows, day, fault);
        }
        rows.sort_by_key(|row| row.at);
        rows
    }

    fn file_of(&self, call: &Call) -> Result<Vec<u8>, Refusal> {
        let query = call.query_of(&["token"])?;
        let token = query.get("token").copied().unwrap_or_default();
        let now = self.world().clock.wall_now();
        let file = self.bills().file(token, now);
        file.ok_or_else(|| {
            Refusal::business(400, "INVALID_REQUEST", "下载地址无效或已过期", 268_435_461)
        })
    }
}

async fn announce(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.announce(&call))
}

async fn download(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond_with_file(&call, || pay.file_of(&call))
}

fn no_statement() -> Refusal {
    Refusal::business(
        400,
        "NO_STATEMENT_EXIST",
        "请求的账单文件不存在",
        268_435_464,
    )
}

fn wrong_parameter(name: &'static str, value: &str) -> Refusal {
    Refusal::param(
        "the query has its documented parameters and no other",
        format!("参数错误：{name}"),
        json!({"location": "query", "field": name, "value": value}),
    )
}

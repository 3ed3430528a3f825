//! What the staff API takes about refunds.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::refund::{CLEAR_CONFIDENCE, SettlementWay};
use crate::domain::{
    CampId, Fen, FieldError, RefundFlag, RefundId, RefundStatus, Timestamp, UploadId,
};
use crate::services::refund::{Closing, Picked};
use crate::store::refunds::Filter;
use crate::web::day::{Day, span};
use crate::web::{Problem, WebResult};

/// What a list of refunds is narrowed to; `page` and `size` besides.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    status: Option<RefundStatus>,
    camp_id: Option<CampId>,
    min_confidence: Option<i64>,
    flag: Option<RefundFlag>,
    min_fen: Option<i64>,
    max_fen: Option<i64>,
    q: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
}

impl ListQuery {
    /// What the store is asked for.
    pub(super) fn filter(self) -> WebResult<Filter> {
        let (from, to) = span(self.from, self.to)?;
        let day_after = |day: NaiveDate| day.succ_opt().unwrap_or(day);
        Ok(Filter {
            status: self.status,
            camp: self.camp_id,
            min_confidence: percentage("minConfidence", self.min_confidence)?,
            flag: self.flag,
            min_fen: self.min_fen,
            max_fen: self.max_fen,
            text: self.q,
            from: from.map(Timestamp::start_of_day),
            until: to.map(|day| Timestamp::start_of_day(day_after(day))),
            ..Filter::default()
        })
    }
}

/// A number from 0 to 100.
fn percentage(field: &'static str, given: Option<i64>) -> WebResult<Option<i64>> {
    if given.is_some_and(|number| !(0..=100).contains(&number)) {
        let (min, max) = (0, 100);
        return Err(Problem::invalid(field, FieldError::OutOfRange { min, max }));
    }
    Ok(given)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApproveBody {
    /// The proposal that was shown; refused if it is no longer what stands.
    pub(super) proposal_hash: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonBody {
    /// At most 200 characters.
    pub(super) reason: String,
}

/// How a deposit was settled outside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CloseBody {
    /// In words; at most 200 characters.
    note: String,
    /// `transfer`, `cash`, `merchant_platform` or `other`.
    #[schema(value_type = String, example = "transfer")]
    way: SettlementWay,
    /// What the payer got; an admin keeps the rest.
    #[schema(minimum = 1)]
    amount_fen: i64,
    /// Pictures that show it, at most nine.
    #[serde(default)]
    #[schema(value_type = Vec<i64>)]
    upload_ids: Vec<UploadId>,
}

/// The same, of a deposit that nobody has proposed yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClosePaymentBody {
    /// Our order number, or WeChat Pay's number of the payment.
    pub(super) order_no: String,
    note: String,
    #[schema(value_type = String, example = "transfer")]
    way: SettlementWay,
    #[schema(minimum = 1)]
    amount_fen: i64,
    #[serde(default)]
    #[schema(value_type = Vec<i64>)]
    upload_ids: Vec<UploadId>,
}

impl CloseBody {
    pub(super) fn closing(self) -> WebResult<Closing> {
        let amount = Fen::new(self.amount_fen);
        Ok(Closing {
            note: self.note,
            way: self.way,
            amount: amount.map_err(|_| Problem::invalid("amountFen", FieldError::NotPositive))?,
            uploads: self.upload_ids,
        })
    }
}

impl ClosePaymentBody {
    pub(super) fn closing(self) -> WebResult<Closing> {
        let body = CloseBody {
            note: self.note,
            way: self.way,
            amount_fen: self.amount_fen,
            upload_ids: self.upload_ids,
        };
        body.closing()
    }
}

/// Why a refund is opened again; a settlement is not without it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReopenBody {
    /// At most 200 characters.
    pub(super) reason: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProposeBody {
    pub(super) order_no: String,
    /// At most 200 characters.
    pub(super) reason: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRejectBody {
    #[schema(value_type = Vec<i64>)]
    pub(super) ids: Vec<RefundId>,
    /// At most 200 characters.
    pub(super) reason: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchRetryBody {
    /// At most 2000.
    #[schema(value_type = Vec<i64>)]
    pub(super) ids: Vec<RefundId>,
}

/// A refund, and the proposal of it that was shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchItem {
    #[schema(value_type = i64)]
    id: RefundId,
    proposal_hash: String,
}

/// Either `items` or `campId`; in a dry run `ids` may take the place of `items`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BatchApproveBody {
    /// What was shown: each is refused if it is no longer what stands.
    items: Option<Vec<BatchItem>>,
    #[schema(value_type = Option<Vec<i64>>)]
    ids: Option<Vec<RefundId>>,
    /// All clear ones of the camp; those to look at are left out.
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    /// At least so sure, 0 to 100. With `campId` 80 unless given; `items` were chosen by a person and
    /// are taken as they are unless it is given, then those below are skipped as `wrong_state`.
    #[schema(minimum = 0, maximum = 100)]
    min_confidence: Option<i64>,
    /// Only says what would happen.
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// What a batch is of.
pub(super) enum BatchOf {
    These(Vec<Picked>, Option<i64>),
    Camp(CampId, i64),
}

impl BatchApproveBody {
    /// Refused unless exactly one of the three is given, and for numbers without their hashes: nobody
    /// approves what they have not seen.
    pub(super) fn of(self) -> WebResult<BatchOf> {
        let least = percentage("minConfidence", self.min_confidence)?;
        match (self.items, self.ids, self.camp_id) {
            (Some(items), None, None) => {
                let picked = items.into_iter().map(|item| Picked {
                    id: item.id,
                    hash: Some(item.proposal_hash),
                });
                Ok(BatchOf::These(picked.collect(), least))
            }
            (None, Some(_), None) if !self.dry_run => {
                Err(Problem::invalid("ids", FieldError::WithoutHash))
            }
            (None, Some(ids), None) => {
                let picked = ids.into_iter().map(|id| Picked { id, hash: None });
                Ok(BatchOf::These(picked.collect(), least))
            }
            (None, None, Some(camp)) => Ok(BatchOf::Camp(camp, least.unwrap_or(CLEAR_CONFIDENCE))),
            _ => {
                let other = "campId".into();
                let error = FieldError::NotExactlyOne { other };
                Err(Problem::invalid("items", error))
            }
        }
    }
}

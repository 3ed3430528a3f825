//! The columns of `refund_record` that hold where a refund stands, and the one state that each
//! combination of them means.

use crate::domain::refund::{
    Approval, ClosedAs, Decision, Due, FailureReason, History, Processing, RefundState, Settlement,
    Silence,
};
use crate::domain::{Fen, RefundNo, RefundStatus, Timestamp, UnknownWord, UserId};

/// The names of [`StateColumns`]; the table is `r`.
macro_rules! state_columns {
    () => {
        "r.status, r.first_approver, r.decided_by, r.decided_by_name, r.decided_at, \
         r.undo_until, r.attempts, r.polls, r.next_try_at, r.lease_until, r.silent_since, \
         r.failure_reason, r.wechat_refund_id, r.refunded_at, r.closed_by, r.closed_by_name, \
         r.closed_at, r.closed_way, r.settled_fen, r.replaced_by"
    };
}
pub(super) use state_columns;

#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct StateColumns {
    pub(super) status: String,
    pub(super) first_approver: Option<i64>,
    pub(super) decided_by: Option<i64>,
    pub(super) decided_by_name: Option<String>,
    pub(super) decided_at: Option<i64>,
    pub(super) undo_until: Option<i64>,
    pub(super) attempts: i64,
    pub(super) polls: i64,
    pub(super) next_try_at: Option<i64>,
    pub(super) lease_until: Option<i64>,
    pub(super) silent_since: Option<i64>,
    pub(super) failure_reason: Option<String>,
    pub(super) wechat_refund_id: Option<String>,
    pub(super) refunded_at: Option<i64>,
    pub(super) closed_by: Option<i64>,
    pub(super) closed_by_name: Option<String>,
    pub(super) closed_at: Option<i64>,
    pub(super) closed_way: Option<String>,
    pub(super) settled_fen: Option<i64>,
    pub(super) replaced_by: Option<String>,
}

/// The decisions that the columns hold.
enum By {
    Nobody,
    Person(Decision),
    FirstOfTwo(Decision),
    Approved(History),
}

/// The end, or the trouble, that the columns hold.
enum End {
    Open,
    Trouble(FailureReason),
    Refunded(Timestamp),
    Closed(Option<FailureReason>, ClosedAs),
}

/// The columns of the runner: due, polls, lease, silence.
type Run = (Option<i64>, i64, Option<i64>, Option<i64>);
/// Nothing for the runner to do.
const IDLE: Run = (None, 0, None, None);

impl StateColumns {
    /// The state that the columns mean, or what of them fits none. There is no default: money moves
    /// on what this answers.
    pub(super) fn decode(self) -> Result<RefundState, String> {
        let status: RefundStatus = self
            .status
            .parse()
            .map_err(|unknown: UnknownWord| unknown.to_string())?;
        if self.attempts < 0 || self.polls < 0 {
            return Err("a negative count".to_owned());
        }
        let run = (
            self.next_try_at,
            self.polls,
            self.lease_until,
            self.silent_since,
        );
        state_of((status, self.by()?, run, self.end()?))
    }

    fn by(&self) -> Result<By, String> {
        let decided = decision(self.decided_by, &self.decided_by_name, self.decided_at)?;
        let first = self.first_approver.map(UserId);
        let is_sent = self.attempts > 0 || self.wechat_refund_id.is_some();
        match (first, decided, self.undo_until) {
            (Some(first_approver), Some(last), Some(undo_until)) => Ok(By::Approved(History {
                approval: Approval {
                    first_approver,
                    last,
                    undo_until: Timestamp::from_micros(undo_until),
                },
                attempts: self.attempts,
                wechat_refund_id: self.wechat_refund_id.clone(),
            })),
            _ if is_sent => Err("sent without an approval".to_owned()),
            (None, None, None) => Ok(By::Nobody),
            (None, Some(by), None) => Ok(By::Person(by)),
            (Some(first), Some(by), None) if first == by.by => Ok(By::FirstOfTwo(by)),
            _ => Err("half an approval".to_owned()),
        }
    }

    fn end(&self) -> Result<End, String> {
        let reason = self.failure_reason.as_deref().map(FailureReason::parse);
        match (reason, self.refunded_at, self.closed_as()?) {
            (None, None, None) => Ok(End::Open),
            (Some(reason), None, None) => Ok(End::Trouble(reason)),
            (None, Some(at), None) => Ok(End::Refunded(Timestamp::from_micros(at))),
            (reason, None, Some(closed_as)) => Ok(End::Closed(reason, closed_as)),
            _ => Err("several ends".to_owned()),
        }
    }

    fn settlement(&self) -> Result<Option<Settlement>, String> {
        let by = decision(self.closed_by, &self.closed_by_name, self.closed_at)?;
        match (by, self.closed_way.as_deref(), self.settled_fen) {
            (None, None, None) => Ok(None),
            (Some(by), Some(way), Some(fen)) => Ok(Some(Settlement {
                by,
                way: way
                    .parse()
                    .map_err(|unknown: UnknownWord| unknown.to_string())?,
                amount: Fen::new(fen).map_err(|error| error.to_string())?,
            })),
            _ => Err("half a settlement".to_owned()),
        }
    }

    fn closed_as(&self) -> Result<Option<ClosedAs>, String> {
        match (self.settlement()?, &self.replaced_by) {
            (None, None) => Ok(None),
            (Some(settlement), None) => Ok(Some(ClosedAs::SettledOutside(settlement))),
            (None, Some(number)) => {
                let number = RefundNo::parse(number).ok_or("replaced_by")?;
                Ok(Some(ClosedAs::ReplacedBy(number)))
            }
            (Some(_), Some(_)) => Err("closed in two ways".to_owned()),
        }
    }
}

fn state_of(columns: (RefundStatus, By, Run, End)) -> Result<RefundState, String> {
    use RefundStatus as Is;
    Ok(match columns {
        (Is::Pending, By::Nobody, IDLE, End::Open) => RefundState::Pending,
        (Is::AwaitingSecond, By::FirstOfTwo(first), IDLE, End::Open) => {
            RefundState::AwaitingSecond { first }
        }
        (Is::Approved, By::Approved(history), (due, 0, None, None), End::Open) => {
            let due = due_of(due);
            RefundState::Approved { history, due }
        }
        (Is::Rejected, By::Nobody, IDLE, End::Open) => RefundState::Rejected { by: None },
        (Is::Rejected, By::Person(by), IDLE, End::Open) => RefundState::Rejected { by: Some(by) },
        (Is::Processing, By::Approved(history), (due, polls, lease, silent), end) => {
            RefundState::Processing(Processing {
                history,
                polls,
                due: due_of(due),
                lease_until: lease.map(Timestamp::from_micros),
                silence: silence(silent, end)?,
            })
        }
        (Is::Success, By::Approved(history), IDLE, End::Refunded(at)) => RefundState::Success {
            approval: history.approval,
            attempts: history.attempts,
            wechat_refund_id: history.wechat_refund_id.ok_or("no wechat_refund_id")?,
            at,
        },
        (Is::Failed, By::Approved(history), (due, 0, None, None), End::Trouble(reason)) => {
            RefundState::Failed {
                history,
                reason,
                retry_at: due_of(due),
            }
        }
        (Is::ManualRequired, By::Approved(history), IDLE, End::Trouble(reason)) => {
            RefundState::ManualRequired { history, reason }
        }
        (Is::Closed, By::Approved(history), IDLE, End::Closed(reason, closed_as)) => {
            closed(Some(history), reason, closed_as)?
        }
        (Is::Closed, By::Nobody, IDLE, End::Closed(reason, closed_as)) => {
            closed(None, reason, closed_as)?
        }
        // Named one by one, so that a new status has to be decoded before it compiles.
        (
            status @ (Is::Pending
            | Is::AwaitingSecond
            | Is::Approved
            | Is::Rejected
            | Is::Processing
            | Is::Success
            | Is::Failed
            | Is::ManualRequired
            | Is::Closed),
            ..,
        ) => return Err(format!("columns that fit no {status} refund")),
    })
}

fn closed(
    history: Option<History>,
    reason: Option<FailureReason>,
    closed_as: ClosedAs,
) -> Result<RefundState, String> {
    let had_its_tries = history.is_some() && reason.is_some();
    if matches!(closed_as, ClosedAs::ReplacedBy(_)) && !had_its_tries {
        return Err("replaced without having been sent".to_owned());
    }
    Ok(RefundState::Closed {
        history,
        reason,
        closed_as,
    })
}

fn decision(
    by: Option<i64>,
    name: &Option<String>,
    at: Option<i64>,
) -> Result<Option<Decision>, String> {
    match (by, name, at) {
        (Some(by), Some(name), Some(at)) => Ok(Some(Decision {
            by: UserId(by),
            name: name.clone(),
            at: Timestamp::from_micros(at),
        })),
        (None, None, None) => Ok(None),
        _ => Err("half a decision".to_owned()),
    }
}

fn due_of(micros: Option<i64>) -> Due {
    micros.map_or(Due::SetAside, |at| Due::At(Timestamp::from_micros(at)))
}

fn silence(since: Option<i64>, end: End) -> Result<Option<Silence>, String> {
    let blocked_by = match (since, end) {
        (None, End::Open) => return Ok(None),
        (Some(_), End::Open) => None,
        (Some(_), End::Trouble(reason)) => Some(reason),
        _ => return Err("an end of what is under way".to_owned()),
    };
    Ok(since.map(|since| Silence {
        since: Timestamp::from_micros(since),
        blocked_by,
    }))
}

impl From<&RefundState> for StateColumns {
    fn from(state: &RefundState) -> Self {
        let approval = state.approval();
        let (polls, lease_until, silence) = match state {
            RefundState::Processing(run) => (run.polls, run.lease_until, run.silence.as_ref()),
            _ => (0, None, None),
        };
        let settlement = state.settlement();
        let closed = settlement.map(|settlement| &settlement.by);
        let decided = match (approval, settlement) {
            (Some(approval), _) => Some(&approval.last),
            (None, Some(_)) => None,
            (None, None) => state.decision(),
        };
        let first = match state {
            RefundState::AwaitingSecond { first } => Some(first.by),
            _ => approval.map(|approval| approval.first_approver),
        };
        Self {
            status: state.status().as_str().to_owned(),
            first_approver: first.map(|id| id.0),
            decided_by: decided.map(|decision| decision.by.0),
            decided_by_name: decided.map(|decision| decision.name.clone()),
            decided_at: decided.map(|decision| decision.at.micros()),
            undo_until: state.undo_until().map(Timestamp::micros),
            attempts: state.attempts(),
            polls,
            next_try_at: state.next_try_at().map(Timestamp::micros),
            lease_until: lease_until.map(Timestamp::micros),
            silent_since: silence.map(|silence| silence.since.micros()),
            failure_reason: state
                .failure_reason()
                .map(|reason| reason.as_str().to_owned()),
            wechat_refund_id: state.wechat_refund_id().map(str::to_owned),
            refunded_at: state.refunded_at().map(Timestamp::micros),
            closed_by: closed.map(|decision| decision.by.0),
            closed_by_name: closed.map(|decision| decision.name.clone()),
            closed_at: closed.map(|decision| decision.at.micros()),
            closed_way: settlement.map(|settlement| settlement.way.as_str().to_owned()),
            settled_fen: settlement.map(|settlement| settlement.amount.get()),
            replaced_by: state.replaced_by().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::refund::samples::samples;

    #[test]
    fn every_state_is_kept_and_read_back() {
        for state in samples() {
            let columns = StateColumns::from(&state);
            assert_eq!(columns.decode().unwrap(), state);
        }
    }

    #[test]
    fn what_fits_no_state_is_refused_by_name() {
        type Edit = fn(&mut StateColumns);
        let cases: [(RefundStatus, Edit, &str); 11] = [
            (
                RefundStatus::Closed,
                |columns| columns.closed_way = None,
                "half a settlement",
            ),
            (
                RefundStatus::Pending,
                |columns| columns.status = "paid".to_owned(),
                "\"paid\" is not a RefundStatus",
            ),
            (
                RefundStatus::Pending,
                |columns| columns.status = "approved".to_owned(),
                "columns that fit no approved refund",
            ),
            (
                RefundStatus::Approved,
                |columns| columns.decided_at = None,
                "half a decision",
            ),
            (
                RefundStatus::Approved,
                |columns| columns.undo_until = None,
                "half an approval",
            ),
            (
                RefundStatus::Processing,
                |columns| columns.failure_reason = Some("refused".to_owned()),
                "an end of what is under way",
            ),
            (
                RefundStatus::Success,
                |columns| columns.undo_until = None,
                "sent without an approval",
            ),
            (
                RefundStatus::Success,
                |columns| columns.wechat_refund_id = None,
                "no wechat_refund_id",
            ),
            (
                RefundStatus::Failed,
                |columns| columns.attempts = -1,
                "a negative count",
            ),
            (
                RefundStatus::ManualRequired,
                |columns| columns.refunded_at = Some(1),
                "several ends",
            ),
            (
                RefundStatus::Closed,
                |columns| columns.replaced_by = Some("rfd_".to_owned()),
                "closed in two ways",
            ),
        ];
        for (status, edit, why) in cases {
            let state = samples().into_iter().find(|state| state.status() == status);
            let mut columns = StateColumns::from(&state.unwrap());
            edit(&mut columns);
            assert_eq!(columns.decode().unwrap_err(), why);
        }
    }

    fn maybe<T: Clone + std::fmt::Debug + 'static>(some: T) -> impl Strategy<Value = Option<T>> {
        prop_oneof![Just(None), Just(Some(some))]
    }

    prop_compose! {
        /// Any of the columns set or not, in any status.
        fn any_columns()(
            status in proptest::sample::select(RefundStatus::ALL),
            (first_approver, decided, undo_until) in (maybe(7), maybe(7), maybe(60)),
            (attempts, polls, next_try_at) in (0..3_i64, 0..3_i64, maybe(61)),
            (lease_until, silent_since) in (maybe(62), maybe(63)),
            failure_reason in maybe("closed".to_owned()),
            wechat_refund_id in maybe("5030".to_owned()),
            (refunded_at, closed) in (maybe(64), maybe(8)),
            replaced_by in maybe("rfd_00000000000000000000000000".to_owned()),
        ) -> StateColumns {
            StateColumns {
                status: status.as_str().to_owned(),
                first_approver,
                decided_by: decided,
                decided_by_name: decided.map(|_| "管理员".to_owned()),
                decided_at: decided,
                undo_until,
                attempts,
                polls,
                next_try_at,
                lease_until,
                silent_since,
                failure_reason,
                wechat_refund_id,
                refunded_at,
                closed_by: closed,
                closed_by_name: closed.map(|_| "管理员".to_owned()),
                closed_at: closed,
                closed_way: closed.map(|_| "cash".to_owned()),
                settled_fen: closed,
                replaced_by,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_column_is_dropped_on_the_way(columns in any_columns()) {
            if let Ok(state) = columns.clone().decode() {
                prop_assert_eq!(StateColumns::from(&state), columns);
            }
        }
    }
}

//! What staff fill in about a camp: what is wrong with it, what is still missing, and what may
//! change when.

use chrono::NaiveDate;

use super::group_code::MAX_CAPACITY;
use super::promise::PromiseRules;
use super::{CampStatus, FieldError, FieldErrors, GroupCode, Terms, UploadId, UserId};

/// Characters of a name at most.
const MAX_NAME_CHARS: usize = 50;
/// The largest deposit: WeChat Pay would take more, but a slip of two digits should show.
const MAX_DEPOSIT: i64 = 1_000_000;
/// Days from start to end at most.
const MAX_CALENDAR_DAYS: i64 = 366;
/// Visible characters of the introduction at most.
pub const MAX_INTRODUCTION_CHARS: usize = 500;
/// Group codes at most.
const MAX_GROUP_CODES: usize = 20;
/// Coaches, or volunteers, at most.
const MAX_STAFF: usize = 50;
/// Digits of a planet project's id at most (zsxq §3).
const MAX_PROJECT_DIGITS: usize = 20;
const MAX_PAYEE_CHARS: usize = 64;
const MAX_CHAT_ID_CHARS: usize = 128;

/// A camp as it is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampForm {
    /// At most 50 characters.
    pub name: String,
    /// The picture at its head.
    pub poster: Option<UploadId>,
    /// The rules that members agree to.
    pub terms: Terms,
    /// Sanitised HTML.
    pub introduction_html: String,
    /// Visible characters of it.
    pub introduction_chars: usize,
    /// The group's codes.
    pub group_codes: Vec<GroupCode>,
    /// Who leads it.
    pub coaches: Vec<UserId>,
    /// Who serves it.
    pub volunteers: Vec<UserId>,
    /// The planet's check-in project.
    pub planet_project_id: Option<String>,
    /// 企业微信收款码ID.
    pub payee_id: Option<String>,
    /// An urging names who has not checked in.
    pub urge_by_name: bool,
    /// The chat of its group, as the smart robot is told it.
    pub smart_bot_chat_id: Option<String>,
}

impl CampForm {
    /// What is wrong with the form. Dates are looked at by what they mean `today`, when they are
    /// chosen: the start must not lie in the past, and the promise must end in time if the camp is
    /// published at once. `before` are the terms until now.
    #[must_use]
    pub fn problems(
        &self,
        today: NaiveDate,
        before: Option<&Terms>,
        promise: &PromiseRules,
    ) -> FieldErrors {
        let mut problems = FieldErrors::new();
        self.check_terms(&mut problems, today, before);
        let is_end_chosen = before.is_none_or(|before| before.end_date != self.terms.end_date);
        if let Some(error) = promise
            .objection(&self.terms, today)
            .filter(|_| is_end_chosen)
        {
            problems.entry("endDate".into()).or_insert(error);
        }
        let name_chars = self.name.chars().count();
        let both = self
            .volunteers
            .iter()
            .any(|user| self.coaches.contains(user));
        let project = self.planet_project_id.as_deref();
        let payee = self.payee_id.as_deref().unwrap_or_default();
        let chat = self.smart_bot_chat_id.as_deref().unwrap_or_default();
        let holds = |code: &GroupCode| !(1..=MAX_CAPACITY).contains(&code.capacity);
        refuse(
            &mut problems,
            [
                ("name", self.name.trim().is_empty(), FieldError::Missing),
                too_long("name", name_chars, MAX_NAME_CHARS),
                too_long(
                    "introduction",
                    self.introduction_chars,
                    MAX_INTRODUCTION_CHARS,
                ),
                too_many("groupQrUploadIds", self.group_codes.len(), MAX_GROUP_CODES),
                too_many("coachIds", self.coaches.len(), MAX_STAFF),
                too_many("volunteerIds", self.volunteers.len(), MAX_STAFF),
                ("volunteerIds", both, FieldError::IsCoach),
                (
                    "planetProjectId",
                    project.is_some_and(|id| !is_project_id(id)),
                    FieldError::Malformed,
                ),
                too_long("payeeId", payee.chars().count(), MAX_PAYEE_CHARS),
                too_long("smartBotChatId", chat.chars().count(), MAX_CHAT_ID_CHARS),
                (
                    "groupCodes",
                    self.group_codes.iter().any(holds),
                    FieldError::OutOfRange {
                        min: 1,
                        max: MAX_CAPACITY,
                    },
                ),
            ],
        );
        problems
    }

    fn check_terms(&self, problems: &mut FieldErrors, today: NaiveDate, before: Option<&Terms>) {
        let Terms {
            deposit_fen,
            start_date,
            end_date,
            total_days,
            required_days,
            grace_days,
        } = self.terms;
        let (days, deposit) = (self.terms.calendar_days(), deposit_fen.get());
        // While the dates are wrong, nothing can be said of the days between them.
        let is_span = end_date > start_date;
        let is_chosen = before.is_none_or(|before| before.start_date != start_date);
        let is_past = is_chosen && start_date < today;
        refuse(
            problems,
            [
                ("depositFen", deposit == 0, FieldError::NotPositive),
                (
                    "depositFen",
                    deposit > MAX_DEPOSIT,
                    FieldError::TooBig { max: MAX_DEPOSIT },
                ),
                ("startDate", is_past, FieldError::InThePast),
                ("endDate", !is_span, FieldError::NotAfterStart),
                ("endDate", days > MAX_CALENDAR_DAYS, FieldError::SpanTooLong),
                too_small("totalDays", total_days, 1),
                (
                    "totalDays",
                    is_span && total_days > days,
                    exceeds("calendarDays"),
                ),
                too_small("requiredDays", required_days, 1),
                (
                    "requiredDays",
                    required_days > total_days,
                    exceeds("totalDays"),
                ),
                too_small("graceDays", grace_days, 0),
                (
                    "graceDays",
                    required_days > 0 && grace_days > required_days,
                    exceeds("requiredDays"),
                ),
            ],
        );
    }

    /// What has to be filled in before the camp can be published.
    #[must_use]
    pub fn missing(&self) -> FieldErrors {
        let required = [
            ("posterUploadId", self.poster.is_none()),
            ("groupQrUploadIds", self.group_codes.is_empty()),
            ("coachIds", self.coaches.is_empty()),
            ("planetProjectId", self.planet_project_id.is_none()),
        ];
        let missing = required.into_iter().filter(|(_, missing)| *missing);
        missing
            .map(|(field, _)| (field.into(), FieldError::Missing))
            .collect()
    }

    /// Draft while something required is missing, else pending.
    #[must_use]
    pub fn unpublished_status(&self) -> CampStatus {
        if self.missing().is_empty() {
            CampStatus::Pending
        } else {
            CampStatus::Draft
        }
    }

    /// The first field that may no longer change, if `after` changes one: before the start all
    /// may, but the terms only while nobody has paid; the project that the days are read from until
    /// the camp is put away; name, poster, introduction, group codes and staff always.
    #[must_use]
    pub fn frozen_change(
        &self,
        after: &Self,
        status: CampStatus,
        has_payments: bool,
    ) -> Option<&'static str> {
        let started = !matches!(
            status,
            CampStatus::Draft | CampStatus::Pending | CampStatus::Enrolling
        );
        let (old, new) = (&self.terms, &after.terms);
        let terms_are_frozen = started || has_payments;
        let changes = [
            (
                "depositFen",
                terms_are_frozen,
                old.deposit_fen != new.deposit_fen,
            ),
            (
                "startDate",
                terms_are_frozen,
                old.start_date != new.start_date,
            ),
            ("endDate", terms_are_frozen, old.end_date != new.end_date),
            (
                "totalDays",
                terms_are_frozen,
                old.total_days != new.total_days,
            ),
            (
                "requiredDays",
                terms_are_frozen,
                old.required_days != new.required_days,
            ),
            (
                "graceDays",
                terms_are_frozen,
                old.grace_days != new.grace_days,
            ),
            (
                "planetProjectId",
                status == CampStatus::Archived,
                self.planet_project_id != after.planet_project_id,
            ),
            ("payeeId", started, self.payee_id != after.payee_id),
        ];
        let frozen = changes
            .into_iter()
            .find(|(_, frozen, changed)| *frozen && *changed);
        frozen.map(|(field, ..)| field)
    }
}

/// Adds what is wrong; the first word about a field stands.
fn refuse<const N: usize>(problems: &mut FieldErrors, rules: [Rule; N]) {
    for (field, is_wrong, error) in rules {
        if is_wrong {
            problems.entry(field.into()).or_insert(error);
        }
    }
}

/// A field, whether it is wrong, and how.
type Rule = (&'static str, bool, FieldError);

fn too_long(field: &'static str, chars: usize, max: usize) -> Rule {
    (field, chars > max, FieldError::TooLong { max })
}

fn too_many(field: &'static str, items: usize, max: usize) -> Rule {
    (field, items > max, FieldError::TooMany { max })
}

fn too_small(field: &'static str, number: i64, min: i64) -> Rule {
    (field, number < min, FieldError::TooSmall { min })
}

fn exceeds(field: &'static str) -> FieldError {
    FieldError::Exceeds {
        field: field.into(),
    }
}

fn is_project_id(text: &str) -> bool {
    (1..=MAX_PROJECT_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fen;

    const PROMISE: PromiseRules = PromiseRules {
        list_within: 2,
        decision_within: 3,
        money_within: 1,
        appeal_hours: 72,
        answer_within: 2,
    };

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    fn form() -> CampForm {
        CampForm {
            name: "21天写作营".to_owned(),
            poster: Some(UploadId(1)),
            terms: Terms {
                deposit_fen: Fen::new(9900).unwrap(),
                start_date: day(10),
                end_date: day(19),
                total_days: 10,
                required_days: 7,
                grace_days: 1,
            },
            introduction_html: String::new(),
            introduction_chars: 0,
            group_codes: vec![GroupCode::plain(UploadId(2))],
            coaches: vec![UserId(3)],
            volunteers: vec![],
            planet_project_id: Some("4848142421".to_owned()),
            payee_id: None,
            urge_by_name: false,
            smart_bot_chat_id: None,
        }
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        type Spoil = fn(&mut CampForm);
        let cases: &[(&str, Spoil)] = &[
            ("name", |f| f.name = " ".to_owned()),
            ("name", |f| f.name = "营".repeat(51)),
            ("depositFen", |f| f.terms.deposit_fen = Fen::ZERO),
            ("depositFen", |f| {
                f.terms.deposit_fen = Fen::new(1_000_001).unwrap()
            }),
            ("startDate", |f| f.terms.start_date = day(4)),
            ("endDate", |f| f.terms.end_date = day(10)),
            ("endDate", |f| {
                f.terms.end_date = day(9) + chrono::Days::new(367)
            }),
            ("endDate", |f| {
                f.terms.end_date = PROMISE.latest_end(day(5)) + chrono::Days::new(1)
            }),
            ("totalDays", |f| f.terms.total_days = 11),
            ("requiredDays", |f| f.terms.required_days = 11),
            ("graceDays", |f| f.terms.grace_days = -1),
            ("graceDays", |f| f.terms.grace_days = 8),
            ("introduction", |f| f.introduction_chars = 501),
            ("groupQrUploadIds", |f| {
                f.group_codes = vec![GroupCode::plain(UploadId(2)); 21]
            }),
            ("coachIds", |f| f.coaches = vec![UserId(2); 51]),
            ("volunteerIds", |f| f.volunteers = vec![UserId(3)]),
            ("planetProjectId", |f| {
                f.planet_project_id = Some("x1".to_owned())
            }),
            ("payeeId", |f| f.payee_id = Some("x".repeat(65))),
        ];
        assert_eq!(form().problems(day(5), None, &PROMISE), FieldErrors::new());
        for (field, spoil) in cases {
            let mut form = form();
            spoil(&mut form);
            let problems = form.problems(day(5), None, &PROMISE);
            assert!(problems.keys().eq([*field]), "{problems:?}");
        }
    }

    #[test]
    fn a_start_that_was_chosen_before_may_have_passed() {
        let began = |start_date| Terms {
            start_date,
            ..form().terms
        };
        let problems = |before: Terms| form().problems(day(15), Some(&before), &PROMISE);
        assert!(problems(began(day(10))).is_empty());
        assert!(problems(began(day(9))).contains_key("startDate"));
        assert!(form().problems(day(10), None, &PROMISE).is_empty());
    }

    #[test]
    fn the_promise_of_a_camp_ends_in_time_if_it_is_published_today() {
        let mut long = form();
        long.terms.end_date = PROMISE.latest_end(day(5));
        assert!(long.problems(day(5), None, &PROMISE).is_empty());
        long.terms.end_date = long.terms.end_date.succ_opt().unwrap();
        assert!(
            long.problems(day(5), None, &PROMISE)
                .contains_key("endDate")
        );
        // What was right when it was chosen stays right while a name is mended.
        let before = long.terms;
        assert!(long.problems(day(5), Some(&before), &PROMISE).is_empty());
        assert_eq!(PROMISE.objection(&before, day(6)), None);
    }

    #[test]
    fn a_camp_is_a_draft_while_something_is_missing() {
        type Spoil = fn(&mut CampForm);
        let cases: &[(&str, Spoil)] = &[
            ("posterUploadId", |f| f.poster = None),
            ("groupQrUploadIds", |f| f.group_codes.clear()),
            ("coachIds", |f| f.coaches.clear()),
            ("planetProjectId", |f| f.planet_project_id = None),
        ];
        assert_eq!(form().unpublished_status(), CampStatus::Pending);
        for (field, spoil) in cases {
            let mut form = form();
            spoil(&mut form);
            assert!(form.missing().contains_key(*field));
            assert_eq!(form.unpublished_status(), CampStatus::Draft);
        }
    }

    #[test]
    fn what_may_change_when() {
        type Change = fn(&mut CampForm);
        let always: &[Change] = &[
            |f| f.name = "改名".to_owned(),
            |f| f.poster = Some(UploadId(9)),
            |f| f.introduction_html = "<p>新</p>".to_owned(),
            |f| f.group_codes = vec![GroupCode::plain(UploadId(9))],
            |f| f.coaches = vec![UserId(9)],
            |f| f.volunteers = vec![UserId(8)],
        ];
        let while_unpaid: &[(&str, Change)] = &[
            ("depositFen", |f| f.terms.deposit_fen = Fen::new(1).unwrap()),
            ("startDate", |f| f.terms.start_date = day(11)),
            ("endDate", |f| f.terms.end_date = day(20)),
            ("totalDays", |f| f.terms.total_days = 9),
            ("requiredDays", |f| f.terms.required_days = 6),
            ("graceDays", |f| f.terms.grace_days = 0),
        ];
        let until_archived: &[(&str, Change)] = &[("planetProjectId", |f| {
            f.planet_project_id = Some("5".to_owned())
        })];
        let before_start: &[(&str, Change)] = &[("payeeId", |f| f.payee_id = Some("p".to_owned()))];
        let frozen = |change: &Change, status, paid| {
            let mut after = form();
            change(&mut after);
            form().frozen_change(&after, status, paid)
        };
        for status in CampStatus::ALL {
            let started = status.is_over() || *status == CampStatus::Ongoing;
            for change in always {
                assert_eq!(frozen(change, *status, true), None);
            }
            for (field, change) in while_unpaid {
                assert_eq!(frozen(change, *status, true), Some(*field));
                assert_eq!(frozen(change, *status, false), started.then_some(*field));
            }
            for (field, change) in before_start {
                assert_eq!(frozen(change, *status, true), started.then_some(*field));
            }
            for (field, change) in until_archived {
                let is_archived = *status == CampStatus::Archived;
                assert_eq!(frozen(change, *status, true), is_archived.then_some(*field));
            }
        }
    }
}

//! Making a check-in project, and the running ones, among which one that may have been made is
//! found (zsxq §4.2).

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use wecom::lenient_json::Records;

use super::checkin::{CheckinAnswer, WireCheckin};
use super::error::Error;
use super::wire::log_lost;
use super::{Checkin, Planet, time};

/// Running projects that are read: the most that the app itself asks for.
const MAX_LISTED: usize = 100;
const LIST_CALL: &str = "checkins";

/// A project to be made: days add up, and its posts stay out of the planet's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// Not blank.
    pub title: String,
    /// The rules, as plain text.
    pub text: String,
    /// Days that a member is asked to check in.
    pub checkin_days: u32,
    /// When it is over.
    pub expires_at: DateTime<Utc>,
}

impl Planet {
    /// Makes a project; its id.
    ///
    /// # Errors
    /// See [`Error`]. After [`Error::OutcomeUnknown`] there may be such a project: look for it in
    /// [`Planet::ongoing_checkins`] before making another.
    pub async fn create_checkin(&self, new: &NewProject) -> Result<i64, Error> {
        let path = format!("/v2/groups/{}/checkins", self.group_id);
        let body = json!({"req_data": {
            "title": new.title,
            "text": new.text,
            "checkin_days": new.checkin_days,
            "type": "accumulated",
            "show_topics_on_timeline": false,
            "validity": {
                "long_period": false,
                "expiration_time": time::to_wire(new.expires_at),
            },
        }});
        let answer = self
            .transport
            .post_once::<CheckinAnswer>("POST checkins", &path, &body)
            .await?;
        Ok(Checkin::from(answer.checkin).checkin_id)
    }

    /// The running projects, newest first, at most a hundred.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ongoing_checkins(&self) -> Result<Vec<Checkin>, Error> {
        let group = self.group_id;
        let path = format!("/v2/groups/{group}/checkins?scope=ongoing&count={MAX_LISTED}");
        let answer = self.transport.get::<ListAnswer>(LIST_CALL, &path).await?;
        log_lost(LIST_CALL, 0, &answer.checkins);
        let listed = answer.checkins.into_kept().into_iter();
        Ok(listed.map(Checkin::from).collect())
    }
}

#[derive(Deserialize)]
pub(super) struct ListAnswer {
    checkins: Records<WireCheckin>,
}

#[cfg(any(test, fuzzing))]
impl ListAnswer {
    /// Rows on the page, whether they could be read or not.
    pub(super) fn n_rows(&self) -> usize {
        self.checkins.total()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_planet::{FakePlanet, PROJECT, Reply};
    use super::*;

    fn new() -> NewProject {
        NewProject {
            title: "写作营".to_owned(),
            text: "每天写 300 字".to_owned(),
            checkin_days: 7,
            expires_at: time::parse("2026-01-17T23:59:59.999+0800").unwrap(),
        }
    }

    #[tokio::test]
    async fn a_project_is_asked_for_as_the_app_does() {
        let answer = json!({"checkin": {"checkin_id": PROJECT}});
        let fake = FakePlanet::start(move |_, _| Reply::data(&answer)).await;
        assert_eq!(fake.planet().create_checkin(&new()).await.unwrap(), PROJECT);
        let [request] = fake.seen().try_into().unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.path_and_query, "/v2/groups/88000000000011/checkins");
        assert_eq!(request.header("content-type"), "application/json");
        let expected = json!({"req_data": {
            "title": "写作营", "text": "每天写 300 字", "checkin_days": 7, "type": "accumulated",
            "show_topics_on_timeline": false, "validity": {
                "long_period": false, "expiration_time": "2026-01-17T23:59:59.999+0800"}}});
        assert_eq!(request.body, expected);
    }

    #[tokio::test]
    async fn it_is_asked_for_once_whatever_comes_back() {
        type Answer = fn() -> Reply;
        let answers: [(Answer, bool); 5] = [
            (|| Reply::code(1059), true),
            (|| Reply::raw(502, ""), true),
            (|| Reply::data(&json!({"checkin": {}})).breaking_off(), true),
            (|| Reply::data(&json!({})), true),
            (|| Reply::code(1030), false),
        ];
        for (answer, may_be_done) in answers {
            let fake = FakePlanet::start(move |_, _| answer()).await;
            let error = fake.planet().create_checkin(&new()).await.unwrap_err();
            let unknown = matches!(error, Error::OutcomeUnknown { .. });
            assert_eq!((unknown, fake.seen().len()), (may_be_done, 1), "{error}");
        }
    }

    #[tokio::test]
    async fn running_projects_are_listed() {
        let rows = json!({"checkins": [
            {"checkin_id": 2, "title": "写作营", "checkin_days": 7, "status": "ongoing"},
            {"checkin_id": 1, "title": "读书营", "status": "ongoing"}]});
        let fake = FakePlanet::start(move |seen, _| {
            let path = "/v2/groups/88000000000011/checkins?scope=ongoing&count=100";
            assert_eq!(seen.path_and_query, path);
            Reply::data(&rows)
        })
        .await;
        let listed = fake.planet().ongoing_checkins().await.unwrap();
        let ids: Vec<_> = listed.iter().map(|project| project.checkin_id).collect();
        assert_eq!(ids, [2, 1]);
    }
}

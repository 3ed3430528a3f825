//! The robots of the camps' groups: an upload shows whether one is there, and says nothing in the
//! group.

use futures::future::join_all;
use secrecy::SecretString;
use wecom::client::ErrorClass;
use wecom::group_robot::RobotMedia;
use wecom::media::MediaFile;

use crate::catalogue::{Finding, Part};
use crate::domain::CampStatus;
use crate::services::camps::ROBOT_KEY_PLACE;
use crate::services::{Context, Error, Result};
use crate::store::camps;

use super::outcome::{Checked, not_in_use};

const PART: Part = Part::GroupRobots;
/// Camps whose robot is still to say something.
const SPEAKING: &[CampStatus] = &[
    CampStatus::Enrolling,
    CampStatus::Ongoing,
    CampStatus::Ended,
    CampStatus::Settling,
];
/// Robots that are tried at most.
const TRIED: usize = 40;

pub(super) async fn look(ctx: &Context) -> Result<Vec<Checked>> {
    let Some(client) = &ctx.clients.wecom else {
        return Ok(not_in_use(&[PART], "wecom"));
    };
    let robots = robots(ctx).await?;
    if robots.is_empty() {
        return Ok(vec![Checked::off(PART, Finding::NoRobots)]);
    }
    let file = MediaFile::new(
        "campkeeper.txt",
        "text/plain",
        b"campkeeper doctor".to_vec(),
    )
    .map_err(|error| Error::Invariant(error.to_string()))?;
    let count = robots.len();
    let tried = join_all(robots.into_iter().map(async |(camp, key)| {
        let robot = client.group_robot(key).ok()?;
        let refused = robot.upload(RobotMedia::File, &file).await.err()?;
        (refused.class() == Some(ErrorClass::RobotGone)).then_some(camp)
    }));
    let camps: Vec<String> = tried.await.into_iter().flatten().collect();
    Ok(vec![if camps.is_empty() {
        Checked::ok(PART, Finding::RobotsGood { count })
    } else {
        Checked::fail(PART, Finding::RobotsGone { camps })
    }])
}

/// The names of camps and the keys of their robots.
async fn robots(ctx: &Context) -> Result<Vec<(String, SecretString)>> {
    let mut conn = ctx.db.read().await?;
    let mut robots = Vec::new();
    for status in SPEAKING {
        for camp in camps::in_status(&mut conn, *status).await?.good {
            if let Some(sealed) = &camp.group_robot_key {
                let key = ctx.keys().open_text(ROBOT_KEY_PLACE, sealed)?;
                robots.push((camp.name, key.into()));
            }
        }
    }
    robots.truncate(TRIED);
    Ok(robots)
}

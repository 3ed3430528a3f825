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
    let Robots {
        robots,
        sealed: camps,
    } = robots(ctx).await?;
    if robots.is_empty() && camps.is_empty() {
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
    let gone: Vec<String> = tried.await.into_iter().flatten().collect();
    Ok(vec![if !camps.is_empty() {
        Checked::fail(PART, Finding::RobotKeysSealed { camps, gone })
    } else if gone.is_empty() {
        Checked::ok(PART, Finding::RobotsGood { count })
    } else {
        Checked::fail(PART, Finding::RobotsGone { camps: gone })
    }])
}

/// The robots of camps, by the camps' names.
#[derive(Default)]
struct Robots {
    /// With their keys.
    robots: Vec<(String, SecretString)>,
    /// Those whose key cannot be opened.
    sealed: Vec<String>,
}

async fn robots(ctx: &Context) -> Result<Robots> {
    let mut conn = ctx.db.read().await?;
    let mut found = Robots::default();
    for status in SPEAKING {
        for camp in camps::in_status(&mut conn, *status).await?.good {
            if let Some(sealed) = &camp.group_robot_key {
                match ctx.keys().open_text(ROBOT_KEY_PLACE, sealed) {
                    Ok(key) => found.robots.push((camp.name, key.into())),
                    Err(error) => {
                        tracing::error!(camp = %camp.id, %error, "the key of a robot is sealed");
                        found.sealed.push(camp.name);
                    }
                }
            }
        }
    }
    found.robots.truncate(TRIED);
    Ok(found)
}

//! The planet's data in memory: people, check-in projects, posts.
//!
//! Pure: time comes in as an argument, and what is dated after it is not visible yet. So a camp can
//! be seeded to its end, and shows what it should as time is moved.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::post::Post;
use super::ranking::{Counting, Ranked, rank};
use super::times::shanghai_day;

/// The planet's id. All ids here contain a digit that no real one has (zsxq §3).
pub const GROUP_ID: i64 = 88_000_000_000_033;
/// The account whose token the stand-in knows: the planet's owner.
pub const OWNER_ID: i64 = 300_000_000_000_001;
const FIRST_PROJECT_ID: i64 = 7_700_000_001;
/// Above 2^53, as real ones are.
const FIRST_TOPIC_ID: i64 = 90_000_000_000_000_071;

/// A person of the planet.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanetUser {
    /// Account id, what check-ins carry.
    pub user_id: i64,
    /// Nickname; may be blank or equal to somebody else's.
    pub name: String,
    /// Name on the planet card.
    pub alias: Option<String>,
    /// 成员编号, if the planet has numbers and this member has one.
    pub number: Option<i64>,
    /// Picture.
    pub avatar_url: String,
    /// Profile handle.
    pub unique_id: Option<String>,
    /// When they joined the planet.
    pub joined_at: DateTime<Utc>,
}

/// A person to add; what is not said is made up.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// Account id; `None`: the next free one.
    pub user_id: Option<i64>,
    /// Nickname, taken as it is.
    pub name: String,
    /// Name on the planet card.
    pub alias: Option<String>,
    /// 成员编号; `None`: has none.
    pub number: Option<i64>,
    /// Picture; `None`: a made-up address.
    pub avatar_url: Option<String>,
}

/// A check-in project to add.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub title: String,
    /// Days that make it complete.
    pub checkin_days: u32,
    /// When it was made; its posts may lie from here on.
    pub created_at: DateTime<Utc>,
    /// When it ends; `None` is `long_period`.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A check-in post to add.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// Its author, who joins the project by it.
    pub user_id: i64,
    /// When it is made; not visible before.
    pub at: DateTime<Utc>,
    /// What it says; `None`: made up.
    pub text: Option<String>,
}

/// A check-in project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) checkin_id: i64,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) checkin_days: u32,
    pub(super) is_continuous: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) is_closed: bool,
    joined: BTreeMap<i64, DateTime<Utc>>,
    /// By time, then by id.
    posts: Vec<Post>,
    /// Rankings already made, valid for this many visible posts.
    rankings: HashMap<Counting, (usize, Arc<Vec<Ranked>>)>,
}

/// The planet.
#[derive(Debug)]
pub(super) struct Community {
    users: BTreeMap<i64, PlanetUser>,
    projects: BTreeMap<i64, Project>,
    next_user_id: i64,
    next_topic_id: i64,
}

impl Project {
    /// The posts made until `now`, oldest first.
    pub(super) fn posts_until(&self, now: DateTime<Utc>) -> &[Post] {
        let visible = self.posts.partition_point(|post| post.at <= now);
        self.posts.get(..visible).unwrap_or_default()
    }

    /// Who has joined until `now`, with the time.
    pub(super) fn joined_until(
        &self,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (i64, DateTime<Utc>)> {
        self.joined
            .iter()
            .filter(move |(_, at)| **at <= now)
            .map(|(user_id, at)| (*user_id, *at))
    }

    /// The ranking as of `now`.
    pub(super) fn ranking(&mut self, counting: Counting, now: DateTime<Utc>) -> Arc<Vec<Ranked>> {
        let visible = self.posts_until(now).len();
        if let Some((made_for, ranking)) = self.rankings.get(&counting)
            && *made_for == visible
        {
            return Arc::clone(ranking);
        }
        let ranking = Arc::new(rank(self.posts_until(now), counting));
        self.rankings
            .insert(counting, (visible, Arc::clone(&ranking)));
        ranking
    }

    /// Distinct people who checked in on the Shanghai day of `moment`.
    pub(super) fn checked_in_on(&self, moment: DateTime<Utc>, now: DateTime<Utc>) -> usize {
        let day = shanghai_day(moment);
        let people: std::collections::HashSet<i64> = self
            .posts_until(now)
            .iter()
            .filter(|post| shanghai_day(post.at) == day)
            .map(|post| post.user_id)
            .collect();
        people.len()
    }

    /// `ongoing`, `over` or `closed`.
    pub(super) fn status(&self, now: DateTime<Utc>) -> &'static str {
        if self.is_closed {
            return "closed";
        }
        match self.expires_at {
            Some(end) if now > end => "over",
            _ => "ongoing",
        }
    }
}

impl Community {
    /// A planet with its owner alone.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let mut community = Self {
            users: BTreeMap::new(),
            projects: BTreeMap::new(),
            next_user_id: OWNER_ID,
            next_topic_id: FIRST_TOPIC_ID,
        };
        let owner = NewUser {
            name: "星主".to_owned(),
            number: Some(1),
            ..NewUser::default()
        };
        community.add_user(owner, now);
        community
    }

    pub(super) fn add_user(&mut self, new: NewUser, now: DateTime<Utc>) -> i64 {
        let user_id = new.user_id.unwrap_or(self.next_user_id);
        self.next_user_id = self.next_user_id.max(user_id.saturating_add(1));
        let avatar_url = new.avatar_url.unwrap_or_else(|| {
            format!("https://images.zsxq.com/avatar-{user_id}?e=1798761599&token=sandbox:x/y")
        });
        let user = PlanetUser {
            user_id,
            name: new.name,
            alias: new.alias,
            number: new.number,
            avatar_url,
            unique_id: None,
            joined_at: now,
        };
        self.users.insert(user_id, user);
        user_id
    }

    pub(super) fn add_project(&mut self, new: NewProject) -> i64 {
        let newest = self.projects.keys().next_back();
        let checkin_id = newest.map_or(FIRST_PROJECT_ID, |newest| newest.saturating_add(1));
        let project = Project {
            checkin_id,
            title: new.title,
            text: "每天写一点，写完就打卡。".to_owned(),
            checkin_days: new.checkin_days,
            is_continuous: false,
            created_at: new.created_at,
            expires_at: new.expires_at,
            is_closed: false,
            joined: BTreeMap::new(),
            posts: Vec::new(),
            rankings: HashMap::new(),
        };
        self.projects.insert(checkin_id, project);
        checkin_id
    }

    /// A member joins a project; false if there is no such project or person.
    pub(super) fn join(&mut self, checkin_id: i64, user_id: i64, at: DateTime<Utc>) -> bool {
        let is_known = self.users.contains_key(&user_id);
        match self.projects.get_mut(&checkin_id) {
            Some(project) if is_known => {
                let joined_at = project.joined.entry(user_id).or_insert(at);
                *joined_at = at.min(*joined_at);
                true
            }
            _ => false,
        }
    }

    /// Adds check-in posts, and lets their authors join where they have not. Answers their ids;
    /// posts of unknown people or projects are left out.
    pub(super) fn post(
        &mut self,
        checkin_id: i64,
        posts: impl IntoIterator<Item = NewPost>,
    ) -> Vec<i64> {
        let Some(project) = self.projects.get_mut(&checkin_id) else {
            return Vec::new();
        };
        let mut ids = Vec::new();
        for NewPost { user_id, at, text } in posts {
            if !self.users.contains_key(&user_id) {
                continue;
            }
            let joined_at = project.joined.entry(user_id).or_insert(at);
            *joined_at = at.min(*joined_at);
            let text = text.unwrap_or_else(|| format!("打卡 {}", shanghai_day(at)));
            project.posts.push(Post {
                topic_id: self.next_topic_id,
                user_id,
                at,
                text,
            });
            ids.push(self.next_topic_id);
            self.next_topic_id = self.next_topic_id.saturating_add(1);
        }
        project.posts.sort_by_key(|post| (post.at, post.topic_id));
        project.rankings.clear();
        ids
    }

    /// Deletes a post; false if there is none.
    pub(super) fn delete_post(&mut self, topic_id: i64) -> bool {
        for project in self.projects.values_mut() {
            let before = project.posts.len();
            project.posts.retain(|post| post.topic_id != topic_id);
            if project.posts.len() < before {
                project.rankings.clear();
                return true;
            }
        }
        false
    }

    pub(super) fn user(&self, user_id: i64) -> Option<&PlanetUser> {
        self.users.get(&user_id)
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &PlanetUser> {
        self.users.values()
    }

    pub(super) fn project(&mut self, checkin_id: i64) -> Option<&mut Project> {
        self.projects.get_mut(&checkin_id)
    }

    pub(super) fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.values()
    }
}

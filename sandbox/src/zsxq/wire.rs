//! JSON as the planet really serves it (zsxq §2, §4): numeric ids, `+0800` times, optional fields
//! missing, slashes and everything beyond ASCII escaped.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::community::{Community, GROUP_ID, OWNER_ID, PlanetUser};
use super::post::Post;
use super::ranking::Counting;
use super::times::written;

/// Name of the planet.
pub(super) const GROUP_NAME: &str = "沙箱星球";
/// Most faces shown beside a project.
const MOST_FACES: usize = 5;

/// Serialises as served: `/` becomes `\/`, other than ASCII becomes `\uXXXX`.
pub(super) fn served(value: &Value) -> String {
    let plain = value.to_string();
    let mut escaped = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '/' => escaped.push_str("\\/"),
            letter if letter.is_ascii() => escaped.push(letter),
            letter => {
                let mut units = [0_u16; 2];
                for unit in letter.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped
}

/// The short form of the planet inside other objects.
pub(super) fn group_brief() -> Value {
    json!({
        "group_id": GROUP_ID, "name": GROUP_NAME, "type": "pay",
        "background_url": "https://images.zsxq.com/background?e=1798761599&token=sandbox:b/g",
    })
}

/// A person as in rankings: `alias` is there even when empty, `number` never.
pub(super) fn ranking_user(user: &PlanetUser) -> Value {
    json!({
        "user_id": user.user_id, "name": user.name,
        "alias": user.alias.as_deref().unwrap_or_default(), "avatar_url": user.avatar_url,
    })
}

/// A person as in topics: `alias` only when set.
pub(super) fn topic_owner(user: &PlanetUser) -> Value {
    let mut owner = Map::from_iter([
        ("user_id".to_owned(), json!(user.user_id)),
        ("name".to_owned(), json!(user.name)),
        ("avatar_url".to_owned(), json!(user.avatar_url)),
    ]);
    put(&mut owner, "alias", user.alias.clone());
    owner.insert("location".to_owned(), json!("上海"));
    Value::Object(owner)
}

/// A row of the roster.
pub(super) fn member(user: &PlanetUser, numbers_shown: bool) -> Value {
    let joined = written(user.joined_at);
    let mut member = Map::from_iter([
        ("user_id".to_owned(), json!(user.user_id)),
        ("name".to_owned(), json!(user.name)),
        ("avatar_url".to_owned(), json!(user.avatar_url)),
        ("join_time".to_owned(), json!(joined)),
        ("update_time".to_owned(), json!(joined)),
        ("login_time".to_owned(), json!(joined)),
        ("status".to_owned(), json!("joined")),
        ("isolated".to_owned(), json!(false)),
    ]);
    put(&mut member, "alias", user.alias.clone());
    put(&mut member, "unique_id", user.unique_id.clone());
    put(&mut member, "number", user.number.filter(|_| numbers_shown));
    Value::Object(member)
}

/// A check-in project.
pub(super) fn project(
    community: &mut Community,
    checkin_id: i64,
    now: DateTime<Utc>,
) -> Option<Value> {
    let project = community.project(checkin_id)?;
    let ranking = project.ranking(Counting::Accumulated, now);
    let completed = ranking
        .iter()
        .filter(|row| row.days >= project.checkin_days)
        .count();
    let joined: Vec<i64> = project
        .joined_until(now)
        .map(|(user_id, _)| user_id)
        .collect();
    let mut written_project = json!({
        "checkin_id": checkin_id,
        "group": group_brief(),
        "title": project.title,
        "text": project.text,
        "checkin_days": project.checkin_days,
        "validity": {
            "long_period": project.expires_at.is_none(),
            "expiration_time": project.expires_at.map(written).unwrap_or_default(),
        },
        "show_topics_on_timeline": false,
        "create_time": written(project.created_at),
        "status": project.status(now),
        "type": if project.is_continuous { "continuous" } else { "accumulated" },
        "joined_count": joined.len(),
        "statistics": {
            "joined_count": joined.len(),
            "completed_count": completed,
            "today_checkined_count": project.checked_in_on(now, now),
        },
        "user_specific": {"joined": joined.contains(&OWNER_ID)},
        "min_words_count": 0,
    });
    if let Some(fields) = written_project.as_object_mut() {
        put(fields, "owner", community.user(OWNER_ID).map(topic_owner));
        fields.insert(
            "joined_users".to_owned(),
            faces(community, &joined, MOST_FACES),
        );
    }
    Some(written_project)
}

/// Pictures of the first few people.
pub(super) fn faces(community: &Community, people: &[i64], most: usize) -> Value {
    people
        .iter()
        .filter_map(|user_id| community.user(*user_id))
        .take(most)
        .map(|user| json!({"avatar_url": user.avatar_url}))
        .collect()
}

/// A check-in post. `title` of the post, `modify_time`, images and likes are optional and missing.
pub(super) fn topic(
    post: &Post,
    owner: &PlanetUser,
    project_title: &str,
    checkin_id: i64,
) -> Value {
    json!({
        "topic_id": post.topic_id,
        "topic_uid": post.topic_id.to_string(),
        "group": group_brief(),
        "type": "talk",
        "talk": {"owner": topic_owner(owner), "text": post.text},
        "likes_count": 0,
        "comments_count": 0,
        "digested": false,
        "sticky": false,
        "create_time": written(post.at),
        "user_specific": {"liked": false, "subscribed": false},
        "checkin": {"title": project_title, "checkin_id": checkin_id, "min_words_count": 0},
    })
}

fn put<T: Into<Value>>(map: &mut Map<String, Value>, key: &str, value: Option<T>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_chinese_are_escaped_and_mean_the_same() {
        let value =
            json!({"url": "https://a/b", "name": "打卡😀", "id": 90_000_000_000_000_071_i64});
        let text = served(&value);
        assert!(text.is_ascii());
        assert!(text.contains(r"https:\/\/a\/b") && text.contains(r"\u6253\u5361\ud83d\ude00"));
        assert!(text.contains("90000000000000071"));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}

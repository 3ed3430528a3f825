//! The demo's past and present: a camp in every state, and people with every kind of story.

use anyhow::Context as _;
use campkeeper::app::App;
use campkeeper::bot;
use campkeeper::domain::Role;
use campkeeper::services::staff::{self, NewAccount};
use chrono::{DateTime, TimeDelta, Utc};
use sandbox::clock::SandboxClock;
use sandbox::{Fault, Platform, Sandbox};
use serde_json::json;

use super::planter::{Camp, Claim, Plan, Planter, RosterRow, shanghai_day, start_of};

/// The password of the demo's accounts.
pub(super) const PASSWORD: &str = "camp-demo-2026";
/// The camp that whoever plays the demo joins.
pub(super) const CAMP_TO_JOIN: &str = "五天读书营";
/// As whom: number and nickname on the planet, where she checks in every day.
pub(super) const MEMBER_TO_PLAY: (i64, &str) = (1024, "小满");

/// The robots of two groups.
const WRITERS: &str = "11111111-2222-4333-8444-000000000001";
const READERS: &str = "11111111-2222-4333-8444-000000000002";
/// How long ago the story begins.
const DAYS_OF_STORY: i64 = 50;

const AUGUST: Plan = Plan {
    name: "八月写作营",
    introduction: "<p>每天 300 字，写十天。</p>",
    colour: [120, 110, 170],
    deposit_fen: 9900,
    days: 10,
    required_days: 7,
    robot_key: WRITERS,
};
const SEPTEMBER: Plan = Plan {
    name: "九月写作营",
    introduction: "<p>每天 300 字，坚持 10 天，押金全退。</p>",
    colour: [70, 120, 200],
    ..AUGUST
};
const EARLY: Plan = Plan {
    name: "十天早起营",
    introduction: "<p>早上七点前打卡，和早起的人一起。</p>",
    colour: [214, 140, 60],
    deposit_fen: 6600,
    ..AUGUST
};
const MORNING: Plan = Plan {
    name: "晨读打卡营",
    introduction: "<p>每天晨读二十分钟，记下一句话。</p>",
    colour: [60, 150, 110],
    robot_key: READERS,
    ..AUGUST
};
const READING: Plan = Plan {
    name: CAMP_TO_JOIN,
    introduction: "<p>五天读完一本小书，每天写三句读后感。</p><ul><li>周可教练每晚点评</li>\
                   <li>打卡满 4 天，押金全退</li></ul>",
    colour: [40, 140, 140],
    deposit_fen: 9900,
    days: 5,
    required_days: 4,
    robot_key: READERS,
};
const RUNNING: Plan = Plan {
    name: "新年跑步营",
    introduction: "<p>每天三公里，跑着过新年。</p>",
    colour: [200, 80, 90],
    ..AUGUST
};
const JOURNAL: Plan = Plan {
    name: "春日手帐营",
    introduction: "",
    ..AUGUST
};

/// The demo's days, told from a past that its clock stands in at first.
pub(super) struct Story {
    today: DateTime<Utc>,
}

impl Story {
    /// Sets the clock back to where the story begins. It ends at ten in the morning of today, when
    /// the night's work is done, whatever the hour is that somebody starts the demo.
    pub(super) fn before_today(clock: &SandboxClock) -> Self {
        let today = start_of(shanghai_day(clock.wall_now())) + TimeDelta::hours(10);
        let story = Self { today };
        clock.set(story.days_ago(DAYS_OF_STORY));
        story
    }

    fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.today - TimeDelta::days(days)
    }

    /// Plants a camp in every state: draft, pending, enrolling, ongoing, ended, settling, archived.
    pub(super) async fn plant(
        &self,
        app: &App,
        sandbox: &Sandbox,
        url: &str,
    ) -> anyhow::Result<()> {
        hire(app).await?;
        publish_menu(app).await?;
        let planter = Planter::sign_in(sandbox, url, PASSWORD).await?;
        let people = People::of(&planter).await?;

        let august = planter.published(&AUGUST).await?;
        for (name, days) in [("小明同学", 10), ("阿花", 8), ("星河", 7), ("路过", 2)] {
            people.join(&planter, &august, name, days).await?;
        }
        planter.night(self.days_ago(DAYS_OF_STORY - 11)).await?;
        planter.refund_all(&august).await?;

        planter.night(self.days_ago(11)).await?;
        let september = planter.published(&SEPTEMBER).await?;
        september_stories(&planter, &people, &september).await?;
        let early = planter.published(&EARLY).await?;
        for (name, days) in [("山风", 10), ("木木", 9), ("阿花", 6), ("懒羊羊", 2)] {
            people.join(&planter, &early, name, days).await?;
        }

        planter.night(self.days_ago(4)).await?;
        let morning = planter.published(&MORNING).await?;
        for (name, days) in [("早起鸟", 10), ("星河", 9), ("南枝", 6), ("懒羊羊", 1)] {
            people.join(&planter, &morning, name, days).await?;
        }

        disturb_the_sync_of(sandbox, &planter, &early);
        planter.night(self.today).await?;
        sandbox.faults().clear();

        let reading = planter.published(&READING).await?;
        reading_stories(&planter, &people, &reading).await?;
        planter.camp(&RUNNING, true).await?;
        planter.camp(&JOURNAL, false).await?;
        Ok(())
    }
}

/// The staff: two admins and a coach, each with a phone.
async fn hire(app: &App) -> anyhow::Result<()> {
    for (username, role, name, userid) in [
        ("admin", Role::SuperAdmin, "林越", "lin.yue"),
        ("admin2", Role::Admin, "陈安", "chen.an"),
        ("coach", Role::Coach, "周可", "zhou.ke"),
    ] {
        let account = NewAccount {
            username: username.to_owned(),
            password: PASSWORD.to_owned().into(),
            role,
            display_name: Some(name.to_owned()),
            wecom_userid: Some(userid.to_owned()),
        };
        staff::create(&app.context(), None, account).await?;
    }
    Ok(())
}

/// What `campkeeper wecom menu` does.
async fn publish_menu(app: &App) -> anyhow::Result<()> {
    let ctx = app.context();
    let menu = bot::menu(&ctx.settings.public_url)?;
    ctx.wecom()?.create_menu(&menu).await?;
    Ok(())
}

/// The planet's people, whom the roster knows by number and nickname.
struct People(Vec<(String, i64)>);

impl People {
    async fn of(planter: &Planter<'_>) -> anyhow::Result<Self> {
        const NAMES: [&str; 17] = [
            "小明同学",
            "阿花",
            "山风",
            "木木",
            "星河",
            "南枝",
            "晴天",
            "橙子",
            "懒羊羊",
            "路过",
            "早起鸟",
            "石头",
            "半夏",
            "利奥",
            "可可",
            "阿澈",
            "云朵",
        ];
        let (number, nickname) = MEMBER_TO_PLAY;
        let mut people = vec![(nickname.to_owned(), planter.account(nickname, Some(number)))];
        let mut roster = vec![RosterRow::new(number, people[0].1, nickname)];
        for (number, name) in (1101..).zip(NAMES) {
            let account = planter.account(name, Some(number));
            people.push((name.to_owned(), account));
            // Who joined the planet after the roster was exported is known to nobody yet.
            if name != "利奥" {
                roster.push(RosterRow::new(number, account, name));
            }
        }
        planter.import_roster(&roster).await?;
        Ok(Self(people))
    }

    fn account(&self, name: &str) -> anyhow::Result<i64> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, account)| *account)
            .with_context(|| format!("nobody is called {name}"))
    }

    /// Somebody pays under their own name and checks in on the first `days` days.
    async fn join(
        &self,
        planter: &Planter<'_>,
        camp: &Camp,
        name: &str,
        days: i64,
    ) -> anyhow::Result<()> {
        let account = self.account(name)?;
        planter.check_in(camp, account, 0..days);
        planter.pay(camp, claim(account, name)).await
    }
}

fn claim(account: i64, name: &str) -> Claim {
    Claim {
        planet: Some((account.to_string(), name.to_owned())),
        wechat_nickname: name.to_owned(),
        ..Claim::default()
    }
}

/// The camp whose refund list waits: clear ones, and one of each kind that a person looks at.
async fn september_stories(
    planter: &Planter<'_>,
    people: &People,
    camp: &Camp,
) -> anyhow::Result<()> {
    for (name, days) in [
        ("小明同学", 10),
        ("南枝", 8),
        ("木木", 7),
        // Passes only by the day of grace.
        ("橙子", 6),
        ("懒羊羊", 3),
        ("路过", 0),
    ] {
        people.join(planter, camp, name, days).await?;
    }
    // One day before the camp began: the planet counts it, the calendar does not.
    let early = people.account("晴天")?;
    planter.check_in(camp, early, -1..7);
    planter.pay(camp, claim(early, "晴天")).await?;
    // Pays twice, the second time without saying who it is.
    let star = people.account("星河")?;
    planter.check_in(camp, star, 0..9);
    let twice = Some("oStarRiver000000000000000001".to_owned());
    let first = Claim {
        openid: twice.clone(),
        ..claim(star, "星河")
    };
    planter.pay(camp, first).await?;
    let second = Claim {
        openid: twice,
        wechat_nickname: "星河".to_owned(),
        ..Claim::default()
    };
    planter.pay(camp, second).await?;
    // Two claim one account; the one who came first is not its owner.
    let stone = people.account("石头")?;
    planter.check_in(camp, stone, 0..8);
    planter.pay(camp, claim(stone, "小石头")).await?;
    planter.pay(camp, claim(stone, "石头")).await?;
    // Nobody knows this account by that name.
    let leo = people.account("利奥")?;
    planter.check_in(camp, leo, 0..8);
    planter.pay(camp, claim(leo, "Leo")).await?;
    // Never says who it is, and goes by another name in WeChat: for a person to match.
    let summer = people.account("半夏")?;
    planter.check_in(camp, summer, 0..9);
    let unbound = Claim {
        wechat_nickname: "夏天的风".to_owned(),
        ..Claim::default()
    };
    planter.pay(camp, unbound).await
}

/// The camp to join: some are in already, one has still to bind, one paid too little.
async fn reading_stories(
    planter: &Planter<'_>,
    people: &People,
    camp: &Camp,
) -> anyhow::Result<()> {
    for (name, days) in [("云朵", 5), ("阿花", 4), ("可可", 1)] {
        people.join(planter, camp, name, days).await?;
    }
    planter.check_in(camp, people.account(MEMBER_TO_PLAY.1)?, 0..5);
    planter.check_in(camp, people.account("阿澈")?, 0..3);
    let unbound = Claim {
        wechat_nickname: "晚风".to_owned(),
        ..Claim::default()
    };
    planter.pay(camp, unbound).await?;
    let stone = Claim {
        paid_fen: Some(990),
        ..claim(people.account("石头")?, "石头")
    };
    planter.pay(camp, stone).await
}

/// Somebody of the ranking checks in after each page of it that is read, at both tries: that reading
/// does not add up, and decides nothing.
fn disturb_the_sync_of(sandbox: &Sandbox, planter: &Planter<'_>, camp: &Camp) {
    for passer_by in ["过客甲", "过客乙", "过客丙", "过客丁"] {
        let account = planter.account(passer_by, None);
        planter.check_in(camp, account, 0..1);
        let with = json!({"userId": account.to_string()});
        let mut fault = Fault::named(Platform::Zsxq, "check_in_between_pages", with);
        fault.path_prefix = format!("between-pages/{}", camp.checkin_id);
        sandbox.faults().add(fault);
    }
}

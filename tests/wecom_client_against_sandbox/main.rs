//! Every call of the crate `wecom` against the stand-in, which was written from the reference and
//! not from the client: what one side misunderstood, the other refuses or records.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose scene cannot be set up has failed"
)]

mod group_robots;
mod messages;
mod sign_in;

use std::time::Duration;

use sandbox::{Sandbox, SandboxConfig};
use wecom::{
    Client, ErrorClass,
    card::{
        ActionMenu, Button, ButtonInteraction, ButtonStyle, Card, CardImage, Checkbox, Choice,
        DescColor, ImageText, Jump, MultipleInteraction, NewsNotice, QuoteArea, Row, Select,
        Source, SubmitButton, Target, TaskId, TextNotice, VoteInteraction, VoteMode,
    },
    external_chat::{ChatFilter, JoinScene, JoinWay},
    media::{MediaFile, MediaKind},
    menu::{Entry, Menu, MenuButton},
    message::{
        Article, CardAudience, CardUpdate, Content, Link, Markdown, Message, Recipients, Text,
        TextCard,
    },
};

async fn scene() -> (Sandbox, Client, String) {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let app = sandbox.wecom().app().clone();
    let agent_id = u32::try_from(app.agent_id).unwrap();
    let client = Client::builder(app.corp_id, agent_id, app.secret)
        .api_base(format!("{}/wecom", sandbox.base_url()))
        .oauth_base(format!("{}/wecom", sandbox.base_url()))
        .login_base(format!("{}/wecom", sandbox.base_url()))
        .build()
        .unwrap();
    let member = sandbox.wecom().members()[0].userid.clone();
    // Interactive cards need a callback address; nobody has to answer there.
    sandbox.set_app_url("http://127.0.0.1:9");
    (sandbox, client, member)
}

fn assert_no_violation(sandbox: &Sandbox) {
    let violations = sandbox.violations().all();
    assert!(violations.is_empty(), "{violations:#?}");
}

fn notices(member: &str) -> [Card; 2] {
    let page = || Target::url("https://camp.example.com/a");
    let text = TextNotice::new("Disk alert", page())
        .source(
            Source::new("Ops")
                .icon("https://x.example/i.png")
                .color(DescColor::Red),
        )
        .menu(ActionMenu::new("Mute", "mute").desc("more"))
        .task_id(TaskId::new("tk-1").unwrap())
        .desc("host a1")
        .quote(QuoteArea::new("91% used").title("log").target(page()))
        .emphasis("91%", "usage")
        .sub_title("Clean up today")
        .row(Row::member("Owner", "Li", member))
        .row(Row::link("Doc", "open", "https://x.example/doc"))
        .jump(Jump::new("Dashboard", page()));
    let image = CardImage::new("https://x.example/p.png").aspect_ratio(180);
    let news = NewsNotice::new("Town hall", image, page())
        .image_text(
            ImageText::new("https://x.example/s.png")
                .title("t")
                .desc("d")
                .target(page()),
        )
        .paragraph("When", "Fri 15:00")
        .row(Row::text("Room", "R1"));
    [text.build().unwrap(), news.build().unwrap()]
}

fn questions() -> [Card; 3] {
    let id = |id: &str| TaskId::new(id).unwrap();
    let cover = [Choice::new("u1", "Wang"), Choice::new("u2", "Zhao")];
    let buttons = ButtonInteraction::new(id("tk-b"), "Leave", Button::callback("Yes", "yes"))
        .button(Button::callback("No", "no").style(ButtonStyle::Two))
        .button(Button::link("More", "https://x.example/l"))
        .select(
            Select::new("q_cover", cover)
                .title("Cover by")
                .selected("u2"),
        );
    let food = Checkbox::new("q_food", VoteMode::Multiple)
        .ticked("a", "A")
        .choice("b", "B");
    let vote = VoteInteraction::new(id("tk-v"), "Lunch", food, SubmitButton::new("Send", "send"));
    let shift = Select::new("q_shift", [Choice::new("am", "Morning")]).title("Shift");
    let form = MultipleInteraction::new(
        id("tk-m"),
        "Shift",
        shift,
        SubmitButton::new("Send", "send"),
    );
    [
        buttons.build().unwrap(),
        vote.build().unwrap(),
        form.build().unwrap(),
    ]
}

#[tokio::test]
async fn every_kind_of_message_and_card_is_taken() {
    let (sandbox, client, member) = scene().await;
    let to = || Recipients::user(&*member).unwrap();
    let link = Link::Web {
        url: "https://x.example".into(),
    };
    let mut contents: Vec<Content> = vec![
        Text::new("你好").unwrap().into(),
        Markdown::new("**b**").unwrap().into(),
        TextCard::new("t", "d", "https://x.example")
            .unwrap()
            .button("打开")
            .unwrap()
            .into(),
        Content::news([Article::new("t", link).unwrap()]).unwrap(),
    ];
    let cards = notices(&member).into_iter().chain(questions());
    contents.extend(cards.map(|card| Content::card(card).unwrap()));
    for content in contents {
        let message = Message::new(to(), content).suppress_duplicates(Duration::from_secs(600));
        let sent = client.send(&message.unwrap()).await.unwrap();
        assert!(sent.invalid_users.is_empty());
        assert!(sent.msgid.is_some());
    }
    let mixed = Recipients::users([&*member, "nobody.here"]).unwrap();
    let sent = client
        .send(&Message::new(mixed, Text::new("x").unwrap()))
        .await
        .unwrap();
    assert_eq!(sent.invalid_users, ["nobody.here"]);
    client.recall(&sent.msgid.unwrap()).await.unwrap();
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn a_response_code_is_good_for_one_update() {
    let (sandbox, client, member) = scene().await;
    let [buttons, vote, form] = questions();
    let replacement = vote
        .clone()
        .into_replacement()
        .disabled()
        .replace_text("已提交")
        .unwrap();
    let notice = notices(&member)[1].clone();
    for (card, audience, update) in [
        (buttons, CardAudience::all(), None),
        (
            vote,
            CardAudience::users([&*member]).unwrap(),
            Some(replacement),
        ),
        (form, CardAudience::all(), Some(notice.into_replacement())),
    ] {
        let to = Recipients::user(&*member).unwrap();
        let sent = client
            .send(&Message::new(to, Content::card(card).unwrap()))
            .await
            .unwrap();
        let code = sent.response_code.unwrap();
        let update = match update {
            None => CardUpdate::button(code, audience, "已通过").unwrap(),
            Some(card) => CardUpdate::card(code, audience, card).unwrap(),
        };
        assert!(
            client
                .update_card(&update)
                .await
                .unwrap()
                .invalid_users
                .is_empty()
        );
        let spent = client.update_card(&update).await.unwrap_err();
        assert_eq!(spent.class(), Some(ErrorClass::ResponseCodeSpent));
    }
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn menu_media_tickets_and_the_application() {
    let (sandbox, client, _) = scene().await;
    assert_eq!(client.menu().await.unwrap(), None);
    let more = Entry::group("More", [MenuButton::view("Page", "https://x.example/")]);
    let menu = Menu::new([MenuButton::click("Today", "TODAY").into(), more]).unwrap();
    client.create_menu(&menu).await.unwrap();
    assert_eq!(client.menu().await.unwrap(), Some(menu));
    client.delete_menu().await.unwrap();

    let png = b"\x89PNG\r\n\x1A\n0123456789".as_slice();
    let file = MediaFile::new("群二维码.png", "image/png", png).unwrap();
    let uploaded = client.upload_media(MediaKind::Image, &file).await.unwrap();
    let downloaded = client.download_media(&uploaded.media_id).await.unwrap();
    assert_eq!(downloaded.bytes, png);
    assert_eq!(downloaded.filename.as_deref(), Some("群二维码.png"));
    let part = client.download_media_range(&uploaded.media_id, 0, 7);
    assert_eq!(part.await.unwrap().bytes, png[..8]);
    let picture = client.upload_picture(&file).await.unwrap();
    assert!(picture.starts_with(&sandbox.base_url()), "{picture}");
    let unknown = client.download_media("nothing").await.unwrap_err();
    assert_eq!(unknown.class(), Some(ErrorClass::MediaExpired));

    assert_eq!(client.agent().await.unwrap().agentid, client.agent_id());
    client.callback_ips().await.unwrap();
    client.api_ips().await.unwrap();
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn members_and_customer_groups() {
    let (sandbox, client, member) = scene().await;
    let user = client.user(&member).await.unwrap();
    let department = user.department[0];
    assert!(!client.users_in(department).await.unwrap().is_empty());
    assert!(!client.user_names_in(department).await.unwrap().is_empty());
    let openid = client.openid_of(&member).await.unwrap();
    assert_eq!(client.userid_of(&openid).await.unwrap(), member);
    let hidden = sandbox.wecom().members()[0].open_userid();
    let ids = client
        .robot_user_ids([&*hidden, "wo-nobody"])
        .await
        .unwrap();
    assert_eq!(
        (&*ids.known[0].userid, &*ids.unknown[0]),
        (&*member, "wo-nobody")
    );

    let page = client.external_chats(&ChatFilter::new(), "").await.unwrap();
    let chat_id = &page.chats[0].chat_id;
    assert!(
        !client
            .external_chat(chat_id)
            .await
            .unwrap()
            .members
            .is_empty()
    );
    let way = JoinWay::new(JoinScene::QrCode, [chat_id])
        .unwrap()
        .state("s1")
        .unwrap()
        .mark_source(true);
    let config_id = client.add_join_way(&way).await.unwrap();
    let info = client.join_way(&config_id).await.unwrap();
    assert!(info.qr_code.is_some() && info.mark_source);
    let grown = way.grow("群", 2).unwrap();
    client.update_join_way(&config_id, &grown).await.unwrap();
    client.delete_join_way(&config_id).await.unwrap();
    assert_no_violation(&sandbox);

    let refused = client.member_ids("").await.unwrap_err();
    assert!(
        refused.needs_admin(),
        "an application's secret is not enough"
    );
}

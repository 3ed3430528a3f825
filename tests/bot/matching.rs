//! `匹配`: who is who, asked on a card and decided once.

use campkeeper::domain::card::{Outcome, RefundDecided, RefundResult};
use campkeeper::domain::message::DecidedBy;
use campkeeper::domain::{Fen, RefundId, Timestamp};
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows;
use crate::stage::Stage;

const MING: i64 = 54_231_919_143_797;
const COCO: i64 = 81_179_376_462_529;

/// Two accounts, and a member of the camp whom the machine could not match: 小明同学 in WeChat.
async fn with_a_question(stage: &Stage, member: i64) {
    if member == 90 {
        for (account, number, name) in [(MING, 4805, "小明同学"), (COCO, 12, "小明同学·深圳")]
        {
            let known = rows::in_roster(account, name).member_number(number);
            stage.db.add((known, rows::ranked(account, name, 7))).await;
        }
    }
    let payment = rows::payment(member).wechat_nickname("小明同学");
    let who = rows::member(member)
        .unknown("小明同学", "failed")
        .confidence(40);
    let rows = (
        payment.bind_status("manual_required"),
        who.names_folded(" 小明同学"),
    );
    stage.db.add(rows).await;
}

async fn match_of(stage: &Stage, member: i64) -> String {
    let sql = format!(
        "SELECT match_status || ' ' || COALESCE(CAST(planet_user_id AS TEXT), '-') FROM camp_member \
         WHERE id = {member}"
    );
    stage.texts(&sql).await.concat()
}

fn option(stage: &Stage, person: &str, label: &str) -> Selections {
    let card = stage.card(person).card.unwrap();
    let question = &card.questions[0];
    let option = question
        .options
        .iter()
        .find(|option| option.text.contains(label));
    let option = option.unwrap_or_else(|| panic!("no {label}: {question:?}"));
    Selections::as_shown().choose(&question.key, [option.id.clone()])
}

on_both_engines! {
    async fn a_coach_says_who_it_is_and_everybody_sees_it(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        let said = stage.say("zhou.ke", "匹配 写作营").await;
        assert!(said.contains("微信名：小明同学") && said.contains("1 小明同学"), "{said}");
        assert!(said.contains("微信名与星球昵称相同"), "the evidence is in words: {said}");
        assert!(said.contains("/admin/members?campId=1"), "{said}");
        stage.say("lin.yue", "pp").await;

        let card = stage.card("zhou.ke");
        let shown = card.card.as_ref().unwrap();
        let labels: Vec<&str> =
            shown.questions[0].options.iter().map(|option| option.text.as_str()).collect();
        assert!(labels[0].starts_with("1 小明同学 ") && labels[0].ends_with('分'), "{labels:?}");
        assert_eq!(labels.last(), Some(&"以上都不是"));
        let chosen_beforehand = shown.questions[0].options.iter().find(|option| option.is_checked);
        let chosen_beforehand = &chosen_beforehand.unwrap().text;
        assert!(chosen_beforehand.starts_with("1 小明同学"), "nobody else comes into question");
        assert!(labels.iter().all(|label| label.chars().count() <= 16), "{labels:?}");

        let choice = option(&stage, "zhou.ke", "1 小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 90).await, format!("matched {MING}"));
        for person in ["zhou.ke", "lin.yue"] {
            let text = stage.card(person).text;
            assert!(text.contains("已匹配") && text.contains("周可"), "{person}: {text}");
        }
        let audited = stage.texts("SELECT action || ' ' || channel FROM operation_log").await;
        assert_eq!(audited, ["member.match card"]);

        stage.press("zhou.ke", "撤回").await;
        assert_eq!(match_of(&stage, 90).await, "pending -");
        assert!(stage.card("zhou.ke").text.contains("匹配已撤回"));
        // The code of the other card went with the decision: a text says it instead.
        assert!(stage.newest("lin.yue").contains("匹配已撤回"), "{}", stage.newest("lin.yue"));
        stage.assert_no_violation();
    }

    async fn who_comes_second_is_told_who_decided(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        stage.say("lin.yue", "匹配").await;
        stage.say("chen.an", "匹配").await;
        let wecom = stage.sandbox.wecom();
        let (first, second) =
            (option(&stage, "lin.yue", "1 小明"), option(&stage, "chen.an", "2 小明"));
        // Both choose before either is worked off.
        let (first, second) = tokio::join!(
            wecom.press_newest("lin.yue", "提交", &first),
            wecom.press_newest("chen.an", "提交", &second),
        );
        first.unwrap();
        second.unwrap();
        stage.settle().await;
        let by = stage
            .texts("SELECT actor_name FROM operation_log WHERE action = 'member.match'")
            .await;
        let [by] = by.as_slice() else {
            panic!("one decides: {by:?}");
        };
        let loser = if by == "林越" { "chen.an" } else { "lin.yue" };
        let said = stage.newest(loser);
        assert!(said.contains(by) && said.contains("确认"), "{said}");
        stage.assert_no_violation();
    }

    async fn what_the_console_decided_a_stale_card_does_not_change(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        stage.say("zhou.ke", "匹配").await;
        stage.run(&format!(
            "UPDATE camp_member SET match_status = 'matched', planet_user_id = {COCO}, \
             planet_nickname = '小明同学·深圳' WHERE id = 90;\n\
             UPDATE payment_record SET bind_status = 'completed', bind_method = 'manual' \
             WHERE id = 90"
        )).await;
        let moved = rows::MemberMove::default().member_id(90).from_status("failed").to_status("matched");
        stage.db.add(moved.operator("林越").operator_id(1)).await;
        let choice = option(&stage, "zhou.ke", "小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 90).await, format!("matched {COCO}"));
        let said = stage.newest("zhou.ke");
        assert!(said.contains("林越") && said.contains("小明同学·深圳"), "{said}");
        let shown = stage.card("zhou.ke").text;
        assert!(shown.contains("已匹配") && !shown.contains("撤回"), "it decided nothing: {shown}");
    }

    async fn a_contest_is_told_and_nobody_is_picked_beforehand(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        with_a_question(&stage, 91).await;
        stage.run(&format!(
            "UPDATE payment_record SET claimed_planet_id = '4805', claimed_nickname = '小明同学', \
             bind_status = 'completed' WHERE id IN (90, 91);\n\
             UPDATE camp_member SET match_status = 'pending', planet_user_id = {MING}, \
             match_reasons = '[\"编号与昵称和名册一致\",\"同一星球账号有多人认领，待人工确认\"]' \
             WHERE id IN (90, 91)"
        )).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("同一星球账号有多人认领") && said.contains("另有1笔付款"), "{said}");
        let card = stage.card("zhou.ke");
        assert!(card.text.contains("同一星球账号有多人认领"), "{}", card.text);
        let question = &card.card.unwrap().questions[0];
        let picked = question.options.iter().find(|option| option.is_checked).unwrap();
        assert_eq!(picked.text, "以上都不是", "{question:?}");
        stage.assert_no_violation();
    }

    async fn what_is_withdrawn_takes_no_other_decision_along(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        stage.say("lin.yue", "匹配").await;
        let choice = option(&stage, "lin.yue", "1 小明同学");
        stage.press_with("lin.yue", "提交", &choice).await;
        // Taken back on the console, asked again, and decided otherwise.
        stage.run(
            "UPDATE camp_member SET match_status = 'failed', planet_user_id = NULL WHERE id = 90;\n\
             UPDATE payment_record SET bind_status = 'manual_required' WHERE id = 90",
        ).await;
        stage.say("zhou.ke", "匹配").await;
        let choice = option(&stage, "zhou.ke", "2 小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        let before = stage.sandbox.wecom().inbox("lin.yue").len();
        stage.press("zhou.ke", "撤回").await;
        assert!(stage.card("zhou.ke").text.contains("匹配已撤回"));
        assert_eq!(match_of(&stage, 90).await, "pending -");
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), before, "not their decision");
        assert!(stage.card("lin.yue").text.contains("已匹配"));
    }

    async fn only_those_whom_nobody_has_looked_at_are_left(db) {
        let stage = Stage::set(db, 1).await;
        for member in [90, 91, 92] {
            with_a_question(&stage, member).await;
        }
        stage.say("zhou.ke", "匹配").await;
        let choice = option(&stage, "zhou.ke", "以上都不是");
        stage.press_with("zhou.ke", "提交", &choice).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("还有 1 位等待确认"), "{said}");
    }

    async fn none_of_these_goes_on_to_the_next(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        with_a_question(&stage, 91).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("还有 1 位"), "{said}");
        let choice = option(&stage, "zhou.ke", "以上都不是");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 90).await, "failed -");
        assert!(stage.card("zhou.ke").text.contains("以上都不是"));
        stage.press("zhou.ke", "下一位").await;
        assert!(stage.card("zhou.ke").text.contains("是哪位星球用户"));
        let choice = option(&stage, "zhou.ke", "以上都不是");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 91).await, "failed -");
        let said = stage.say("zhou.ke", "匹配 写作营").await;
        assert!(said.contains("还有 2 位") && said.contains("/admin/members"), "{said}");
        // By name the card comes once more.
        let found = stage.say("zhou.ke", "匹配 写作营 会员1").await;
        assert!(found.contains("会员1"), "{found}");
        stage.assert_no_violation();
    }

    async fn nobody_matches_in_a_camp_that_is_not_theirs(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        let said = stage.say("he.miao", "匹配 写作营").await;
        assert!(!said.contains("小明同学"), "{said}");
        let said = stage.say("he.miao", "匹配").await;
        assert!(said.contains("没有等待确认身份"), "{said}");
        let said = stage.say("xu.qing", "匹配 写作营").await;
        assert!(!said.contains("小明同学"), "a member hears of themselves: {said}");
        // A coach who no longer leads the camp has the card, and may not use it.
        stage.say("zhou.ke", "匹配 写作营").await;
        stage.run("DELETE FROM camp_member_relation WHERE user_id = 3").await;
        let choice = option(&stage, "zhou.ke", "小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 90).await, "failed -");
        assert!(stage.newest("zhou.ke").contains("没有这项权限"), "{}", stage.newest("zhou.ke"));
    }

    async fn nobody_waits_and_nobody_fits_are_said(db) {
        let stage = Stage::set(db, 1).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("没有等待确认身份"), "{said}");
        with_a_question(&stage, 91).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("没有找到相像的星球用户"), "{said}");
        let sent = stage.sandbox.wecom().inbox("zhou.ke");
        assert!(sent.iter().all(|message| message.card.is_none()), "nothing to choose, no card");
    }

    async fn those_with_somebody_to_choose_come_first_and_the_others_can_be_passed_over(db) {
        let stage = Stage::set(db, 1).await;
        for member in [80, 81] {
            with_a_question(&stage, member).await;
            stage.run(&format!(
                "UPDATE camp_member SET wechat_nickname = '夏天的风' WHERE id = {member};\n\
                 UPDATE payment_record SET wechat_nickname = '夏天的风' WHERE id = {member}"
            )).await;
        }
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("没有找到相像") && said.contains(&format!("ord_{:026}", 80)), "{said}");
        stage.press("zhou.ke", "下一位").await;
        let texts: Vec<String> =
            stage.sandbox.wecom().inbox("zhou.ke").iter().map(|m| m.text.clone()).collect();
        assert!(texts.iter().any(|text| text.contains(&format!("ord_{:026}", 81))), "{texts:?}");

        with_a_question(&stage, 90).await;
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("1 小明同学"), "{said}");
        let choice = option(&stage, "zhou.ke", "以上都不是");
        stage.press_with("zhou.ke", "提交", &choice).await;
        // Nobody resembles the two: what nobody claims is offered, without a score.
        let said = stage.say("zhou.ke", "匹配").await;
        assert!(said.contains("还没有人认领的账号") && said.contains("小明同学"), "{said}");
        let choice = option(&stage, "zhou.ke", "1 小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert!(match_of(&stage, 80).await.starts_with("matched "), "{}", match_of(&stage, 80).await);
        stage.assert_no_violation();
    }

    async fn namesakes_are_told_apart_on_a_card(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        with_a_question(&stage, 91).await;
        stage.say("zhou.ke", "匹配 写作营 小明同学").await;
        let card = stage.card("zhou.ke");
        assert!(card.text.contains("有几位“小明同学”"), "{}", card.text);
        let choice = option(&stage, "zhou.ke", "0091");
        stage.press_with("zhou.ke", "看这一位", &choice).await;
        let asked = stage.card("zhou.ke");
        assert!(asked.text.contains("是哪位星球用户"), "{}", asked.text);
        let choice = option(&stage, "zhou.ke", "1 小明同学");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 91).await, format!("matched {MING}"));
        assert_eq!(match_of(&stage, 90).await, "failed -");
        stage.assert_no_violation();
    }

    /// What people chose to be called can neither empty a card, nor turn it, nor make two accounts
    /// look like one; and what is decided is never said not to be.
    async fn whatever_an_account_is_called_it_can_be_chosen(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        let called = |account: i64, name: &str| format!(
            "UPDATE planet_user SET nickname = '{name}' WHERE planet_user_id = {account};\n\
             UPDATE sync_ranking SET nickname = '{name}' WHERE planet_user_id = {account}"
        );
        stage.run(&called(MING, "\u{3000}\u{3164}\u{2800}")).await;
        stage.run(&called(COCO, "\u{202e}\u{200b}")).await;
        let said = stage.say("zhou.ke", "匹配 写作营").await;
        assert!(said.contains("尾号3797") && said.contains("尾号2529"), "{said}");
        assert!(!said.contains(['\u{202e}', '\u{200b}', '\u{3164}']), "{said:?}");

        let choice = option(&stage, "zhou.ke", "尾号3797");
        stage.press_with("zhou.ke", "提交", &choice).await;
        assert_eq!(match_of(&stage, 90).await, format!("matched {MING}"));
        let text = stage.card("zhou.ke").text;
        assert!(text.contains("已匹配") && text.contains("尾号3797"), "{text}");
        stage.press("zhou.ke", "撤回").await;
        assert_eq!(match_of(&stage, 90).await, "pending -");
        let all = stage.sandbox.wecom().inbox("zhou.ke");
        assert!(all.iter().all(|message| !message.text.contains("没有办成")));

        stage.run(&called(MING, "小明")).await;
        stage.run(&called(COCO, "小\u{200b}明")).await;
        stage.say("zhou.ke", "匹配 写作营 小明同学").await;
        option(&stage, "zhou.ke", "小明·3797");
        option(&stage, "zhou.ke", "小明·2529");
        stage.assert_no_violation();
    }

    /// A card that cannot be drawn: its outcome is another kind's.
    async fn what_is_decided_is_told_in_words_where_its_card_cannot_be_drawn(db) {
        let stage = Stage::set(db, 1).await;
        with_a_question(&stage, 90).await;
        for decider in ["lin.yue", "chen.an"] {
            stage.say("lin.yue", "匹配").await;
            let choice = option(&stage, "lin.yue", "1 小明");
            let pressed = stage.sandbox.wecom().press_newest("lin.yue", "提交", &choice).await;
            pressed.unwrap();
            let outcome = Outcome::Refund(RefundDecided {
                made: DecidedBy { by: "陈安".to_owned(), at: Timestamp::from_micros(0) },
                refund: RefundId(1),
                amount: Fen::new(9900).unwrap(),
                result: RefundResult::Withdrawn,
            });
            let outcome = serde_json::to_string(&outcome).unwrap();
            stage.run(&format!(
                "UPDATE bot_card SET state = 'decided', outcome_version = 1, outcome = '{outcome}', \
                 decided_by = (SELECT id FROM system_user WHERE wecom_userid = '{decider}') \
                 WHERE state = 'open' AND kind = 'match'"
            )).await;
            stage.settle().await;
            let said = stage.newest("lin.yue");
            assert!(said.contains("陈安") && said.contains("撤回"), "{decider}: {said}");
            assert!(!said.contains("没有办成"), "{decider}: {said}");
        }
        stage.assert_no_violation();
    }
}

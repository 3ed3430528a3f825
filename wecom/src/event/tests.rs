use super::*;

/// An inner document: the common elements around what a case adds.
fn inbound(rest: &str) -> Inbound {
    let xml = format!(
        "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName>\
         <FromUserName><![CDATA[li.lei]]></FromUserName>\
         <CreateTime>1767225600</CreateTime>{rest}</xml>"
    );
    Inbound::parse(xml).unwrap()
}

fn event(rest: &str) -> Event {
    match inbound(&format!("<MsgType><![CDATA[event]]></MsgType>{rest}")).body {
        Body::Event(event) => event,
        Body::Message(message) => panic!("a message: {message:?}"),
    }
}

#[test]
fn the_samples_of_the_reference_parse() {
    let mut seen = Vec::new();
    for line in include_str!("samples.xml")
        .lines()
        .filter(|line| !line.is_empty())
    {
        let inbound = inbound(line);
        seen.push((inbound.agent_id, inbound.body));
    }
    insta::assert_debug_snapshot!(seen);
}

#[test]
fn a_card_answer_is_found_by_question() {
    let Event::TemplateCard(click) = event(
        "<Event>TEMPLATE_card_event</Event><SelectedItems><SelectedItem>\
         <QuestionKey>q</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId/>\
         <OptionId>b</OptionId></OptionIds></SelectedItem></SelectedItems>",
    ) else {
        panic!("not a card event")
    };
    assert_eq!(click.selected("q"), ["a", "b"]);
    assert!(click.selected("other").is_empty());
    assert_eq!(click.card_type, None);
}

#[test]
fn what_every_message_has_is_required() {
    let full = [
        ("ToUserName", "ww"),
        ("FromUserName", "u"),
        ("CreateTime", "1"),
        ("MsgType", "event"),
        ("Event", "click"),
    ];
    for (missing, _) in full {
        let rest: String = full
            .iter()
            .filter(|(name, _)| *name != missing)
            .map(|(name, value)| format!("<{name}>{value}</{name}>"))
            .collect();
        let error = Inbound::parse(format!("<xml>{rest}</xml>")).unwrap_err();
        assert_eq!(error, ContentError::Missing(missing));
    }
}

#[test]
fn numbers_that_matter_are_checked() {
    let parse = |time: &str, agent: &str| {
        Inbound::parse(format!(
            "<xml><ToUserName>w</ToUserName><FromUserName>u</FromUserName><MsgType>text</MsgType>\
             <CreateTime>{time}</CreateTime><AgentID>{agent}</AgentID></xml>"
        ))
        .map(|inbound| inbound.agent_id)
    };
    assert_eq!(parse("1", "1000002"), Ok(Some(1_000_002)));
    assert_eq!(parse("1", ""), Ok(None));
    assert_eq!(parse("1", "x"), Err(ContentError::Number("AgentID")));
    assert_eq!(parse("soon", ""), Err(ContentError::Number("CreateTime")));
}

#[test]
fn unknown_kinds_keep_their_fields() {
    let inbound =
        inbound("<MsgType>event</MsgType><Event>new_thing</Event><Deep><A>1</A><A>2</A></Deep>");
    assert_eq!(
        inbound.body,
        Body::Event(Event::Other {
            name: "new_thing".to_owned()
        })
    );
    let deep = inbound.fields().element("Deep").unwrap();
    assert_eq!(
        deep.children()
            .map(|child| child.text())
            .collect::<Vec<_>>(),
        ["1", "2"]
    );
}

#[test]
fn the_dedupe_key_tells_apart_what_differs() {
    let base = "<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>k</EventKey>\
                <TaskId>t</TaskId><ResponseCode>r</ResponseCode><AgentID>1</AgentID>";
    let key = inbound(base).dedupe_key();
    assert_eq!(key.len(), 42);
    assert_eq!(
        key,
        inbound(base).dedupe_key(),
        "a re-delivery has the same key"
    );
    let upper = base.replace("template_card_event", "TEMPLATE_CARD_EVENT");
    assert_eq!(
        key,
        inbound(&upper).dedupe_key(),
        "event names have no case"
    );
    for (from, to) in [
        ("<EventKey>k<", "<EventKey>l<"),
        ("<TaskId>t<", "<TaskId>u<"),
        ("<ResponseCode>r<", "<ResponseCode>s<"),
        ("<AgentID>1<", "<AgentID>2<"),
        (
            "<AgentID>1</AgentID>",
            "<AgentID>1</AgentID><ChangeType>c</ChangeType>",
        ),
        (
            "<AgentID>1</AgentID>",
            "<AgentID>1</AgentID><ChatId>c</ChatId>",
        ),
        (
            "<AgentID>1</AgentID>",
            "<AgentID>1</AgentID><BatchJob><JobId>c</JobId></BatchJob>",
        ),
        ("<TaskId>t</TaskId>", "<UserID>t</UserID>"),
    ] {
        assert_ne!(key, inbound(&base.replace(from, to)).dedupe_key(), "{to}");
    }
    let message = inbound("<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId>");
    let same_id = inbound("<MsgType>text</MsgType><Content>b</Content><MsgId>1</MsgId>");
    let other_id = inbound("<MsgType>text</MsgType><Content>a</Content><MsgId>2</MsgId>");
    assert_eq!(message.dedupe_key(), same_id.dedupe_key());
    assert_ne!(message.dedupe_key(), other_id.dedupe_key());
}

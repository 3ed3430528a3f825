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

/// Fields that no `Debug`, and so no snapshot, shows.
#[test]
fn the_hidden_parts_of_the_messages_among_the_samples_parse() {
    let samples: Vec<_> = include_str!("samples.xml").lines().map(inbound).collect();
    let message = |index: usize| match &samples[index].body {
        Body::Message(message) => message.content.clone(),
        Body::Event(event) => panic!("an event: {event:?}"),
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(message(0), Content::Text(text("order 42?")));
    let (pic_url, media_id) = (text("https://pic.example/a"), text("mid1"));
    assert_eq!(message(1), Content::Image { pic_url, media_id });
    let (media_id, format) = (text("mid2"), text("amr"));
    assert_eq!(message(2), Content::Voice { media_id, format });
    let (media_id, thumb_media_id) = (text("mid3"), text("mid4"));
    assert_eq!(
        message(3),
        Content::Video {
            media_id,
            thumb_media_id
        }
    );
    let place = LocationMessage {
        latitude: Some(31.23),
        longitude: Some(121.473),
        scale: Some(15),
        label: text("Bund"),
    };
    assert_eq!(message(4), Content::Location(place));
    let link = LinkMessage {
        title: text("t"),
        description: text("d"),
        url: text("https://x.example"),
        pic_url: text("https://x.example/c.png"),
    };
    assert_eq!(message(5), Content::Link(link));
}

#[test]
fn the_hidden_parts_of_the_events_among_the_samples_parse() {
    let samples: Vec<_> = include_str!("samples.xml").lines().map(inbound).collect();
    let text = |text: &str| text.to_owned();
    let mut found = 0;
    for inbound in &samples {
        let Body::Event(event) = &inbound.body else {
            continue;
        };
        found += 1;
        match event {
            Event::Location(at) => assert_eq!(
                (
                    at.latitude,
                    at.longitude,
                    at.precision_m,
                    at.app_type.as_deref()
                ),
                (Some(31.23), Some(121.47), Some(40.0), Some("wxwork"))
            ),
            Event::LocationSelect(at) => assert_eq!(
                (&*at.key, at.latitude, at.longitude, at.scale),
                ("LOC", Some(31.23), Some(121.47), Some(15))
            ),
            Event::ScancodeWait(code) => assert_eq!(
                (&*code.key, &*code.scan_type, &*code.result),
                ("SCAN", "qrcode", "A-17")
            ),
            Event::TemplateCard(click) => assert_eq!(click.response_code, Some("rc_abc".into())),
            Event::TemplateCardMenu(click) => assert_eq!(click.response_code, Some("rc_m".into())),
            Event::ChangeExternalContact(CustomerChange::Add { welcome_code, .. }) => {
                assert_eq!(*welcome_code, Some("wc".into()));
            }
            Event::ChangeContact(ContactChange::UpdateUser(user)) => assert_eq!(
                (
                    &*user.user_id,
                    user.new_user_id.as_deref(),
                    &*user.departments
                ),
                ("li.lei", Some("lilei"), &[1, 2][..])
            ),
            Event::ChangeContact(ContactChange::CreateUser(user)) => {
                assert_eq!(
                    (user.name.as_deref(), user.main_department),
                    (Some("Han"), Some(1))
                );
                assert_eq!((&*user.departments, user.status), (&[1, 2][..], Some(1)));
                assert_eq!(user.is_leader_in_dept, [true, false]);
                assert_eq!(user.direct_leaders, ["li.lei"]);
                let (title, url) = (text("p"), text("https://x.example"));
                let values = user.extended_attributes.iter();
                assert_eq!(
                    values
                        .map(|field| (&*field.name, &field.value))
                        .collect::<Vec<_>>(),
                    [
                        ("Hobby", &ExtendedValue::Text(text("Go"))),
                        ("Page", &ExtendedValue::Web { title, url })
                    ]
                );
            }
            _ => found -= 1,
        }
    }
    assert_eq!(found, 8);
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
fn only_what_decides_is_required() {
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
        let inbound = Inbound::parse(format!("<xml>{rest}</xml>"));
        assert!(matches!(inbound.unwrap().body, Body::Event(_)), "{missing}");
    }
    let neither = Inbound::parse("<xml><FromUserName>u</FromUserName></xml>".to_owned());
    assert_eq!(neither.unwrap_err(), ContentError::Missing("MsgType"));
}

#[test]
fn an_event_that_names_no_sender_is_one() {
    let xml = "<xml><ToUserName>ww</ToUserName><CreateTime>1348831860</CreateTime>\
               <MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>t</Token>\
               <OpenKfId>wk1</OpenKfId></xml>";
    let inbound = Inbound::parse(xml.to_owned()).unwrap();
    let name = "kf_msg_or_event".to_owned();
    assert_eq!(inbound.body, Body::Event(Event::Other { name }));
    assert_eq!(
        (&*inbound.from_user, inbound.created_at_s),
        ("", Some(1_348_831_860))
    );
    assert_eq!(inbound.fields().get("OpenKfId"), Some("wk1"));
    let mangled = xml.replace("<Token>", "<FromUserName>li\u{fffd}</FromUserName><Token>");
    assert_eq!(
        Inbound::parse(mangled).unwrap().from_user,
        "",
        "an id is never mended"
    );
}

#[test]
fn numbers_that_cannot_be_read_are_absent() {
    let parse = |time: &str, agent: &str| {
        Inbound::parse(format!(
            "<xml><ToUserName>w</ToUserName><FromUserName>u</FromUserName><MsgType>text</MsgType>\
             <CreateTime>{time}</CreateTime><AgentID>{agent}</AgentID></xml>"
        ))
        .map(|inbound| (inbound.created_at_s, inbound.agent_id))
    };
    assert_eq!(parse("1", "1000002"), Ok((Some(1), Some(1_000_002))));
    assert_eq!(parse("1", ""), Ok((Some(1), None)));
    assert_eq!(parse("soon", "x"), Ok((None, None)), "not worth a refusal");
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

#[test]
fn events_that_name_no_subject_are_told_apart_by_what_they_say() {
    let key = |rest: &str| {
        let event = format!("<MsgType>event</MsgType><AgentID>1</AgentID>{rest}");
        inbound(&event).dedupe_key()
    };
    let scan = |result: &str| {
        format!(
            "<Event>scancode_push</Event><EventKey>SCAN</EventKey>\
             <ScanCodeInfo><ScanResult>{result}</ScanResult></ScanCodeInfo>"
        )
    };
    let approval = |number: &str| {
        format!(
            "<Event>open_approval_change</Event>\
             <ApprovalInfo><ThirdNo>{number}</ThirdNo></ApprovalInfo>"
        )
    };
    assert_eq!(key(&scan("a")), key(&scan("a")), "a re-delivery");
    assert_ne!(key(&scan("a")), key(&scan("b")));
    assert_eq!(key(&approval("1")), key(&approval("1")), "a re-delivery");
    assert_ne!(key(&approval("1")), key(&approval("2")));
    let named = "<Event>template_card_event</Event><ResponseCode>r</ResponseCode>";
    assert_ne!(
        key(named),
        key(&format!("{named}<New>1</New>")),
        "whatever the platform adds"
    );
    let other_form =
        "<ResponseCode> <![CDATA[r]]> </ResponseCode>\n<Event>TEMPLATE_CARD_EVENT</Event>";
    assert_eq!(
        key(named),
        key(other_form),
        "how it is written does not count"
    );
}

/// Two events of one second that differ in one field that no list of fields named.
#[test]
fn every_field_of_an_event_tells_it_apart() {
    let key = |rest: &str| inbound(&format!("<MsgType>event</MsgType>{rest}")).dedupe_key();
    for (event, one, other) in [
        (
            "<Event>customer_acquisition</Event><ChangeType>friend_request</ChangeType>",
            "<LinkId>cawcdea7783d7330c1</LinkId>",
            "<LinkId>cawcdea7783d7330c2</LinkId>",
        ),
        (
            "<Event>wedrive</Event><ChangeType>delete_file</ChangeType>",
            "<FileId>f1</FileId>",
            "<FileId>f2</FileId>",
        ),
        (
            "<Event>smart_sheet</Event><ChangeType>update_record</ChangeType><DocId>d</DocId>",
            "<SheetId>s</SheetId><RecordId>r1</RecordId>",
            "<SheetId>s</SheetId><RecordId>r2</RecordId>",
        ),
        (
            "<Event>meeting_change</Event><ChangeType>start_meeting</ChangeType>",
            "<MeetingId>m1</MeetingId>",
            "<MeetingId>m2</MeetingId>",
        ),
        (
            "<Event>change_contact</Event><ChangeType>update_tag</ChangeType><TagId>1</TagId>",
            "<AddUserItems>a,b</AddUserItems>",
            "<AddUserItems>a,c</AddUserItems>",
        ),
        (
            "<Event>change_external_chat</Event><ChangeType>update</ChangeType><ChatId>wr1</ChatId>\
            <UpdateDetail>add_member</UpdateDetail>",
            "<MemChangeList><Item>wm1</Item></MemChangeList>",
            "<MemChangeList><Item>wm2</Item></MemChangeList>",
        ),
        (
            "<Event>x</Event>",
            "<A><B>1</B></A><C/>",
            "<A/><C><B>1</B></C>",
        ),
        ("<Event>x</Event>", "<A>1</A><A>2</A>", "<A>2</A><A>1</A>"),
    ] {
        let (one, other) = (format!("{event}{one}"), format!("{event}{other}"));
        assert_eq!(key(&one), key(&one), "a re-delivery");
        assert_ne!(key(&one), key(&other), "{other}");
    }
}

#[test]
fn a_place_without_coordinates_has_none() {
    let Event::Location(at) = event(
        "<Event>LOCATION</Event><Latitude>nan</Latitude>\
         <Longitude>inf</Longitude><Precision>-infinity</Precision>",
    ) else {
        panic!("not a place")
    };
    assert_eq!(
        (at.latitude, at.longitude, at.precision_m),
        (None, None, None)
    );
}

//! The application's passive replies (wecom-app §1.6, §3): opened, checked, and shown on the phone of
//! whoever caused the callback.
//!
//! Whether the platform heeds an update in reply to a click is not certain (wecom-app §14); here it
//! does, so that such an application can be tried.

use serde_json::{Value, json};

use super::{
    Wecom,
    card::{self, Purpose},
    content::TEXT_BYTES,
    delivery::{Door, Outgoing},
    fields::Fields,
    message::Author,
    notes::Notes,
    refusal::Refusal,
    update::{self, Change},
    xml::Element,
};
use crate::faults::Platform;

impl Wecom {
    /// Reads a passive reply: empty is none; what it says or changes shows in the chat.
    pub(super) fn apply_reply(
        &self,
        outgoing: &Outgoing,
        clicked: Option<&str>,
        body: &str,
    ) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        let request = format!("reply to {}", outgoing.kind);
        let violations = &self.world().violations;
        let (xml, reply) = match self.open_passive(body) {
            Ok(opened) => opened,
            Err(problem) => {
                let rule = "a passive reply is empty, or encrypted and signed XML";
                violations.record(Platform::Wecom, request, rule, problem);
                return None;
            }
        };
        let notes = Notes::default();
        let applied = self.apply(outgoing, clicked, &reply, &notes);
        for (rule, detail) in notes.take() {
            violations.record(Platform::Wecom, request.as_str(), rule, detail);
        }
        if let Err(refusal) = applied {
            violations.record(Platform::Wecom, request, refusal.message, "nobody sees it");
        }
        Some(xml)
    }

    /// The plaintext, and what it says.
    fn open_passive(&self, body: &str) -> Result<(String, Element), String> {
        let envelope = Element::parse(body)?;
        let part = |name| {
            let text = envelope.get(name);
            text.ok_or_else(|| format!("no {name} in the reply"))
        };
        let encrypted = part("Encrypt")?;
        let keys = self.keys(Door::App);
        keys.verify(
            part("MsgSignature")?,
            part("TimeStamp")?,
            part("Nonce")?,
            encrypted,
        )
        .map_err(|error| error.to_string())?;
        let plaintext = keys.decrypt(encrypted).map_err(|error| error.to_string())?;
        let xml = String::from_utf8(plaintext).map_err(|error| error.to_string())?;
        let reply = Element::parse(&xml)?;
        Ok((xml, reply))
    }

    fn apply(
        &self,
        outgoing: &Outgoing,
        clicked: Option<&str>,
        reply: &Element,
        notes: &Notes,
    ) -> Result<(), Refusal> {
        check_frame(&self.app().corp_id, &outgoing.userid, reply)?;
        let msgtype = required(reply, "MsgType")?;
        match msgtype {
            "text" => {
                let content = shown_text(required(reply, "Content")?, notes);
                self.show(
                    &outgoing.userid,
                    Author::App,
                    "text",
                    json!({ "content": content }),
                );
            }
            "image" | "voice" | "video" => {
                let content = self.media_of(msgtype, reply, notes)?;
                self.show(&outgoing.userid, Author::App, msgtype, content);
            }
            "news" => {
                let articles = articles(reply, notes)?;
                let content = json!({ "articles": articles });
                self.show(&outgoing.userid, Author::App, "news", content);
            }
            "update_button" => {
                let button = reply.child("Button").cloned().unwrap_or_default();
                let name = required(&button, "ReplaceName")?.to_owned();
                self.change_clicked(&outgoing.userid, clicked, &Change::Button(name))?;
            }
            "update_template_card" => {
                let element = reply.child("TemplateCard").cloned().unwrap_or_default();
                let card = card::card_of(&element);
                let object = card.as_object().cloned().unwrap_or_default();
                let fields = Fields::new(&object, "TemplateCard".to_owned(), notes);
                card::check(&fields, Purpose::Update)?;
                self.change_clicked(&outgoing.userid, clicked, &Change::Card(card))?;
            }
            other => {
                let rule = format!("a passive reply of a known MsgType, not {other}");
                return Err(Refusal::broken(40008, rule));
            }
        }
        Ok(())
    }

    /// Changes the clicked card for the person who clicked.
    fn change_clicked(
        &self,
        userid: &str,
        clicked: Option<&str>,
        change: &Change,
    ) -> Result<(), Refusal> {
        let no_card = || Refusal::broken(42016, "a card is updated in reply to a click on it");
        let mut state = self.state();
        let message = state
            .message_mut(clicked.ok_or_else(no_card)?)
            .ok_or_else(no_card)?;
        update::check_change(message, change)?;
        update::apply(message, change, &[userid.to_lowercase()].into());
        drop(state);
        self.tell_waiters();
        Ok(())
    }

    fn media_of(&self, msgtype: &str, reply: &Element, notes: &Notes) -> Result<Value, Refusal> {
        let element = match msgtype {
            "image" => "Image",
            "voice" => "Voice",
            _ => "Video",
        };
        let media = reply.child(element).cloned().unwrap_or_default();
        let media_id = required(&media, "MediaId")?;
        let now = self.world().clock.wall_now();
        let is_known = self
            .state()
            .media
            .get(media_id)
            .is_some_and(|kept| kept.is_of_app(msgtype, now));
        if !is_known {
            let rule = format!("{element}.MediaId is an uploaded {msgtype} of the last 3 days");
            return Err(Refusal::broken(40007, rule));
        }
        note_bytes(&media, "Title", 128, notes);
        note_bytes(&media, "Description", 512, notes);
        Ok(json!({
            "media_id": media_id, "title": media.get("Title"), "description": media.get("Description"),
        }))
    }
}

/// Direction and time: back to the sender, from the corp.
fn check_frame(corp_id: &str, userid: &str, reply: &Element) -> Result<(), Refusal> {
    if !required(reply, "ToUserName")?.eq_ignore_ascii_case(userid) {
        return Err(Refusal::broken(
            40058,
            "ToUserName is who caused the callback",
        ));
    }
    if required(reply, "FromUserName")? != corp_id {
        return Err(Refusal::broken(40058, "FromUserName is the CorpID"));
    }
    let is_time = required(reply, "CreateTime")?.parse::<i64>().is_ok();
    is_time
        .then_some(())
        .ok_or_else(|| Refusal::broken(40058, "CreateTime is in Unix seconds"))
}

fn required<'a>(element: &'a Element, name: &str) -> Result<&'a str, Refusal> {
    element
        .get(name)
        .ok_or_else(|| Refusal::broken(40063, format!("{name} is required in a passive reply")))
}

/// Text as the person sees it: what is too long is cut.
fn shown_text<'a>(text: &'a str, notes: &Notes) -> &'a str {
    if text.len() <= TEXT_BYTES {
        return text;
    }
    notes.note(
        format!("Content <= {TEXT_BYTES} bytes"),
        format!("{} bytes, cut silently", text.len()),
    );
    text.split_at(text.floor_char_boundary(TEXT_BYTES)).0
}

fn note_bytes(element: &Element, name: &str, most: usize, notes: &Notes) {
    let bytes = element.get(name).map_or(0, str::len);
    if bytes > most {
        notes.note(format!("{name} <= {most} bytes"), format!("{bytes} bytes"));
    }
}

/// One to eight articles, and their right number before them.
fn articles(reply: &Element, notes: &Notes) -> Result<Vec<Value>, Refusal> {
    let list = reply.child("Articles").cloned().unwrap_or_default();
    let stated = required(reply, "ArticleCount")?.parse();
    if stated != Ok(list.children.len()) || !(1..=8).contains(&list.children.len()) {
        return Err(Refusal::broken(
            45008,
            "ArticleCount counts 1 to 8 articles",
        ));
    }
    let shown = list.children.iter().map(|article| {
        note_bytes(article, "Title", 128, notes);
        note_bytes(article, "Description", 512, notes);
        Ok(json!({
            "title": required(article, "Title")?, "description": article.get("Description"),
            "picurl": article.get("PicUrl"), "url": article.get("Url"),
        }))
    });
    shown.collect()
}

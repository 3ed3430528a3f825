//! Welcomes, cards and their updates (wecom-bots-h5 §1.6, §1.7).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    Question,
    chats::{Feedback, Said},
    robot_reply::Reply,
    snapshot::{CONTENT_BYTES, feedback_id},
};
use crate::wecom::{
    Wecom,
    card::{self, Purpose},
    fields::Fields,
    message::{Card, View},
    refusal::Refusal,
};

impl Wecom {
    /// Text or a card.
    pub(super) fn welcome(&self, question: &Question, reply: &Reply<'_>) -> Result<(), Refusal> {
        let fields = &reply.fields;
        let msgtype = fields.required_text("msgtype", 40008)?;
        let (content, card) = match msgtype {
            "text" => {
                fields.only(&["msgtype", "text"]);
                let text = fields.required_object("text", 40063)?;
                text.only(&["content"]);
                text.at_most_bytes("content", CONTENT_BYTES, 40058)?;
                (text.required_text("content", 44004)?.to_owned(), None)
            }
            "template_card" => {
                reply.only(false, true);
                (String::new(), self.card_of(true, reply)?)
            }
            other => {
                let rule =
                    format!("enter_chat is answered with text or template_card, not {other}");
                return Err(Refusal::broken(40008, rule));
            }
        };
        let (card, feedback_id) = card.unzip();
        let now = self.world().clock.now();
        let mut state = self.state();
        let number = state.next_number();
        state.smart_robot.keep(Said {
            content,
            card,
            feedback: feedback_id.flatten().map(|id| Feedback { id, kind: None }),
            ..Said::new(number, now, &question.chat, None, msgtype)
        });
        Ok(())
    }

    /// The clicked card as it shall be, for some or for all who see it.
    pub(super) fn update_robot_card(
        &self,
        message_id: &str,
        task_id: &str,
        reply: &Reply<'_>,
    ) -> Result<(), Refusal> {
        let fields = &reply.fields;
        fields.only(&["response_type", "userids", "template_card"]);
        if fields.text("response_type")? != Some("update_template_card") {
            let rule = "a click is answered with response_type update_template_card";
            return Err(Refusal::broken(40008, rule));
        }
        let userids = fields.texts("userids")?;
        let card_fields = fields.required_object("template_card", 40063)?;
        card::check(&card_fields, Purpose::SmartRobotUpdate)?;
        if card_fields.text("task_id")?.unwrap_or_default() != task_id {
            return Err(Refusal::broken(
                42014,
                "task_id is that of the clicked card",
            ));
        }
        let feedback_id = feedback_id(&card_fields)?;
        let view = View {
            json: reply.json.get("template_card").cloned().unwrap_or_default(),
            replaced_button: None,
        };
        let mut state = self.state();
        let Some(said) = state.smart_robot.said_mut(message_id) else {
            return Ok(());
        };
        said.feedback = feedback_id.map(|id| Feedback { id, kind: None });
        if let Some(card) = &mut said.card {
            if userids.is_empty() {
                card.replaced.clear();
                card.original = view;
            } else {
                for userid in userids {
                    card.replaced.insert(userid.to_lowercase(), view.clone());
                }
            }
        }
        Ok(())
    }

    /// The card of a reply, if it is to have one.
    pub(super) fn card_of(
        &self,
        has_card: bool,
        reply: &Reply<'_>,
    ) -> Result<Option<(Card, Option<String>)>, Refusal> {
        if !has_card {
            return Ok(None);
        }
        self.new_robot_card(&reply.fields, reply.json).map(Some)
    }

    /// A new card with its feedback id. Its task id was never used by this robot before.
    pub(super) fn new_robot_card(
        &self,
        fields: &Fields<'_>,
        json: &Map<String, Value>,
    ) -> Result<(Card, Option<String>), Refusal> {
        let card_fields = fields.required_object("template_card", 40063)?;
        let calls_back = card::check(&card_fields, Purpose::SmartRobot)?;
        let task_id = card_fields.text("task_id")?.unwrap_or_default().to_owned();
        let is_new =
            task_id.is_empty() || self.state().smart_robot.task_ids.insert(task_id.clone());
        if !is_new {
            return Err(Refusal::broken(42014, "task_id was used before"));
        }
        let card = Card {
            calls_back,
            task_id,
            original: View {
                json: json.get("template_card").cloned().unwrap_or_default(),
                replaced_button: None,
            },
            replaced: HashMap::new(),
        };
        Ok((card, feedback_id(&card_fields)?))
    }
}

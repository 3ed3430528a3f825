//! A button of one of the robot's cards is pressed (wecom-bots-h5 §1.5).

use serde_json::{Map, Value, json};

use super::{About, RobotChat};
use crate::wecom::{
    Wecom,
    delivery::Delivery,
    people::{PressError, Selections, chosen, pressable},
    shown::{ShownButton, ShownCard, shown_card},
};

impl Wecom {
    /// The member presses a button of a card of the robot: by label, key, or the last part of a
    /// dotted key. Waits until the application has been told.
    ///
    /// # Errors
    /// [`PressError`] when the client would not let them.
    pub async fn press_robot_card(
        &self,
        userid: &str,
        message_id: &str,
        label_or_key: &str,
        selections: &Selections,
    ) -> Result<Delivery, PressError> {
        let (chat, card) = self.robot_card(userid, message_id)?;
        let button = pressable(&card, label_or_key)?;
        let answers = chosen(&card, button, selections)?;
        let event = event(&card, button, &answers);
        let mut json = self.robot_event(userid, &chat, "template_card_event", event);
        // In a group the answer to a click quotes nothing (wecom-bots-h5 §1.8).
        json.insert(
            "response_url".to_owned(),
            json!(self.response_url(&chat, None)),
        );
        let about = About::Click {
            message_id: message_id.to_owned(),
            task_id: card.task_id.clone(),
        };
        let called = self.call_robot("template_card_event", userid, &chat, about, json);
        Ok(called.await)
    }

    fn robot_card(
        &self,
        userid: &str,
        message_id: &str,
    ) -> Result<(RobotChat, ShownCard), PressError> {
        let state = self.state();
        let robot = &state.smart_robot;
        let said = robot
            .said(message_id)
            .filter(|said| robot.is_in(&said.chat, userid))
            .ok_or(PressError::UnknownMessage)?;
        let card = said.card.as_ref().ok_or(PressError::NotACard)?;
        let shown = shown_card(&card.task_id, card.view(userid));
        Ok((said.chat.clone(), shown))
    }
}

fn event(card: &ShownCard, button: &ShownButton, answers: &[(String, Vec<String>)]) -> Value {
    let mut event = Map::from_iter([
        ("card_type".to_owned(), json!(card.card_type)),
        ("event_key".to_owned(), json!(button.key)),
        ("task_id".to_owned(), json!(card.task_id)),
    ]);
    if !answers.is_empty() {
        let items = answers
            .iter()
            .map(|(key, ids)| json!({ "question_key": key, "option_ids": { "option_id": ids } }));
        let items: Vec<Value> = items.collect();
        event.insert(
            "selected_items".to_owned(),
            json!({ "selected_item": items }),
        );
    }
    Value::Object(event)
}

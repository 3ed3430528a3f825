//! Answers to what members say: streams and cards, first and refreshed (wecom-bots-h5 §1.4, §1.6).

use super::{
    About, Question,
    chats::{Feedback, Progress, Said, Stream},
    robot_reply::Reply,
    snapshot::Snapshot,
};
use crate::wecom::{Wecom, refusal::Refusal};

impl Wecom {
    /// One bubble: a stream, a card, or both.
    pub(super) fn answer_message(
        &self,
        question: &Question,
        message_id: &str,
        reply: &Reply<'_>,
    ) -> Result<(), Refusal> {
        let msgtype = reply.fields.required_text("msgtype", 40008)?;
        let (has_stream, has_card) = parts_of(msgtype, true)?;
        reply.only(has_stream, has_card);
        let snapshot = has_stream.then(|| reply.snapshot(true)).transpose()?;
        let (is_new, answer) = self.place_of_answer(message_id, snapshot.as_ref())?;
        if !is_new {
            return Ok(());
        }
        let card = self.card_of(has_card, reply)?;
        let (card, card_feedback) = card.unzip();
        let stream_id = snapshot.as_ref().map(|snapshot| snapshot.id.clone());
        let is_running = snapshot
            .as_ref()
            .is_some_and(|snapshot| !snapshot.is_finished);
        let now = self.world().clock.now();
        let mut state = self.state();
        let robot = &mut state.smart_robot;
        let mut said = Said::new(answer, now, &question.chat, None, msgtype);
        said.card = card;
        let feedback = card_feedback.flatten();
        said.feedback = feedback.map(|id| Feedback { id, kind: None });
        if let Some(snapshot) = snapshot {
            robot.stream_ids.insert(snapshot.id.clone());
            show(&mut said, snapshot);
        }
        if let Some(asked) = robot
            .said_mut(message_id)
            .and_then(|asked| asked.asked.as_mut())
        {
            asked.answer = Some(said.id.clone());
            asked.is_settled = !is_running;
        }
        robot.keep(said);
        drop(state);
        if let Some(stream_id) = stream_id.filter(|_| is_running) {
            self.follow(Question {
                about: About::Refresh {
                    message_id: message_id.to_owned(),
                    stream_id,
                },
                ..question.clone()
            });
        }
        Ok(())
    }

    /// A number for the answer's bubble, and whether there is to be one: a redelivered message may
    /// be answered with the stream that it already has.
    fn place_of_answer(
        &self,
        message_id: &str,
        snapshot: Option<&Snapshot>,
    ) -> Result<(bool, u64), Refusal> {
        let mut state = self.state();
        let robot = &state.smart_robot;
        let asked = robot.said(message_id).and_then(|said| said.asked.as_ref());
        let before = asked
            .and_then(|asked| asked.answer.as_deref())
            .and_then(|answer| robot.said(answer));
        let Some(before) = before else {
            if snapshot.is_some_and(|snapshot| robot.stream_ids.contains(&snapshot.id)) {
                return Err(Refusal::broken(40058, "stream.id is a new one"));
            }
            return Ok((true, state.next_number()));
        };
        let stream_before = before.stream.as_ref().map(|stream| stream.id.as_str());
        if stream_before.is_some() && stream_before == snapshot.map(|snapshot| &*snapshot.id) {
            return Ok((false, 0));
        }
        Err(Refusal::broken(40058, "a message has one answer"))
    }

    pub(super) fn answer_refresh(
        &self,
        message_id: &str,
        stream_id: &str,
        reply: &Reply<'_>,
    ) -> Result<(), Refusal> {
        let msgtype = reply.fields.required_text("msgtype", 40008)?;
        let (_, has_card) = parts_of(msgtype, false)?;
        reply.only(true, has_card);
        let snapshot = reply.snapshot(false)?;
        if snapshot.id != stream_id {
            let rule = "a refresh is answered with the stream it asks for";
            return Err(Refusal::broken(40058, rule));
        }
        if has_card && self.has_card(message_id) {
            let rule = "one card per message, in the first answer or in one refresh";
            return Err(Refusal::broken(40058, rule));
        }
        let card = self.card_of(has_card, reply)?;
        let is_finished = snapshot.is_finished;
        let mut state = self.state();
        let robot = &mut state.smart_robot;
        let asked = robot.said(message_id).and_then(|said| said.asked.as_ref());
        let answer = asked.and_then(|asked| asked.answer.clone());
        let said = answer.and_then(|answer| robot.said_mut(&answer));
        let is_running = |stream: &Stream| stream.progress == Progress::Running;
        if let Some(said) = said.filter(|said| said.stream.as_ref().is_some_and(is_running)) {
            show(said, snapshot);
            if let Some((card, _)) = card {
                said.card = Some(card);
            }
        }
        if is_finished {
            robot.settle(message_id);
        }
        Ok(())
    }

    fn has_card(&self, message_id: &str) -> bool {
        let state = self.state();
        let robot = &state.smart_robot;
        let asked = robot.said(message_id).and_then(|said| said.asked.as_ref());
        asked
            .and_then(|asked| robot.said(asked.answer.as_deref()?))
            .is_some_and(|answer| answer.card.is_some())
    }
}

/// Whether a reply of this type has a stream, and whether it has a card.
fn parts_of(msgtype: &str, is_first: bool) -> Result<(bool, bool), Refusal> {
    match msgtype {
        "stream" => Ok((true, false)),
        "stream_with_template_card" => Ok((true, true)),
        "template_card" if is_first => Ok((false, true)),
        other if is_first => Err(Refusal::broken(
            40008,
            format!("a message is answered with a stream, a card or both, not {other}"),
        )),
        other => Err(Refusal::broken(
            40008,
            format!("a refresh is answered with a stream, not {other}"),
        )),
    }
}

/// The whole snapshot takes the place of what was shown.
fn show(said: &mut Said, snapshot: Snapshot) {
    let progress = if snapshot.is_finished {
        Progress::Finished
    } else {
        Progress::Running
    };
    said.content = snapshot.content;
    said.pictures = snapshot.pictures;
    said.stream = Some(Stream {
        id: snapshot.id,
        progress,
    });
    if let Some(id) = snapshot.feedback_id {
        said.feedback = Some(Feedback { id, kind: None });
    }
}

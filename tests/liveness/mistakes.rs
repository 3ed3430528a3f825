//! What goes wrong in our own house: a row that cannot be read, a camp that follows the wrong
//! project, a form that is edited at a bad moment.

use campkeeper::services::camps::{self, CampInput};
use chrono::Days;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use sandbox::zsxq::NewProject;

use crate::world::{World, admin};

/// What no status is.
const NONSENSE: &str = "gone_mad";

/// Words of which no unique index knows: what it allows meanwhile would forbid the mending.
const COLUMNS: [(&str, &str); 3] = [
    ("payment_record", "channel"),
    ("refund_record", "kind"),
    ("training_camp", "status"),
];

/// A row that cannot be read for a while.
pub(crate) struct Spoilt {
    table: &'static str,
    column: &'static str,
    id: String,
    was: String,
}

impl World {
    /// Once in a while, one of them.
    pub(crate) async fn mistake(&mut self) {
        match self.rng.random_range(0..12) {
            0 => self.spoil_a_row().await,
            1 => self.mend_rows().await,
            2 => self.follow_the_wrong_project().await,
            3 => self.follow_the_right_projects().await,
            4 => self.edit_a_camp().await,
            _ => {}
        }
    }

    async fn spoil_a_row(&mut self) {
        let (table, column) = *COLUMNS.choose(&mut self.rng).unwrap();
        let rows = format!(
            "SELECT CAST(id AS TEXT) || ' ' || {column} FROM {table} \
             WHERE {column} IS NOT NULL ORDER BY id"
        );
        let rows = self.db.texts(&rows).await;
        let Some(row) = rows.choose(&mut self.rng) else {
            return;
        };
        let (id, was) = row.split_once(' ').unwrap();
        if was == NONSENSE {
            return;
        }
        let (id, was) = (id.to_owned(), was.to_owned());
        self.tell(format!("{table} {id}, which is {was}, cannot be read"));
        self.write(table, column, &id, NONSENSE).await;
        self.spoilt.push(Spoilt {
            table,
            column,
            id,
            was,
        });
    }

    /// The rows are what they were: nothing else in the database is repaired.
    pub(crate) async fn mend_rows(&mut self) {
        for it in std::mem::take(&mut self.spoilt) {
            self.tell(format!("{} {} is {} again", it.table, it.id, it.was));
            self.write(it.table, it.column, &it.id, &it.was).await;
        }
    }

    async fn write(&self, table: &str, column: &str, id: &str, word: &str) {
        let write = format!("UPDATE {table} SET {column} = '{word}' WHERE id = {id}");
        self.db.run(&write).await;
    }

    /// Orders which nothing is expected of, since they or what decides about them cannot be read.
    pub(crate) async fn unreadable_orders(&self) -> Vec<String> {
        self.db
            .texts(&format!(
                "SELECT p.order_no FROM payment_record p \
                 LEFT JOIN training_camp c ON c.id = p.camp_id \
                 LEFT JOIN refund_record r ON r.payment_id = p.id \
                 WHERE '{NONSENSE}' IN (COALESCE(p.channel, ''), COALESCE(c.status, ''), \
                 COALESCE(r.kind, ''))"
            ))
            .await
    }

    async fn follow_the_wrong_project(&mut self) {
        let wrong = self.sandbox.zsxq().add_project(NewProject {
            title: "别的营".to_owned(),
            checkin_days: 3,
            created_at: self.sandbox.clock().now(),
            expires_at: None,
        });
        let at = self.rng.random_range(0..self.camps.len());
        self.point(at, wrong).await;
    }

    /// Staff correct what they find wrong.
    pub(crate) async fn follow_the_right_projects(&mut self) {
        for at in 0..self.camps.len() {
            self.point(at, self.camps[at].project).await;
        }
    }

    async fn point(&mut self, at: usize, project: i64) {
        let input = CampInput {
            planet_project_id: Some(Some(project.to_string())),
            reason: Some("核对过星球".to_owned()),
            ..CampInput::default()
        };
        self.edit(at, &format!("project {project}"), input).await;
    }

    /// Rules and dates as somebody would have them at this moment.
    async fn edit_a_camp(&mut self) {
        let at = self.rng.random_range(0..self.camps.len());
        let end = self.camps[at].end + Days::new(1);
        let (what, input) = if self.one_in(2) {
            let grace = self.rng.random_range(0..=1);
            let input = CampInput {
                grace_days: Some(Some(grace)),
                ..CampInput::default()
            };
            (format!("grace {grace}"), input)
        } else {
            let input = CampInput {
                end_date: Some(Some(end)),
                ..CampInput::default()
            };
            (format!("end {end}"), input)
        };
        let is_end = input.end_date.is_some();
        if self.edit(at, &what, input).await && is_end {
            self.camps[at].end = end;
        }
    }

    async fn edit(&mut self, at: usize, what: &str, input: CampInput) -> bool {
        let id = self.camps[at].id;
        let edited = camps::update(&self.ctx, &admin(), id, input).await;
        let came = edited
            .as_ref()
            .map_or_else(ToString::to_string, |()| "done".to_owned());
        self.tell(format!("camp {id}, {what}: {came}"));
        edited.is_ok()
    }
}

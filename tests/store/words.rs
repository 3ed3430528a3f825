//! Words in SQL are words of the domain: a status that is misspelt in a statement, or is the word of
//! another table, finds no row and says nothing.

use campkeeper::domain::evidence::Suspicion;
use campkeeper::domain::ledger::{Account, TransferKind};
use campkeeper::domain::refund::AttemptOutcome;
use campkeeper::domain::settlement::LineResult;
use campkeeper::domain::staff::{AccountStatus, Role};
use campkeeper::domain::trade_bill::BillState;
use campkeeper::domain::{
    AppealKind, AppealStatus, BindMethod, BindStatus, CampStatus, CardState, CheckInSource,
    MatchStatus, OrderFlag, OrderStatus, PayChannel, RefundKind, RefundStatus,
};
use campkeeper::store::outbox::{Channel, MessageStatus, Priority};
use campkeeper::store::syncs::SyncState;
use campkeeper::store::{self, inbox};

use crate::lists;

/// The words of a column.
struct Vocabulary {
    table: &'static str,
    column: &'static str,
    words: Vec<&'static str>,
}

macro_rules! words_of {
    ($($table:ident.$column:ident: $words:ty;)+) => {
        vec![$(Vocabulary {
            table: stringify!($table),
            column: stringify!($column),
            words: <$words>::ALL.iter().map(|word| word.as_str()).collect(),
        }),+]
    };
}

fn vocabularies() -> Vec<Vocabulary> {
    let mut all = words_of! {
        training_camp.status: CampStatus;
        payment_record.status: OrderStatus;
        payment_record.flag: OrderFlag;
        payment_record.channel: PayChannel;
        payment_record.bind_status: BindStatus;
        payment_record.bind_method: BindMethod;
        camp_member.match_status: MatchStatus;
        camp_member_relation.role: Role;
        refund_record.status: RefundStatus;
        refund_record.kind: RefundKind;
        refund_attempt.outcome: AttemptOutcome;
        refund_status_log.to_status: RefundStatus;
        camp_status_log.from_status: CampStatus;
        sync_run.state: SyncState;
        sync_run.suspicion: Suspicion;
        checkin_record.source: CheckInSource;
        stated_days.source: CheckInSource;
        camp_member.days_source: CheckInSource;
        appeal.status: AppealStatus;
        appeal.kind: AppealKind;
        settlement_line.result: LineResult;
        ledger_transfer.kind: TransferKind;
        ledger_transfer.debit: Account;
        ledger_transfer.credit: Account;
        system_user.role: Role;
        system_user.status: AccountStatus;
        notification_message.channel: Channel;
        notification_message.priority: Priority;
        notification_message.status: MessageStatus;
        inbound_event.status: inbox::End;
        bot_card.state: CardState;
        trade_bill.state: BillState;
    };
    // The ids of transfers begin with their cause (domain::ledger).
    all.push(Vocabulary {
        table: "ledger_transfer",
        column: "id",
        words: vec!["pay:", "success:"],
    });
    // What a run came to (jobs::runner).
    all.push(Vocabulary {
        table: "job_run",
        column: "outcome",
        words: vec!["done", "skipped", "failed"],
    });
    for known in &mut all {
        if known.table == "inbound_event" {
            known.words.push("pending");
        }
    }
    let names = ["nickname", "card_name", "wechat_nickname"];
    all.extend(
        ["planet_user_name", "roster_entry_name"].map(|table| Vocabulary {
            table,
            column: "kind",
            words: names.to_vec(),
        }),
    );
    all
}

/// A piece of a statement.
struct Token {
    text: String,
    is_quoted: bool,
    scope: usize,
}

/// A select or what stands in parentheses: the tables that its columns may be of.
struct Scope {
    parent: Option<usize>,
    /// Each by the name that it has here.
    tables: Vec<(String, String)>,
}

/// A word with the column that it stands for, and the tables that this may be of.
struct Word<'s> {
    word: &'s str,
    column: &'s str,
    tables: Vec<&'s str>,
}

struct Statement {
    tokens: Vec<Token>,
    scopes: Vec<Scope>,
}

impl Statement {
    fn parse(sql: &str) -> Self {
        let mut statement = Self {
            tokens: Vec::new(),
            scopes: vec![Scope {
                parent: None,
                tables: Vec::new(),
            }],
        };
        let mut scope = 0;
        for (text, is_quoted) in pieces(sql) {
            let parent = statement.scopes[scope].parent;
            let opened = match text.as_str() {
                _ if is_quoted => None,
                "(" => Some(Some(scope)),
                // The second select of a union has tables of its own.
                "UNION" => Some(parent),
                _ => None,
            };
            if text == ")" && !is_quoted {
                scope = parent.expect("a parenthesis was opened");
            }
            statement.tokens.push(Token {
                text,
                is_quoted,
                scope,
            });
            if let Some(parent) = opened {
                scope = statement.scopes.len();
                statement.scopes.push(Scope {
                    parent,
                    tables: Vec::new(),
                });
            }
        }
        statement.find_tables();
        statement
    }

    fn find_tables(&mut self) {
        const BEHIND: [&str; 4] = ["FROM", "JOIN", "INTO", "UPDATE"];
        const NO_NAME: [&str; 12] = [
            "AS", "CROSS", "GROUP", "JOIN", "LEFT", "LIMIT", "ON", "ORDER", "SET", "UNION",
            "VALUES", "WHERE",
        ];
        let is_index = self.text(0) == "CREATE";
        for place in 0..self.tokens.len() {
            let begins =
                BEHIND.contains(&self.text(place)) || (is_index && self.text(place) == "ON");
            let table = self.text(place + 1);
            if !begins || !is_name(table) || NO_NAME.contains(&table) {
                continue;
            }
            let alias = match (self.text(place + 2), self.text(place + 3)) {
                ("AS", alias) => alias,
                (alias, _) if is_name(alias) && !NO_NAME.contains(&alias) => alias,
                _ => table,
            };
            let named = (alias.to_owned(), table.to_owned());
            let scope = self.tokens[place].scope;
            self.scopes[scope].tables.push(named);
        }
    }

    fn text(&self, place: usize) -> &str {
        self.tokens.get(place).map_or("", |token| &token.text)
    }

    fn words(&self) -> Result<Vec<Word<'_>>, String> {
        let mut words = Vec::new();
        for (place, token) in self.tokens.iter().enumerate() {
            let is_escape = place > 0 && self.text(place - 1) == "ESCAPE";
            if !token.is_quoted || token.text.is_empty() || is_escape || self.is_selected(place) {
                continue;
            }
            let subject = self
                .subject(place)
                .ok_or_else(|| format!("'{}' is compared with nothing known", token.text))?;
            words.push(self.word(&token.text, subject));
        }
        Ok(words)
    }

    /// Whether a word is what a select gives out, and no column's.
    fn is_selected(&self, place: usize) -> bool {
        let here = |before: &usize| self.tokens[*before].scope == self.tokens[place].scope;
        let mut before = (0..place).rev().filter(here);
        let keyword =
            before.find(|before| ["SELECT", "FROM", "WHERE"].contains(&self.text(*before)));
        let follows = place > 0 && ["SELECT", ","].contains(&self.text(place - 1));
        follows && keyword.is_some_and(|keyword| self.text(keyword) == "SELECT")
    }

    /// The column that a word is compared with or written into.
    fn subject(&self, place: usize) -> Option<usize> {
        let subject = match self.text(place.checked_sub(1)?) {
            "=" | "<>" => place.checked_sub(2)?,
            "(" | "," => {
                let open = self.opening(place)?;
                match self.text(open.checked_sub(1)?) {
                    "IN" if self.text(open.checked_sub(2)?) == "NOT" => open.checked_sub(3)?,
                    "IN" => open.checked_sub(2)?,
                    "VALUES" => self.inserted(open, place)?,
                    "COALESCE" => open + 1,
                    _ => return None,
                }
            }
            "THEN" | "ELSE" => {
                let case = (0..place)
                    .rev()
                    .find(|before| self.text(*before) == "CASE")?;
                (self.text(case.checked_sub(1)?) == "=").then(|| case.checked_sub(2))??
            }
            _ => return None,
        };
        if !self.text(subject).starts_with('$') {
            return Some(subject);
        }
        // A value that is bound is that of the column that it is written into or compared with.
        let same = |place: &usize| self.text(*place) == self.text(subject);
        (2..self.tokens.len())
            .filter(same)
            .find(|place| self.text(place - 1) == "=" && is_name(self.text(place - 2)))
            .map(|place| place - 2)
    }

    fn opening(&self, place: usize) -> Option<usize> {
        let scope = self.tokens[place].scope;
        let inside = (0..place)
            .rev()
            .find(|before| self.is_outside(*before, scope))?;
        (self.text(inside) == "(").then_some(inside)
    }

    /// Whether a token stands before the parenthesis of a scope.
    fn is_outside(&self, place: usize, scope: usize) -> bool {
        let mut inner = Some(self.tokens[place].scope);
        while let Some(now) = inner {
            if now == scope {
                return false;
            }
            inner = self.scopes[now].parent;
        }
        true
    }

    /// The column of an insert that stands where the value stands.
    fn inserted(&self, values: usize, place: usize) -> Option<usize> {
        let scope = self.tokens[place].scope;
        let commas = |from: usize, to: usize, scope: usize| {
            let commas = (from..to).filter(move |at| self.text(*at) == ",");
            commas.filter(move |at| self.tokens[*at].scope == scope)
        };
        let nth = commas(values, place, scope).count();
        let columns = (0..values).find(|at| self.text(*at) == "(")?;
        let inside = self.tokens[columns + 1].scope;
        if nth == 0 {
            return Some(columns + 1);
        }
        commas(columns, values, inside)
            .nth(nth - 1)
            .map(|comma| comma + 1)
    }

    /// Makes a word of one that stands for the column at a place.
    fn word<'s>(&'s self, word: &'s str, place: usize) -> Word<'s> {
        let Token { text, scope, .. } = &self.tokens[place];
        let (alias, column) = match text.split_once('.') {
            Some((alias, column)) => (Some(alias), column),
            None => (None, text.as_str()),
        };
        let mut tables = Vec::new();
        let mut inner = Some(*scope);
        while let Some(scope) = inner {
            let here = self.scopes[scope].tables.iter();
            let here = here.filter(|(name, _)| alias.is_none_or(|alias| alias == name));
            tables.extend(here.map(|(_, table)| table.as_str()));
            inner = self.scopes[scope].parent;
        }
        Word {
            word,
            column,
            tables,
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// The words, signs and quoted texts of a statement.
fn pieces(sql: &str) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_.$".contains(c);
        let (piece, length, is_quoted) = if first == '\'' {
            let text = rest[1..].split('\'').next().unwrap();
            (text, text.len() + 2, true)
        } else {
            let length = match first {
                '(' | ')' | ',' => 1,
                first if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ => rest
                    .find(|c: char| is_word(c) || c.is_whitespace() || "(),'".contains(c))
                    .unwrap_or(rest.len()),
            };
            (&rest[..length], length, false)
        };
        pieces.push((piece.to_owned(), is_quoted));
        rest = rest[length..].trim_start();
    }
    pieces
}

/// Looks every word of a statement up, and tells how many there are.
fn look_up(sql: &str, known: &[Vocabulary]) -> Result<usize, String> {
    let statement = Statement::parse(sql);
    let words = statement.words()?;
    for Word {
        word,
        column,
        tables,
    } in &words
    {
        let mut of_column = known
            .iter()
            .filter(|known| known.column == *column && tables.contains(&known.table));
        let (first, other) = (of_column.next(), of_column.next());
        match (first, other) {
            (Some(known), None) if known.words.contains(word) => {}
            (Some(known), None) => {
                return Err(format!("'{word}' is no {}.{column}", known.table));
            }
            (Some(one), Some(other)) => {
                return Err(format!("{column} of {} or of {}?", one.table, other.table));
            }
            (None, _) => return Err(format!("no words are known of {column} of {tables:?}")),
        }
    }
    Ok(words.len())
}

/// The indexes of both engines: some are of certain states only.
fn indexes() -> Vec<String> {
    let mut indexes = Vec::new();
    for engine in ["sqlite", "postgres"] {
        let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let lines = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"));
            let lines: Vec<&str> = lines.collect();
            let statements = lines.join("\n");
            let statements = statements.split(';').map(str::trim);
            let created = statements.filter(|sql| {
                sql.starts_with("CREATE INDEX") || sql.starts_with("CREATE UNIQUE INDEX")
            });
            indexes.extend(created.map(ToOwned::to_owned));
        }
    }
    indexes
}

#[test]
fn words_in_statements_are_words_of_the_domain() {
    let known = vocabularies();
    let fixed = store::all_statements().into_iter();
    let fixed = fixed.map(|(name, sql)| (name, sql.to_owned()));
    let indexes = indexes().into_iter().map(|sql| ("a migration", sql));
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, sql) in fixed.chain(lists::every_statement()).chain(indexes) {
        match look_up(&sql, &known) {
            Ok(words) => seen += words,
            Err(what) => wrong.push(format!("{name}: {what}\n{sql}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen > 100, "only {seen} were found");
}

#[test]
fn a_word_that_is_none_of_its_column_is_found() {
    let known = vocabularies();
    for (sql, wrong) in [
        (
            "SELECT id FROM payment_record WHERE camp_id = $1 AND status IN ('paid', 'refundet')",
            "'refundet' is no payment_record.status",
        ),
        (
            "SELECT c.id FROM training_camp c JOIN payment_record AS p ON p.camp_id = c.id \
             WHERE p.status = 'paid' AND c.status = 'paid'",
            "'paid' is no training_camp.status",
        ),
        (
            "SELECT id FROM camp_member WHERE match_status <> 'matched' AND NOT EXISTS \
             (SELECT 1 FROM refund_record WHERE status NOT IN ('sucess'))",
            "'sucess' is no refund_record.status",
        ),
        (
            "SELECT id FROM camp_member WHERE match_status = 'matched' \
             UNION ALL SELECT id FROM payment_record WHERE status = 'matched'",
            "'matched' is no payment_record.status",
        ),
        (
            "INSERT INTO refund_record (id, kind, status) VALUES ($1, COALESCE($2, 1), 'pendin')",
            "'pendin' is no refund_record.status",
        ),
        (
            "UPDATE training_camp SET status = $2, since = CASE WHEN $2 = 'setling' THEN 1 \
             ELSE 2 END WHERE id = $1",
            "'setling' is no training_camp.status",
        ),
        (
            "UPDATE payment_record SET flag = CASE WHEN queries > 3 THEN 'lat' ELSE flag END",
            "'lat' is no payment_record.flag",
        ),
        (
            "SELECT id FROM sync_run y WHERE COALESCE(y.state, 'runing') = $1",
            "'runing' is no sync_run.state",
        ),
        (
            "CREATE INDEX due ON refund_record (next_try_at) WHERE status IN ('aproved')",
            "'aproved' is no refund_record.status",
        ),
        (
            "SELECT id FROM upload WHERE state = 'kept'",
            "no words are known of state of [\"upload\"]",
        ),
        (
            "SELECT id FROM upload WHERE name LIKE 'a'",
            "'a' is compared with nothing known",
        ),
    ] {
        assert_eq!(look_up(sql, &known), Err(wrong.to_owned()), "{sql}");
    }
}

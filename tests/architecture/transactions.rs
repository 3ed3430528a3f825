//! Finds calls to the outside inside transactions: in what is handed to `Db::write` or
//! `Context::transact`, and in every
//! function that is lent a `Tx`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// How services come by their clients.
const CLIENTS: &[&str] = &["pay", "planet", "wecom", "files"];
/// The methods that run what they are handed in a transaction.
const WRITES: &[&str] = &["write", "transact", "transact_once"];

/// The clients that a source reaches for while a transaction is open, each with where.
pub(crate) fn calls_inside(text: &str) -> Vec<String> {
    let tokens: TokenStream = text.parse().unwrap();
    let mut found = Vec::new();
    look(tokens, &mut found);
    found
}

fn look(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "fn" => {
                if let Some((name, body)) = lent_a_transaction(&tokens, at) {
                    name_clients(body.stream(), &name, found);
                }
            }
            TokenTree::Ident(word)
                if WRITES.contains(&word.to_string().as_str()) && is_method(&tokens, at) =>
            {
                if let Some(TokenTree::Group(work)) = tokens.get(at + 1) {
                    name_clients(work.stream(), &format!("{word}(…)"), found);
                }
            }
            TokenTree::Group(group) => look(group.stream(), found),
            _ => {}
        }
    }
}

fn is_method(tokens: &[TokenTree], at: usize) -> bool {
    let dot = at.checked_sub(1).and_then(|before| tokens.get(before));
    matches!(dot, Some(TokenTree::Punct(dot)) if dot.as_char() == '.')
}

/// Name and body of a function one of whose parameters is a `Tx`.
fn lent_a_transaction(tokens: &[TokenTree], at: usize) -> Option<(String, &Group)> {
    let name = tokens.get(at + 1)?.to_string();
    let groups = tokens.iter().skip(at + 2);
    let mut groups = groups.filter_map(|token| match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    });
    let parameters = groups.find(|group| group.delimiter() == Delimiter::Parenthesis)?;
    let body = groups.find(|group| group.delimiter() == Delimiter::Brace)?;
    has_word(parameters.stream(), "Tx").then_some((name, body))
}

fn has_word(tokens: TokenStream, wanted: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == wanted,
        TokenTree::Group(group) => has_word(group.stream(), wanted),
        _ => false,
    })
}

fn name_clients(tokens: TokenStream, place: &str, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word)
                if CLIENTS.contains(&word.to_string().as_str()) && is_method(&tokens, at) =>
            {
                found.push(format!("{place}: .{word}"));
            }
            TokenTree::Group(group) => name_clients(group.stream(), place, found),
            _ => {}
        }
    }
}

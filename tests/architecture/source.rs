//! Reads what one Rust file names, from its tokens: comments and texts do not count, macros do.

use std::collections::{BTreeSet, HashMap};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

const QUERY_FUNCTIONS: &[&str] = &["query", "query_as", "query_scalar", "query_with", "raw_sql"];

/// What one Rust file names.
#[derive(Default)]
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) file: String,
    /// Its module from the crate's root.
    pub(crate) module: Vec<String>,
    /// Every path, from the crate's root (`crate` first) or from an outside crate.
    paths: Vec<Vec<String>>,
    /// The paths that the file's own code needs: neither its tests' nor what it only re-exports.
    needs: Vec<Vec<String>>,
    /// Every identifier and keyword.
    pub(crate) words: BTreeSet<String>,
    /// Every name after a single dot, with the one that follows it: `db.write`, or `db.`.
    pub(crate) fields: BTreeSet<String>,
    /// Query functions of sqlx that are handed a literal.
    pub(crate) literal_queries: Vec<String>,
    /// Modules that are compiled for tests only.
    pub(crate) test_modules: Vec<String>,
    /// Names that this file binds to a path.
    bound: HashMap<String, Vec<String>>,
    /// Names that it takes from a path that begins with a name, perhaps one of the above.
    taken: Vec<(String, Vec<String>)>,
}

impl Source {
    pub(crate) fn read(file: &str, text: &str) -> Self {
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let inner = file.split_once("src/").map_or(file, |(_, inner)| inner);
        let module: Vec<String> = inner
            .trim_end_matches(".rs")
            .split('/')
            .filter(|name| *name != "mod")
            .map(str::to_owned)
            .collect();
        let mut source = Self {
            file: file.to_owned(),
            module: module.clone(),
            ..Self::default()
        };
        let mut found = Vec::new();
        source.walk(tokens, &module, &mut found);
        for (name, path) in std::mem::take(&mut source.taken) {
            if let Some(origin) = source.bound.get(&path[0]) {
                let path = [origin.as_slice(), &path[1..]].concat();
                source.bound.insert(name, path);
            }
        }
        let needs = std::mem::take(&mut source.needs);
        source.needs = needs.into_iter().map(|path| source.whole(path)).collect();
        source.paths = found.into_iter().map(|path| source.whole(path)).collect();
        source
    }

    /// A path that begins with a name of this file, from the crate's root or an outside crate.
    fn whole(&self, path: Vec<String>) -> Vec<String> {
        match self.bound.get(&path[0]) {
            Some(origin) => [origin.as_slice(), &path[1..]].concat(),
            None => path,
        }
    }

    /// The first name under `src/`.
    pub(crate) fn part(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// Paths into this crate, without `crate`.
    pub(crate) fn inside(&self) -> impl Iterator<Item = &[String]> {
        self.paths
            .iter()
            .filter(|path| path[0] == "crate" && path.len() > 1)
            .map(|path| &path[1..])
    }

    /// Paths into this crate that the file's own code needs, without `crate`.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &[String]> {
        self.needs
            .iter()
            .filter(|path| path[0] == "crate" && path.len() > 1)
            .map(|path| &path[1..])
    }

    /// Where a name of this file comes from, without `crate`, if it is of this crate.
    pub(crate) fn origin_of(&self, name: &str) -> Option<&[String]> {
        self.bound
            .get(name)
            .filter(|path| path[0] == "crate")
            .map(|path| &path[1..])
    }

    /// Paths into other crates.
    pub(crate) fn outside(&self) -> impl Iterator<Item = &[String]> {
        self.paths
            .iter()
            .filter(|path| path[0] != "crate")
            .map(Vec::as_slice)
    }

    fn walk(&mut self, tokens: TokenStream, module: &[String], found: &mut Vec<Vec<String>>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut for_tests = false;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Group(group) if at > 0 && is_scope(&tokens[at - 1], group) => at += 1,
                TokenTree::Group(group) => {
                    let inner = group.stream();
                    for_tests |= inner.to_string().replace(' ', "") == "cfg(test)";
                    self.walk(inner, module, found);
                    at += 1;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    at = self.enter_module(&tokens, at, for_tests, module, found);
                    for_tests = false;
                }
                TokenTree::Ident(word) if word == "use" => {
                    self.words.insert(word.to_string());
                    let is_reexport = at > 0 && is_visibility(&tokens[at - 1]);
                    let (next, paths) = path_tree(&tokens, at + 1);
                    for (path, name) in paths {
                        let path = resolve(path, module);
                        self.words.extend(path.iter().cloned());
                        if path.len() > 1 && path[0] == "crate" {
                            self.bound.insert(name, path.clone());
                        } else if path.len() > 1 {
                            self.taken.push((name, path.clone()));
                        }
                        if !is_reexport {
                            self.needs.push(path.clone());
                        }
                        found.push(path);
                    }
                    at = next;
                }
                TokenTree::Ident(_) => at = self.expression_path(&tokens, at, module, found),
                _ => at += 1,
            }
        }
    }

    /// `mod name;` binds the name, `mod name { … }` is one step down.
    fn enter_module(
        &mut self,
        tokens: &[TokenTree],
        at: usize,
        for_tests: bool,
        module: &[String],
        found: &mut Vec<Vec<String>>,
    ) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return at + 1;
        };
        let inner = [module, &[name.to_string()]].concat();
        if for_tests {
            self.test_modules.push(inner.join("::"));
        }
        if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
            // A test inside a file may know what its file may not.
            if !for_tests {
                self.walk(body.stream(), &inner, found);
            } else {
                self.walk_test(body.stream(), &inner, found);
            }
        } else {
            let path = [&["crate".to_owned()], inner.as_slice()].concat();
            self.bound.insert(name.to_string(), path);
        }
        at + 3
    }

    /// Arrows hold in tests too; outside crates are theirs to choose.
    fn walk_test(&mut self, body: TokenStream, module: &[String], found: &mut Vec<Vec<String>>) {
        let mut test = Self::default();
        let mut inner = Vec::new();
        test.walk(body, module, &mut inner);
        found.extend(inner.into_iter().filter(|path| path[0] == "crate"));
    }

    /// A path outside a `use`, from `at` on; its groups and arguments are walked by the caller.
    fn expression_path(
        &mut self,
        tokens: &[TokenTree],
        at: usize,
        module: &[String],
        found: &mut Vec<Vec<String>>,
    ) -> usize {
        let mut path = Vec::new();
        let mut next = at;
        while let Some(TokenTree::Ident(word)) = tokens.get(next) {
            self.words.insert(word.to_string());
            path.push(word.to_string());
            next += 1;
            if !is_double_colon(tokens, next) {
                break;
            }
            next += 2;
        }
        let after_dot =
            at > 0 && is_punct(tokens, at - 1, '.') && (at < 2 || !is_punct(tokens, at - 2, '.'));
        if after_dot && path.len() == 1 {
            let next_field = match tokens.get(next + 1) {
                Some(TokenTree::Ident(field)) if is_punct(tokens, next, '.') => field.to_string(),
                _ => String::new(),
            };
            self.fields.insert(format!("{}.{next_field}", path[0]));
        }
        // `<T as Trait>::name` goes on from a type; `::name` begins at a crate.
        let goes_on = at > 2 && is_double_colon(tokens, at - 2) && is_punct(tokens, at - 3, '>');
        if let Some(name) = path
            .last()
            .filter(|name| QUERY_FUNCTIONS.contains(&name.as_str()))
            && arguments_after(tokens, next).is_some_and(starts_with_literal)
        {
            self.literal_queries.push(name.clone());
        }
        if path.len() > 1 && !goes_on && !after_dot {
            let path = resolve(path, module);
            self.needs.push(path.clone());
            found.push(path);
        }
        next
    }
}

/// `a::{b, c::d as e}` from `at` on: where it ends, and each path with the name that it binds.
fn path_tree(tokens: &[TokenTree], mut at: usize) -> (usize, Vec<(Vec<String>, String)>) {
    let mut prefix: Vec<String> = Vec::new();
    if is_double_colon(tokens, at) {
        at += 2;
    }
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => {
                prefix.push(word.to_string());
                at += 1;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let branches =
                    inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','));
                let paths = branches
                    .flat_map(|branch| path_tree(branch, 0).1)
                    .map(|(tail, name)| within(&prefix, tail, name))
                    .collect();
                return (at + 1, paths);
            }
            _ => break,
        }
        if !is_double_colon(tokens, at) {
            break;
        }
        at += 2;
    }
    let mut name = prefix.last().cloned().unwrap_or_default();
    if let (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(alias))) =
        (tokens.get(at), tokens.get(at + 1))
        && word == "as"
    {
        name = alias.to_string();
        at += 2;
    }
    let paths = if prefix.is_empty() {
        Vec::new()
    } else {
        vec![(prefix, name)]
    };
    (at, paths)
}

/// `self` inside braces stands for what is before them.
fn within(prefix: &[String], tail: Vec<String>, name: String) -> (Vec<String>, String) {
    match (prefix.last(), tail.first().map(String::as_str)) {
        (Some(last), Some("self")) => {
            let name = if name == "self" { last.clone() } else { name };
            (prefix.to_vec(), name)
        }
        _ => ([prefix, tail.as_slice()].concat(), name),
    }
}

/// Turns `self` and `super` into a path from the crate's root.
fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let crate_root = || vec!["crate".to_owned()];
    let n_up = path.iter().take_while(|name| *name == "super").count();
    match path[0].as_str() {
        "super" => {
            let base = &module[..module.len().saturating_sub(n_up)];
            [crate_root().as_slice(), base, &path[n_up..]].concat()
        }
        "self" => resolve_self(&path[1..], module),
        _ => path,
    }
}

fn resolve_self(rest: &[String], module: &[String]) -> Vec<String> {
    let n_up = rest.iter().take_while(|name| *name == "super").count();
    let base = &module[..module.len().saturating_sub(n_up)];
    [&["crate".to_owned()], base, &rest[n_up..]].concat()
}

/// `pub`, or the parentheses of `pub(crate)`.
fn is_visibility(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word == "pub",
        TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
        _ => false,
    }
}

/// The parentheses of `pub(in path)`: who may see an item, and no need of its file.
fn is_scope(before: &TokenTree, group: &Group) -> bool {
    let begins_with_in = || {
        let first = group.stream().into_iter().next();
        matches!(first, Some(TokenTree::Ident(word)) if word == "in")
    };
    is_visibility(before) && group.delimiter() == Delimiter::Parenthesis && begins_with_in()
}

fn is_punct(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

/// The parentheses after a function's name and its `::<…>`.
fn arguments_after(tokens: &[TokenTree], at: usize) -> Option<&Group> {
    tokens[at..]
        .iter()
        .take_while(|token| !matches!(token, TokenTree::Punct(p) if p.as_char() == ';'))
        .find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
            _ => None,
        })
}

fn starts_with_literal(arguments: &Group) -> bool {
    matches!(
        arguments.stream().into_iter().next(),
        Some(TokenTree::Literal(_))
    )
}

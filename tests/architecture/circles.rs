//! Finds files that need each other in a circle.
//!
//! An arrow runs from the file that names an item to the file that defines it; a re-export on the
//! way is followed and is none itself. So a folder's `mod.rs` may declare and hand on its files, but
//! once it calls into them, they may not come back for a type of its own: that belongs in a file
//! beside them. Methods leave no path and draw no arrow, and tests may name what they like.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::Source;

/// A re-export of a re-export of …; a longer chain is one that runs in a circle.
const MOST_REEXPORTS: usize = 8;

/// For every circle its shortest way round, such as `a → b → a`, of the sources in `is_checked`.
pub(crate) fn circles(
    sources: &[Source],
    is_checked: impl Fn(&Source) -> bool,
) -> BTreeSet<String> {
    let files = Files::new(sources);
    let arrows: Vec<BTreeMap<usize, String>> = sources
        .iter()
        .enumerate()
        .map(|(idx, source)| {
            if is_checked(source) && !files.is_test(source) {
                files.arrows_of(idx, source)
            } else {
                BTreeMap::new()
            }
        })
        .collect();
    (0..sources.len())
        .filter_map(|start| shortest_way_back(start, &arrows))
        .map(|way| files.describe(&way, &arrows))
        .collect()
}

struct Files<'a> {
    sources: &'a [Source],
    by_module: BTreeMap<&'a [String], usize>,
    test_modules: BTreeSet<&'a str>,
}

impl<'a> Files<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let modules = sources.iter().enumerate();
        let tests = sources.iter().flat_map(|source| &source.test_modules);
        Self {
            sources,
            by_module: modules.map(|(idx, s)| (s.module.as_slice(), idx)).collect(),
            test_modules: tests.map(String::as_str).collect(),
        }
    }

    /// Whether the file, or a folder that it lies in, is compiled for tests only.
    fn is_test(&self, source: &Source) -> bool {
        (1..=source.module.len()).any(|len| {
            self.test_modules
                .contains(source.module[..len].join("::").as_str())
        })
    }

    /// The other files whose items this one needs, each with one such item.
    fn arrows_of(&self, from: usize, source: &Source) -> BTreeMap<usize, String> {
        source
            .needs()
            .filter_map(|path| Some((self.definer(path)?, path.join("::"))))
            .filter(|(to, _)| *to != from && !self.is_test(&self.sources[*to]))
            .collect()
    }

    /// The file that defines what a path names: the innermost module on it, past re-exports.
    fn definer(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        let mut file = None;
        for _ in 0..MOST_REEXPORTS {
            let lens = (1..=path.len()).rev();
            let found = lens.filter_map(|len| Some((len, *self.by_module.get(&path[..len])?)));
            let (len, idx) = found.take(1).next()?;
            file = Some(idx);
            let name = path.get(len).map(String::as_str);
            let Some(origin) = name.and_then(|name| self.sources[idx].origin_of(name)) else {
                break;
            };
            let next = [origin, &path[len + 1..]].concat();
            if next == path {
                break;
            }
            path = next;
        }
        file
    }

    /// `a → b (b::Item) → a (a::Item)`, from the file whose name comes first.
    fn describe(&self, way: &[usize], arrows: &[BTreeMap<usize, String>]) -> String {
        let first = way
            .iter()
            .position(|idx| idx == way.iter().min().unwrap_or(&0));
        let start = first.unwrap_or(0);
        let round = (0..=way.len()).map(|step| way[(start + step) % way.len()]);
        let round: Vec<usize> = round.collect();
        let mut text = self.sources[round[0]].file.clone();
        for pair in round.windows(2) {
            let item = arrows[pair[0]].get(&pair[1]).map_or("", String::as_str);
            text += &format!("\n  → {} ({item})", self.sources[pair[1]].file);
        }
        text
    }
}

/// The files of the shortest circle through `start`, `start` first.
fn shortest_way_back(start: usize, arrows: &[BTreeMap<usize, String>]) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(file) = waiting.pop_front() {
        for &next in arrows[file].keys() {
            if next == start {
                let back = std::iter::successors(Some(file), |at| came_from.get(at).copied());
                let mut way: Vec<usize> = back.collect();
                way.reverse();
                return Some(way);
            }
            if let Entry::Vacant(unseen) = came_from.entry(next) {
                unseen.insert(file);
                waiting.push_back(next);
            }
        }
    }
    None
}

//! The global one-to-one assignment of claims to accounts.
//!
//! Knows only numbers: rows, columns and the points between them.

use pathfinding::prelude::{Weights, kuhn_munkres};

/// Points that row `row` (a claim) has with column `column` (an account).
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) points: i32,
}

/// The power that points are raised to before they are summed.
///
/// One strong case must outweigh two middling ones: a payer with an equal id does not lose the
/// account to make two namesakes happy. With the sixth power a pair that leads its row and its
/// column by 15 of at most 118 points outweighs any two that could replace it
/// (2 × 103⁶ < 118⁶), so such pairs are part of every best assignment.
const POWER: u32 = 6;

/// Gives each row at most one column and each column to at most one row so that the sum of the
/// points, each to the power of six, is largest. Pairs that lead row and column by `clear_lead`
/// are taken first, which changes nothing but the time it takes.
///
/// Rows and columns that no chain of edges connects are solved apart, which keeps the matrices
/// small and makes sure that a stranger to a group cannot change its outcome.
pub(super) fn assign(
    rows: usize,
    columns: usize,
    clear_lead: i32,
    edges: &[Edge],
) -> Vec<Option<usize>> {
    let mut assigned = vec![None; rows];
    let leaders = leaders(rows, columns, clear_lead, edges);
    let mut closed_rows = vec![false; rows];
    let mut closed_columns = vec![false; columns];
    for leader in &leaders {
        set(&mut assigned, leader.row, Some(leader.column));
        set(&mut closed_rows, leader.row, true);
        set(&mut closed_columns, leader.column, true);
    }
    let is_open = |edge: &&Edge| {
        closed_rows.get(edge.row) == Some(&false) && closed_columns.get(edge.column) == Some(&false)
    };
    let open: Vec<Edge> = edges.iter().filter(is_open).copied().collect();
    for group in groups(rows, columns, &open) {
        for (row, column) in Group::new(&group).solve() {
            set(&mut assigned, row, Some(column));
        }
    }
    assigned
}

fn set<T>(slots: &mut [T], at: usize, value: T) {
    if let Some(slot) = slots.get_mut(at) {
        *slot = value;
    }
}

/// The edges that lead every other edge of their row and of their column.
fn leaders(rows: usize, columns: usize, clear_lead: i32, edges: &[Edge]) -> Vec<Edge> {
    let mut by_row = vec![Best::default(); rows];
    let mut by_column = vec![Best::default(); columns];
    for edge in edges {
        for best in [by_row.get_mut(edge.row), by_column.get_mut(edge.column)]
            .into_iter()
            .flatten()
        {
            best.see(edge.points);
        }
    }
    let leads = |best: Option<&Best>, points: i32| {
        best.is_some_and(|best| points == best.first && best.second + clear_lead <= points)
    };
    let leads_both = |edge: &&Edge| {
        leads(by_row.get(edge.row), edge.points) && leads(by_column.get(edge.column), edge.points)
    };
    edges.iter().filter(leads_both).copied().collect()
}

/// The two best points seen.
#[derive(Clone, Copy, Default)]
struct Best {
    first: i32,
    second: i32,
}

impl Best {
    fn see(&mut self, points: i32) {
        if points > self.first {
            (self.first, self.second) = (points, self.first);
        } else {
            self.second = self.second.max(points);
        }
    }
}

/// The edges parted into connected groups, in the order of their first row.
fn groups(rows: usize, columns: usize, edges: &[Edge]) -> Vec<Vec<Edge>> {
    let mut forest = Forest {
        parents: (0..rows + columns).collect(),
    };
    for edge in edges {
        forest.join(edge.row, rows + edge.column);
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<Edge>> =
        std::collections::BTreeMap::new();
    for edge in edges {
        groups.entry(forest.root(edge.row)).or_default().push(*edge);
    }
    groups.into_values().collect()
}

/// A disjoint-set forest.
struct Forest {
    parents: Vec<usize>,
}

impl Forest {
    fn root(&mut self, node: usize) -> usize {
        let mut at = node;
        while let Some(&parent) = self.parents.get(at).filter(|parent| **parent != at) {
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(at) {
                *slot = grandparent;
            }
            at = grandparent;
        }
        at
    }

    /// Joins two sets under the smaller root, so that roots do not depend on the order of edges.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.parents.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

/// One connected group as a dense matrix, lying on its side where it has more rows than columns:
/// the algorithm wants no more rows than columns, and takes their number cubed. What is no edge
/// weighs nothing and means “unassigned”.
#[derive(Clone)]
struct Group {
    rows: Vec<usize>,
    columns: Vec<usize>,
    on_its_side: bool,
    weights: Vec<i64>,
}

impl Group {
    fn new(edges: &[Edge]) -> Self {
        let sorted = |mut side: Vec<usize>| {
            side.sort_unstable();
            side.dedup();
            side
        };
        let rows = sorted(edges.iter().map(|edge| edge.row).collect());
        let columns = sorted(edges.iter().map(|edge| edge.column).collect());
        let on_its_side = rows.len() > columns.len();
        let (rows, columns) = if on_its_side {
            (columns, rows)
        } else {
            (rows, columns)
        };
        let mut weights = vec![0; rows.len() * columns.len()];
        for edge in edges {
            let (row, column) = if on_its_side {
                (edge.column, edge.row)
            } else {
                (edge.row, edge.column)
            };
            let at = (rows.binary_search(&row), columns.binary_search(&column));
            if let (Ok(row), Ok(column)) = at {
                let weight = i64::from(edge.points).pow(POWER);
                set(&mut weights, row * columns.len() + column, weight);
            }
        }
        Self {
            rows,
            columns,
            on_its_side,
            weights,
        }
    }

    fn solve(&self) -> Vec<(usize, usize)> {
        let (_, chosen) = kuhn_munkres(self);
        let pairs = self.rows.iter().zip(chosen).enumerate();
        pairs
            .filter(|(at, (_, column))| self.at(*at, *column) > 0)
            .filter_map(|(_, (row, column))| Some((*row, *self.columns.get(column)?)))
            .map(|(row, column)| {
                if self.on_its_side {
                    (column, row)
                } else {
                    (row, column)
                }
            })
            .collect()
    }
}

impl Weights<i64> for Group {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    fn at(&self, row: usize, col: usize) -> i64 {
        self.weights
            .get(row * self.columns.len() + col)
            .copied()
            .unwrap_or(0)
    }

    fn neg(&self) -> Self {
        Self {
            weights: self.weights.iter().map(|weight| -weight).collect(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(edges: &[(usize, usize, i32)]) -> Vec<Option<usize>> {
        let edges: Vec<Edge> = edges
            .iter()
            .map(|&(row, column, points)| Edge {
                row,
                column,
                points,
            })
            .collect();
        assign(3, 3, 15, &edges)
    }

    #[test]
    fn a_greedy_choice_does_not_starve_the_next_claim() {
        assert_eq!(
            solve(&[(0, 0, 60), (0, 1, 59), (1, 0, 60)]),
            [Some(1), Some(0), None]
        );
    }

    #[test]
    fn one_strong_case_outweighs_two_middling_ones() {
        assert_eq!(
            solve(&[(0, 0, 100), (0, 1, 50), (1, 0, 55)]),
            [Some(0), None, None]
        );
    }

    #[test]
    fn no_column_is_given_twice_and_nothing_comes_from_nowhere() {
        assert_eq!(
            solve(&[(0, 1, 50), (1, 1, 70), (2, 1, 60)]),
            [None, Some(1), None]
        );
        assert_eq!(solve(&[]), [None, None, None]);
    }
}

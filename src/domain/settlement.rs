//! The settlement page of a camp: what became of its deposits, in counts and sums that name nobody,
//! and a Merkle-sum tree by which each payer can prove that their own line is in the sum.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Position};

/// Below so many payers nothing but the total is told.
const FEWEST_PAYERS: i64 = 10;
/// A class of fewer people than this, and of more than none, would tell of single ones.
const FEWEST_OF_A_CLASS: i64 = 5;

/// A SHA-256.
pub type Hash = [u8; 32];

text_enum! {
    /// What became of money.
    pub enum LineResult {
        /// Back by WeChat Pay.
        Refunded = "refunded",
        /// Back by another way.
        SettledOutside = "settled_outside",
        /// The organiser's.
        Kept = "kept",
        /// Still here.
        Open = "open",
    }
}

/// A part of a payment with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub result: LineResult,
    /// In fen, above 0.
    pub amount_fen: i64,
    /// 128 bits in hex, known to its payer alone: without them nobody could guess a line.
    pub salt: String,
}

/// The parts of a payment, by where its money is.
#[must_use]
pub fn parts_of(position: &Position) -> Vec<(LineResult, i64)> {
    let here = position.balance(Account::Held) + position.balance(Account::Suspense);
    let parts = [
        (LineResult::Refunded, position.balance(Account::Returned)),
        (
            LineResult::SettledOutside,
            position.balance(Account::SettledOutside),
        ),
        (LineResult::Kept, position.balance(Account::Kept)),
        (LineResult::Open, here),
    ];
    parts.into_iter().filter(|(_, fen)| *fen > 0).collect()
}

impl Line {
    /// SHA-256(0x00 ‖ canonical JSON of amount, result and salt).
    #[must_use]
    pub fn leaf(&self) -> Hash {
        let Self {
            result,
            amount_fen,
            salt,
        } = self;
        // Keys in order, no blanks: whoever proves it writes the same bytes.
        let json = format!(r#"{{"amountFen":{amount_fen},"result":"{result}","salt":"{salt}"}}"#);
        hash(&[&[0], json.as_bytes()])
    }
}

/// A sum with the hash that commits to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub sum_fen: i64,
    pub hash: Hash,
}

impl Node {
    /// SHA-256(0x01 ‖ left sum ‖ left ‖ right sum ‖ right); sums are eight bytes, the greatest first.
    fn over(left: Self, right: Self) -> Self {
        let (left_sum, right_sum) = (left.sum_fen.to_be_bytes(), right.sum_fen.to_be_bytes());
        Self {
            sum_fen: left.sum_fen.saturating_add(right.sum_fen),
            hash: hash(&[&[1], &left_sum, &left.hash, &right_sum, &right.hash]),
        }
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

text_enum! {
    /// The side on which the other node of a step stands.
    pub enum Side {
        Left = "left",
        Right = "right",
    }
}

/// One step from a leaf to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub side: Side,
    pub node: Node,
}

/// The tree over all lines of an edition, in their order.
#[derive(Debug, Clone)]
pub struct Tree {
    levels: Vec<Vec<Node>>,
}

impl Tree {
    /// Builds the tree; an odd node is promoted.
    #[must_use]
    pub fn of(lines: &[Line]) -> Self {
        let leaves = lines.iter().map(|line| Node {
            sum_fen: line.amount_fen,
            hash: line.leaf(),
        });
        let mut levels = vec![leaves.collect::<Vec<_>>()];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => Node::over(*left, *right),
                [alone, ..] => *alone,
                [] => Node {
                    sum_fen: 0,
                    hash: [0; 32],
                },
            });
            let above = above.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// The root; none of no lines.
    #[must_use]
    pub fn root(&self) -> Option<Node> {
        self.levels.last()?.first().copied()
    }

    /// The way from the nth line to the root.
    #[must_use]
    pub fn path(&self, nth: usize) -> Vec<Step> {
        let mut place = nth;
        let mut path = Vec::new();
        for level in &self.levels {
            let (other, side) = if place.is_multiple_of(2) {
                (place + 1, Side::Right)
            } else {
                (place - 1, Side::Left)
            };
            path.extend(level.get(other).map(|node| Step { side, node: *node }));
            place /= 2;
        }
        path
    }
}

/// The root that a line and its path lead to.
#[must_use]
pub fn climb(line: &Line, path: &[Step]) -> Node {
    let leaf = Node {
        sum_fen: line.amount_fen,
        hash: line.leaf(),
    };
    path.iter().fold(leaf, |node, step| match step.side {
        Side::Left => Node::over(step.node, node),
        Side::Right => Node::over(node, step.node),
    })
}

/// A class of payments: how many, of how many people, how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    pub count: i64,
    pub people: i64,
    pub fen: i64,
}

/// The classes of an edition as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Classes {
    pub paid: Class,
    pub refunded: Class,
    pub settled_outside: Class,
    pub kept: Class,
    pub open: Class,
}

impl Classes {
    /// The class of a result.
    pub const fn of(&mut self, result: LineResult) -> &mut Class {
        match result {
            LineResult::Refunded => &mut self.refunded,
            LineResult::SettledOutside => &mut self.settled_outside,
            LineResult::Kept => &mut self.kept,
            LineResult::Open => &mut self.open,
        }
    }

    /// True if the classes are large enough to be told: else the total alone is.
    #[must_use]
    pub fn may_be_told(&self) -> bool {
        let Self {
            paid,
            refunded,
            settled_outside,
            kept,
            open,
        } = self;
        let is_large = |class: &Class| class.people == 0 || class.people >= FEWEST_OF_A_CLASS;
        paid.people >= FEWEST_PAYERS
            && [refunded, settled_outside, kept, open]
                .into_iter()
                .all(is_large)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn any_line()(
            result in proptest::sample::select(LineResult::ALL),
            amount_fen in 1_i64..1_000_000,
            salt in any::<u128>(),
        ) -> Line {
            Line { result, amount_fen, salt: format!("{salt:032x}") }
        }
    }

    proptest! {
        #[test]
        fn every_line_is_proved_and_the_root_is_the_sum(lines in proptest::collection::vec(any_line(), 1..60)) {
            let tree = Tree::of(&lines);
            let root = tree.root().unwrap();
            prop_assert_eq!(root.sum_fen, lines.iter().map(|line| line.amount_fen).sum::<i64>());
            for (nth, line) in lines.iter().enumerate() {
                let path = tree.path(nth);
                prop_assert_eq!(climb(line, &path), root);
                let more = Line { amount_fen: line.amount_fen + 1, ..line.clone() };
                prop_assert_ne!(climb(&more, &path), root);
                // A sum that lies about a sibling leads to another root.
                if let Some(first) = path.first() {
                    let mut lies = path.clone();
                    lies[0] = Step { node: Node { sum_fen: first.node.sum_fen - 1, ..first.node }, ..*first };
                    prop_assert_ne!(climb(line, &lies).hash, root.hash);
                }
            }
        }
    }

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_leaf_is_the_hash_of_its_canonical_text() {
        let line = Line {
            result: LineResult::Refunded,
            amount_fen: 9900,
            salt: "00112233445566778899aabbccddeeff".to_owned(),
        };
        // The page's test has the same hashes: server and page make the same ones.
        assert_eq!(
            hex(&line.leaf()),
            "b1ea542adb0ebf06b2857a86c25295662e2827fa3ac36d69eab4ba0ff1ea1d62"
        );
        let node = |sum_fen, byte| Node {
            sum_fen,
            hash: [byte; 32],
        };
        let path = [
            Step {
                side: Side::Left,
                node: node(100, 0x11),
            },
            Step {
                side: Side::Right,
                node: node(5_000_000_000, 0x22),
            },
        ];
        let root = climb(&line, &path);
        assert_eq!(root.sum_fen, 5_000_010_000);
        assert_eq!(
            hex(&root.hash),
            "d5dd857def3fef84dd4627e1c485c557744f0b45e04b3538e8f0500a131a26b9"
        );
        assert_eq!(
            Tree::of(std::slice::from_ref(&line)).root().unwrap().hash,
            line.leaf()
        );
        assert!(Tree::of(&[]).root().is_none());
    }

    #[test]
    fn small_classes_are_not_told() {
        let class = |people| Class {
            count: people,
            people,
            fen: people * 9900,
        };
        for (paid, refunded, kept, told) in [
            (9, 9, 0, false),
            (10, 10, 0, true),
            (14, 10, 4, false),
            (15, 10, 5, true),
            (11, 10, 1, false),
        ] {
            let classes = Classes {
                paid: class(paid),
                refunded: class(refunded),
                kept: class(kept),
                ..Classes::default()
            };
            assert_eq!(classes.may_be_told(), told, "{paid} {refunded} {kept}");
        }
    }
}

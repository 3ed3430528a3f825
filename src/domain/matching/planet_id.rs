//! What members type as their “星球ID”: an account's `user_id` or a member number.
//!
//! Knows nothing of names. The `user_id` has 10–15 digits, the member number (成员编号) a few
//! (zsxq §3); both are typed by hand, so one slip is forgiven in the long one. Member numbers are
//! dense, where one digit off is simply somebody else.

use unicode_normalization::UnicodeNormalization as _;

/// More digits than any id of the planet has; fits `u64`.
const MAX_DIGITS: usize = 18;

/// From this length on an id is sparse enough for a near miss to mean something.
const MIN_DIGITS_FOR_SLIP: usize = 8;

/// Characters of a typed id that are looked at.
const MAX_CHARS: usize = 64;

/// What went wrong with an id that is one slip away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slip {
    /// Two neighbouring digits changed places.
    Swapped,
    /// One digit is missing.
    Missing,
    /// One digit too many.
    Extra,
    /// One digit is another.
    Wrong,
}

/// The digits of an id, leading zeros kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PlanetId {
    value: u64,
    digits: usize,
}

impl PlanetId {
    /// Reads what was typed: any width of digits, blanks and punctuation ignored, a label in
    /// front (“ID: …”) allowed. `None` for everything else.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        let mut value = 0_u64;
        let mut digits = 0_usize;
        for c in typed.chars().take(MAX_CHARS).nfkc() {
            match c.to_digit(10) {
                Some(digit) => {
                    digits += 1;
                    if digits > MAX_DIGITS {
                        return None;
                    }
                    value = value * 10 + u64::from(digit);
                }
                None if c.is_alphanumeric() && digits > 0 => return None,
                None => {}
            }
        }
        (digits > 0).then_some(Self { value, digits })
    }

    /// The same id with each digit left out in turn, itself first: two ids one slip apart share
    /// one of these.
    pub(super) fn slip_keys(self) -> impl Iterator<Item = Self> {
        let shorter = if self.digits >= MIN_DIGITS_FOR_SLIP {
            self.digits
        } else {
            0
        };
        std::iter::once(self).chain((0..shorter).map(move |place| {
            let low = 10_u64.pow(u32::try_from(place).unwrap_or(0));
            let value = self.value / (low * 10) * low + self.value % low;
            Self {
                value,
                digits: self.digits - 1,
            }
        }))
    }

    /// The slip that turned `meant` into `self`, or `None` when they are equal or further apart.
    pub(super) fn slip_from(self, meant: Self) -> Option<Slip> {
        if self.digits.min(meant.digits) < MIN_DIGITS_FOR_SLIP {
            return None;
        }
        match self.digits.checked_signed_diff(meant.digits)? {
            -1 => meant
                .slip_keys()
                .any(|shorter| shorter == self)
                .then_some(Slip::Missing),
            1 => self
                .slip_keys()
                .any(|shorter| shorter == meant)
                .then_some(Slip::Extra),
            0 => self.changed_from(meant),
            _ => None,
        }
    }

    /// Both have the same length: one digit changed, or two neighbours swapped. Counted from the
    /// last digit.
    fn changed_from(self, meant: Self) -> Option<Slip> {
        let mut typed_rest = self.value;
        let mut meant_rest = meant.value;
        while typed_rest % 10 == meant_rest % 10 && typed_rest != meant_rest {
            (typed_rest, meant_rest) = (typed_rest / 10, meant_rest / 10);
        }
        if typed_rest == meant_rest {
            return None;
        }
        let (typed_last, meant_last) = (typed_rest % 100, meant_rest % 100);
        if typed_rest / 10 == meant_rest / 10 {
            Some(Slip::Wrong)
        } else if typed_rest / 100 == meant_rest / 100
            && typed_last == meant_last % 10 * 10 + meant_last / 10
        {
            Some(Slip::Swapped)
        } else {
            None
        }
    }

    /// Read as a member number, if it is short enough to be one.
    pub(super) fn member_number(self) -> Option<u32> {
        if self.digits >= MIN_DIGITS_FOR_SLIP {
            return None;
        }
        u32::try_from(self.value).ok()
    }

    /// Whether this is the member number `number`.
    pub(super) fn is_number(self, number: u32) -> bool {
        self.member_number() == Some(number)
    }
}

impl std::fmt::Display for PlanetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:0width$}", self.value, width = self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_found_in_what_people_type() {
        for typed in [
            "54231919143797",
            " 5423 1919143797 ",
            "５４２３１９１９１４３７９７",
            "ID:54231919143797",
        ] {
            assert_eq!(
                PlanetId::parse(typed).unwrap().to_string(),
                "54231919143797"
            );
        }
        for nothing in ["", "小明", "12a34", "1234567890123456789"] {
            assert_eq!(PlanetId::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn one_slip_is_named_and_two_are_not_forgiven() {
        let meant = PlanetId::parse("54231919143797").unwrap();
        let cases = [
            ("54231919143779", Some(Slip::Swapped)),
            ("5423191914379", Some(Slip::Missing)),
            ("542319191437977", Some(Slip::Extra)),
            ("54231919143897", Some(Slip::Wrong)),
            ("54231919143797", None),
            ("54231919148897", None),
        ];
        for (typed, expected) in cases {
            let typed = PlanetId::parse(typed).unwrap();
            assert_eq!(typed.slip_from(meant), expected);
            let found = typed
                .slip_keys()
                .any(|key| meant.slip_keys().any(|other| other == key));
            assert!(
                expected.is_none() || found,
                "the index must find what the rule accepts"
            );
        }
    }

    #[test]
    fn a_member_number_has_no_near_miss() {
        let typed = PlanetId::parse("4805").unwrap();
        assert!(typed.is_number(4805) && !typed.is_number(4806));
        assert_eq!(typed.slip_from(PlanetId::parse("4806").unwrap()), None);
    }
}

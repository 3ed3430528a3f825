use super::*;

const AT: Timestamp = Timestamp::from_micros(1);

/// The books of one payment, to which transfers are added as the store does.
struct Book(Vec<Transfer>);

impl Book {
    fn paid(took_place: bool) -> Self {
        let paid = Transfer::payment("4200", fen(9900), took_place, None, PaymentId(1), AT);
        Self(vec![paid])
    }

    fn position(&self) -> Position {
        Position::of(None, PaymentId(1), &self.0).unwrap()
    }

    fn pay_back(&self, refund_no: &RefundNo) -> PaidBack {
        let position = self.position();
        let back = position.pay_back(refund_no.as_str(), Some(RefundId(7)), fen(9900), AT);
        back.unwrap()
    }

    fn add(&mut self, transfer: Transfer) -> &mut Self {
        self.0.push(transfer);
        self
    }

    fn balances(&self) -> Vec<(&'static str, i64)> {
        let position = self.position();
        let accounts = Account::ALL.iter();
        let balances: Vec<_> = accounts
            .map(|account| (account.as_str(), position.balance(*account)))
            .filter(|(_, balance)| *balance != 0)
            .collect();
        let others: i64 = balances.iter().skip(1).map(|(_, balance)| balance).sum();
        assert_eq!(balances[0], ("bank", others));
        balances
    }
}

fn fen(amount: i64) -> Fen {
    Fen::new(amount).unwrap()
}

fn refund(refund_no: &RefundNo, amount: i64) -> RefundRef<'_> {
    RefundRef {
        id: RefundId(7),
        refund_no,
        amount: fen(amount),
    }
}

fn number() -> RefundNo {
    RefundNo::new(uuid::Uuid::nil())
}

#[test]
fn a_deposit_that_goes_back_is_reserved_and_then_posted() {
    for (took_place, place) in [(true, "held"), (false, "suspense")] {
        let (no, mut book) = (number(), Book::paid(took_place));
        assert_eq!(book.balances(), [("bank", 9900), (place, 9900)]);
        let reserve = book.position().reserve(refund(&no, 9900), AT).unwrap();
        assert_eq!(reserve.id, format!("approve:{no}:1"));
        book.add(reserve);
        assert_eq!(book.balances(), [("bank", 9900), (place, 9900)]);
        assert_eq!(book.position().free(), Fen::ZERO);
        let back = book.pay_back(&no);
        assert!(!back.unreserved);
        assert_eq!(back.transfer.id, format!("post:{no}:1"));
        book.add(back.transfer);
        assert_eq!(book.balances(), [("bank", 9900), ("returned", 9900)]);
        assert!(book.position().reserved().is_none());
    }
}

#[test]
fn what_was_let_go_can_be_reserved_again_under_the_next_number() {
    let (no, mut book) = (number(), Book::paid(true));
    book.add(book.position().reserve(refund(&no, 9900), AT).unwrap());
    let void = book.position().release(AT).unwrap();
    assert_eq!(void.id, format!("void:{no}:1"));
    book.add(void);
    assert!(book.position().release(AT).is_none());
    let again = book.position().reserve(refund(&no, 9900), AT).unwrap();
    assert_eq!(again.id, format!("approve:{no}:2"));
    book.add(again);
    book.add(book.pay_back(&no).transfer);
    assert_eq!(book.balances(), [("bank", 9900), ("returned", 9900)]);
}

#[test]
fn money_that_went_back_unreserved_is_taken_from_what_is_here_or_is_a_loss() {
    let (no, mut book) = (number(), Book::paid(true));
    let back = book.pay_back(&no);
    assert!(back.unreserved);
    book.add(back.transfer);
    assert_eq!(book.balances(), [("bank", 9900), ("returned", 9900)]);
    let again = book.position().pay_back(no.as_str(), None, fen(9900), AT);
    assert_eq!(again, None, "it is in the books already");
    let twice = book.pay_back(&RefundNo::new(uuid::Uuid::max()));
    assert!(twice.unreserved);
    book.add(twice.transfer);
    let lost = [("bank", 9900), ("returned", 19800), ("loss", -9900)];
    assert_eq!(book.balances(), lost);
}

#[test]
fn a_number_that_paid_another_amount_lets_go_what_was_reserved_for_it() {
    let no = number();
    for (paid, balances) in [
        (
            5000,
            &[("bank", 9900), ("held", 4900), ("returned", 5000)][..],
        ),
        (
            9901,
            &[
                ("bank", 9900),
                ("held", 9900),
                ("returned", 9901),
                ("loss", -9901),
            ],
        ),
    ] {
        let mut book = Book::paid(true);
        book.add(book.position().reserve(refund(&no, 9900), AT).unwrap());
        let back = book
            .position()
            .pay_back(no.as_str(), Some(RefundId(7)), fen(paid), AT);
        let back = back.unwrap();
        assert!(back.unreserved);
        book.add(back.released.unwrap()).add(back.transfer);
        assert_eq!(book.balances(), balances);
        assert!(book.position().reserved().is_none());
    }
    // What is reserved for another number stays.
    let mut book = Book::paid(true);
    book.add(book.position().reserve(refund(&no, 9900), AT).unwrap());
    let back = book
        .position()
        .pay_back("rfd_other", Some(RefundId(8)), fen(5000), AT);
    assert_eq!(back.unwrap().released, None);
}

#[test]
fn nobody_takes_what_is_not_here_or_is_reserved() {
    let (no, mut book) = (number(), Book::paid(true));
    let short = book.position().reserve(refund(&no, 9901), AT).unwrap_err();
    assert_eq!(short.available, fen(9900));
    book.add(book.position().reserve(refund(&no, 5000), AT).unwrap());
    let kept = |amount| {
        let position = book.position();
        position.take("keep:ord_1", fen(amount), Account::Kept, AT)
    };
    assert_eq!(kept(4901).unwrap_err().available, fen(4900));
    let kept = kept(4900).unwrap();
    assert_eq!(kept.id, "keep:ord_1:1");
    book.add(kept.clone());
    assert_eq!(
        book.balances(),
        [("bank", 9900), ("held", 5000), ("kept", 4900)]
    );
    let back = book.position().reverse(&kept, AT);
    assert_eq!(back.reverses.as_deref(), Some("keep:ord_1:1"));
    book.add(back);
    assert_eq!(book.balances(), [("bank", 9900), ("held", 9900)]);
}

#[test]
fn transfers_that_cannot_be_are_named() {
    let (no, book) = (number(), Book::paid(true));
    let reserve = book.position().reserve(refund(&no, 9900), AT).unwrap();
    let mut reserved = Book(book.0.clone());
    reserved.add(reserve.clone());
    let void = reserved.position().release(AT).unwrap();
    let broken = |transfers: &[&Transfer]| {
        let all = book.0.iter().chain(transfers.iter().copied());
        Position::of(None, PaymentId(1), all).unwrap_err()
    };
    let second = Transfer {
        id: "approve:x:1".to_owned(),
        ..reserve.clone()
    };
    let id = second.id.clone();
    assert_eq!(broken(&[&reserve, &second]), Unbalanced::ReservedTwice(id));
    let id = void.id.clone();
    assert_eq!(broken(&[&void]), Unbalanced::NothingToResolve(id));
    let taken = Transfer {
        amount: fen(9901),
        kind: TransferKind::Plain,
        ..reserve
    };
    let id = taken.id.clone();
    assert_eq!(broken(&[&taken]), Unbalanced::Overdrawn(id));
}

#[test]
fn the_audit_names_what_disagrees() {
    let (no, mut book) = (number(), Book::paid(true));
    let paid = ByStates {
        paid: 9900,
        ..ByStates::default()
    };
    let seen = |book: &Book, states: ByStates| book.position().disagreements(&states);
    assert_eq!(seen(&book, paid), []);
    assert_eq!(seen(&book, ByStates::default()), [Disagreement::Paid]);
    let approved = ByStates {
        reserved: 9900,
        ..paid
    };
    assert_eq!(seen(&book, approved), [Disagreement::Reserved]);
    let gone = ByStates {
        returned: 9900,
        is_gone: true,
        ..paid
    };
    let both = [Disagreement::Returned, Disagreement::Here];
    assert_eq!(seen(&book, gone), both);
    book.add(book.position().reserve(refund(&no, 9900), AT).unwrap());
    assert_eq!(seen(&book, approved), []);
    book.add(book.pay_back(&no).transfer);
    assert_eq!(seen(&book, gone), []);
    let settled = ByStates {
        is_settled_outside: true,
        ..gone
    };
    assert_eq!(seen(&book, settled), [Disagreement::SettledOutside]);
}

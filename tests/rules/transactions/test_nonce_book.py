"""A wallet's numbers."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.transactions import TransactionState, TransactionStatus
from alphapulse.errors import SendRefused
from alphapulse.rules.transactions.nonce_book import ENDED_KEPT, NonceBook
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_books import TransactionBooks
from alphapulse.rules.transactions.transaction_states import Observation
from tests.rules.transactions.signed_samples import CHAIN, WALLET, hash_of, receipt_of, signed

S = TransactionState


def put(book: NonceBook, name: str, state: TransactionState) -> None:
    record = book.find(hash_of(name))
    assert record is not None
    book.put(attrs.evolve(record, state=state))


def book_of(**nonces: int) -> NonceBook:
    """A book with one signed transaction for each name."""
    book = NonceBook()
    for name, nonce in nonces.items():
        book.sign(signed(name, nonce))
    return book


def test_a_number_is_taken_by_its_record_alone() -> None:
    """Asked twice the same number comes; signed it is taken; dropped it is free, and goes to the next one."""
    book = NonceBook()
    with pytest.raises(SendRefused, match="nonce_unknown"):
        book.allocate(4)
    book.count(5)
    assert [book.allocate(4), book.allocate(4)] == [5, 5]
    book.sign(signed("a", 5))
    book.sign(signed("b", 6))
    assert (book.next_nonce, book.gaps, book.unmined) == (7, [], 2)
    put(book, "a", S.DROPPED)
    assert (book.next_nonce, book.gaps, book.unmined) == (5, [5], 1)
    assert book.allocate(4) == 5


def test_at_most_so_many_are_unmined() -> None:
    """What is mined does not count, an attempt that replaces another counts once with it."""
    book = book_of(a=0, b=1, c=2)
    book.count(0)
    with pytest.raises(SendRefused) as refused:
        book.allocate(3)
    assert refused.value.reason == "too_many_unmined"
    book.sign(signed("c2", 2))
    assert book.unmined == 3
    record = book.find(hash_of("a"))
    assert record is not None
    book.put(record.seen_as(Observation.RECEIPT, "", now_ns=1, receipt=receipt_of("a")))
    assert (book.unmined, book.allocate(3)) == (2, 3)


def test_counts_of_nodes_that_lag_mean_nothing() -> None:
    """The count never falls by itself, and what is settled is used up even if a count says otherwise."""
    book = book_of(a=0, b=1)
    for name in "ab":
        record = book.find(hash_of(name))
        assert record is not None
        book.put(record.seen_as(Observation.RECEIPT, "", now_ns=1, receipt=attrs.evolve(receipt_of(name))))
    book.count(2)
    book.count(1)
    assert (book.mined, book.next_nonce) == (2, 2)
    record = book.find(hash_of("b"))
    assert record is not None
    book.put(record.seen_as(Observation.ORPHANED, "", now_ns=1))
    book.count(0)
    assert (book.mined, book.next_nonce) == (1, 2)
    put(book, "b", S.SETTLED)
    book.undo(0)
    assert (book.mined, book.floor) == (0, 2)


def test_a_foreign_number_is_found() -> None:
    """Numbers since our first that the chain has used and we have not; before it, and one node that lags: nobody."""
    assert NonceBook().strangers(9) == []
    book = book_of(a=3, b=4)
    assert [book.strangers(count) for count in (0, 3, 4, 5, 6, 7)] == [[], [], [], [], [5], [5, 6]]
    put(book, "a", S.DROPPED)
    assert book.strangers(5) == [3]
    put(book, "b", S.SETTLED)
    assert (book.strangers(5), book.strangers(6)) == ([], [5])
    book.count(6)
    assert book.strangers(6) == []


def test_a_number_that_others_used_shows_in_ours_that_wait() -> None:
    """Used up on the chain, and none of the attempts is in a block."""
    book = book_of(a=3, b=3, c=4)
    assert book.overtaken(3) == []
    assert book.overtaken(4) == [3]
    record = book.find(hash_of("b"))
    assert record is not None
    book.put(record.seen_as(Observation.RECEIPT, "", now_ns=1, receipt=receipt_of("b")))
    assert book.overtaken(4) == []
    newest = book.newest_at(3)
    assert newest is not None
    assert newest.hash == hash_of("b")
    assert [record.hash for record in book] == [hash_of(name) for name in "abc"]
    assert [record.hash for record in book.waiting] == [hash_of(name) for name in "ac"]


def test_what_has_ended_is_forgotten_after_a_while() -> None:
    book = NonceBook()
    for nonce in range(ENDED_KEPT + 3):
        book.sign(signed(str(nonce), nonce))
        put(book, str(nonce), S.SETTLED)
    assert book.find(hash_of("2")) is None
    assert book.find(hash_of("3")) is not None
    assert (list(book), book.at(2), book.next_nonce, book.strangers(ENDED_KEPT + 3)) == ([], [], ENDED_KEPT + 3, [])


def history() -> st.SearchStrategy[list[tuple[str, int]]]:
    """What may happen to a wallet: sign, see the oldest or newest in some way."""
    acts = st.one_of(
        st.just(("sign", 0)),
        st.tuples(st.sampled_from([one.name for one in Observation]), st.integers(0, 3)),
    )
    return st.lists(acts, max_size=40)


@given(history())
def test_the_journal_gives_the_book_back(acts: list[tuple[str, int]]) -> None:
    """Whatever happens, the messages that were journalled fold to the same book.

    The only gaps are of what was dropped; no number of one that may still live is given to anything new.
    """
    book, messages, count = NonceBook(), list[object](), 0
    book.count(0)
    for act, at in acts:
        waiting = book.waiting
        if act == "sign":
            nonce = book.next_nonce
            assert all(record.state is S.DROPPED for record in book.at(nonce))
            one = signed(f"tx {count}", nonce)
            book.sign(one)
            messages.append(one)
            count += 1
        elif waiting:
            record = waiting[at % len(waiting)]
            observation = Observation[act]
            found = record.seen_as(observation, act, now_ns=count, receipt=receipt_of_record(record.hash, observation))
            if found is not record:
                book.put(found)
                messages.append(found.status(1))
        assert set(book.gaps) <= set(range(count))
    books = TransactionBooks()
    for message in messages:
        books.take(message)
    again = books.of(CHAIN, WALLET)
    again.count(0)
    assert list(again) == list(book)
    assert (again.next_nonce, again.gaps, again.unmined) == (book.next_nonce, book.gaps, book.unmined)
    assert len(again) == len(list(book))


def receipt_of_record(known: bytes, observation: Observation) -> Receipt | None:
    if observation is not Observation.RECEIPT:
        return None
    return attrs.evolve(receipt_of("x"), hash=known)


def test_a_status_without_its_signature_is_passed_over() -> None:
    books = TransactionBooks()
    told = TransactionStatus(1, WALLET, CHAIN, 0, hash_of("x"), S.SENT, 1, None, None, None, None, "", 5)
    books.take(told)
    books.take("something else")
    assert len(books.of(CHAIN, WALLET)) == 0

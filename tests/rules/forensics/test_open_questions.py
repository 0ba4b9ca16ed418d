"""A start knows which failures nobody has looked into."""

from __future__ import annotations

import attrs
import pytest

from alphapulse.data.execution import ExecutionReport, Mode, OrderRequest, Outcome
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.rules.forensics import open_questions as module
from alphapulse.rules.forensics.open_questions import OpenQuestions
from tests.journal.journal_samples import DAY_NS, fill, intent, report
from tests.journal.transaction_samples import finding, hash_of, signed, status

MINED, SENT = TransactionState.MINED, TransactionState.SENT


def live(number: int) -> OrderRequest:
    """A live trade."""
    return attrs.evolve(intent(number), mode=Mode.LIVE)  # type: ignore[misc]  # messages are attrs classes


def undone(number: int, name: str) -> list[object]:
    """What a journal holds of a trade that was undone."""
    return [
        live(number),
        signed(name, nonce=number, intent_id=number),
        status(name, MINED, nonce=number, gas_used=180_000),
        report(number),
    ]


def asked(*messages: object) -> list[tuple[int, bytes]]:
    questions = OpenQuestions()
    for message in messages:
        questions.take(message)
    return [(one.intent_id, record.hash) for one, record in questions.questions()]


def test_a_trade_that_was_undone_is_asked_about_until_a_finding_is_there() -> None:
    failed = undone(1, "a")
    assert [asked(*failed[:count]) for count in range(1, 4)] == [[], [], []]
    assert asked(*failed) == [(1, hash_of("a"))]
    assert asked(*failed, finding("a")) == []
    assert asked(*failed, *undone(2, "b"), finding("a")) == [(2, hash_of("b"))]


def test_what_was_taken_back_or_won_is_no_question() -> None:
    failed = undone(1, "a")
    revoked = SettlementRevoked.of(intent(1), report(1), 100, times=1, text="orphaned", revoked_ns=DAY_NS)
    assert asked(*failed, revoked) == []
    assert asked(*failed, revoked, fill(1)) == []
    assert asked(*failed, revoked, report(1)) == [(1, hash_of("a"))]
    assert asked(*failed, status("a", SENT, nonce=1)) == []
    lost: ExecutionReport = attrs.evolve(report(1), outcome=Outcome.LOST)  # type: ignore[misc]
    assert asked(*failed[:3], lost) == []


def test_of_several_attempts_the_mined_one_is_asked_about_and_paper_is_not() -> None:
    first, *rest = undone(1, "a")
    assert asked(first, signed("early", nonce=1), *rest, signed("late", nonce=1)) == [(1, hash_of("a"))]
    assert asked(intent(1), *rest) == []


def test_a_trade_of_ours_is_known_by_its_hash() -> None:
    questions = OpenQuestions()
    questions.take(signed("a"))
    questions.take(signed("c", purpose=Purpose.CANCEL))
    assert [questions.is_ours(hash_of(name)) for name in "abc"] == [True, False, False]


def test_trades_of_ours_at_one_state_are_sized_with_each_other() -> None:
    """Not what was sized on an earlier state, though it comes into the same block."""
    questions = OpenQuestions()
    for message in (live(1), signed("a", intent_id=1)):
        questions.take(message)
    later: OrderRequest = attrs.evolve(live(2), log_index=live(1).log_index + 1)  # type: ignore[misc]
    assert [questions.is_sized_with(hash_of("a"), one) for one in (live(2), later)] == [True, False]
    assert not questions.is_sized_with(hash_of("b"), live(2))


def test_a_start_asks_the_newest_and_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ASKED", 2)
    monkeypatch.setattr(module, "KEPT", 3)
    messages = [message for number, name in enumerate("abcde", 1) for message in undone(number, name)]
    assert asked(*messages) == [(4, hash_of("d")), (5, hash_of("e"))]
    monkeypatch.setattr(module, "MOST_ASKED", 9)
    assert [number for number, _ in asked(*messages)] == [3, 4, 5]

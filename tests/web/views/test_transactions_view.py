"""Transactions as pages see them live."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from alphapulse.data.transactions import TransactionState
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse_web.views import transactions_view
from alphapulse_web.views.transactions_view import TransactionsView
from tests.journal.transaction_samples import CHAIN, WALLET, hash_of, signed, status

MINED, SETTLED, REPLACED = TransactionState.MINED, TransactionState.SETTLED, TransactionState.REPLACED
NAMES = {WALLET: "main"}


def hex_of(name: str) -> str:
    return "0x" + hash_of(name).hex()


def test_a_transaction_is_shown_as_it_stands_with_its_wallets_name() -> None:
    view = TransactionsView()
    for message in (signed(), status(text="sent to two nodes"), status("never signed here"), "something else"):
        view.apply(message)
    (shown,) = view.latest(NAMES).transactions
    assert (shown.hash, shown.state, shown.text, shown.wallet_name) == (
        hex_of("a"),
        "sent",
        "sent to two nodes",
        "main",
    )
    assert (shown.gas_used, shown.block_number) == (None, None)
    view.apply(status(state=MINED, gas_used=210_000))
    (shown,) = view.latest({}).transactions
    assert (shown.state, shown.gas_used, shown.block_number, shown.wallet_name) == ("mined", "210000", 110, "")


def test_what_was_mined_in_its_place_is_named() -> None:
    view = TransactionsView()
    for message in (signed("a"), signed("b"), status("b", SETTLED, gas_used=21_000), status("a", REPLACED)):
        view.apply(message)
    newest, replaced = view.latest(NAMES).transactions
    assert (newest.hash, newest.replaced_by) == (hex_of("b"), None)
    assert (replaced.state, replaced.replaced_by) == ("replaced", hex_of("b"))


def test_what_is_restored_does_not_undo_what_was_heard_meanwhile() -> None:
    view = TransactionsView()
    view.apply(signed("new", nonce=9))
    view.apply(status("new", nonce=9))
    view.restore([TransactionRecord.of(signed("old", nonce=1)), TransactionRecord.of(signed("new", nonce=9))])
    assert [(one.hash, one.state) for one in view.latest(NAMES).transactions] == [
        (hex_of("new"), "sent"),
        (hex_of("old"), "signed"),
    ]
    assert view.open_of(WALLET, CHAIN) == 2
    assert view.open_of(WALLET, CHAIN + 1) == 0


def test_every_open_one_is_shown_and_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions_view, "LATEST", 2)
    monkeypatch.setattr(transactions_view, "KEPT", 5)
    view = TransactionsView()
    for nonce, name in enumerate("abcde"):
        view.apply(signed(name, nonce=nonce))
        if name != "a":
            view.apply(status(name, SETTLED, nonce=nonce, gas_used=1))
    assert [one.hash for one in view.latest(NAMES).transactions] == [hex_of(name) for name in "eda"]
    for nonce, name in enumerate("fg", 5):
        view.apply(signed(name, nonce=nonce))
    assert [one.hash for one in view.latest(NAMES).transactions] == [hex_of(name) for name in "gfeda"]
    for nonce, name in enumerate("hijklm", 7):
        view.apply(signed(name, nonce=nonce))
    assert [one.hash for one in view.latest(NAMES).transactions] == [hex_of(name) for name in "mlkji"]


async def test_who_waits_for_a_transaction_is_told_as_soon_as_it_was_heard_of() -> None:
    view = TransactionsView()
    found: list[TransactionRecord] = []

    async def wait() -> None:
        found.append(await view.wait_known(hash_of("b")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        view.apply(signed("a"))
        await trio.testing.wait_all_tasks_blocked()
        assert found == []
        view.apply(signed("b"))
        await trio.testing.wait_all_tasks_blocked()
        assert [one.hash for one in found] == [hash_of("b")]

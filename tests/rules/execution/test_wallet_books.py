"""What wallets should have: as they were found, and what the books have said since."""

from __future__ import annotations

from alphapulse.data.execution import Outcome
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import (
    DataFeePaid,
    Purpose,
    TransactionSigned,
    TransactionState,
    TransactionStatus,
    WalletAudit,
)
from alphapulse.rules.execution.settlement import failure_of, fill_of
from alphapulse.rules.execution.wallet_books import WalletBooks
from tests.rules.execution.trade_samples import (
    BASE,
    BLOCK_HASH,
    EARNED,
    HASH,
    INTENT,
    LEGS,
    MINED,
    TIME_NS,
    WALLET,
    changed,
    receipt_of,
)

COIN = (WALLET, None)
TOKEN = (WALLET, BASE.address)
GAS_WEI = MINED.cost_wei
FILL = fill_of(INTENT, MINED, LEGS, earned=EARNED, gas_cost=1_150, venue_time_ns=TIME_NS, filled_ns=9)


def audit(token: bytes | None, block: int, chain: int) -> WalletAudit:
    return WalletAudit(1, WALLET, 137, token, block, BLOCK_HASH, 0, chain, 9)


def signed(intent_id: int | None, tx_hash: bytes = HASH) -> TransactionSigned:
    purpose = Purpose.FILL_GAP if intent_id is None else Purpose.TRADE
    return TransactionSigned(1, WALLET, 137, 0, tx_hash, purpose, intent_id, 3, WALLET, 21_000, 1, 2, None, b"\2", 9)


def status(state: TransactionState, tx_hash: bytes = HASH, block: int | None = 102) -> TransactionStatus:
    gas, price = (None, None) if block is None else (21_000, 7)
    return TransactionStatus(1, WALLET, 137, 0, tx_hash, state, 1, block, BLOCK_HASH, gas, price, "", 9)


def books(*messages: object) -> WalletBooks:
    found = WalletBooks()
    for message in (audit(None, 99, 10**20), audit(BASE.address, 99, 50), *messages):
        found.take(message)
    return found


def test_an_account_that_was_never_looked_at_is_not_known() -> None:
    """Nor is one that was looked at later than the block that is asked for."""
    found = books()
    assert found.amount((WALLET, b"\3" * 20), 200) is None
    assert found.amount(COIN, 98) is None
    assert (found.amount(COIN, 99), found.amount(TOKEN, 500)) == (10**20, 50)
    assert found.touched(WALLET, 500) == (None,)


def test_fills_earn_and_every_trade_that_was_mined_has_paid_gas() -> None:
    """Only up to the block that is asked for."""
    failed = failure_of(
        changed(intent_id=7),
        Outcome.REVERTED,
        receipt_of([], succeeded=False),
        gas_cost=1,
        text="",
        venue_time_ns=TIME_NS,
        reported_ns=9,
    )
    found = books(signed(5), FILL, signed(7, b"\5" * 32), failed)
    assert (found.amount(TOKEN, 101), found.amount(COIN, 101)) == (50 + EARNED, 10**20 - 2 * GAS_WEI)
    assert (found.amount(TOKEN, 100), found.amount(COIN, 100)) == (50, 10**20)
    assert set(found.touched(WALLET, 101)) == {None, BASE.address}


def test_what_is_taken_back_counts_no_more_until_it_is_booked_again() -> None:
    """At its new place."""
    revoked = SettlementRevoked.of(INTENT, FILL, 100, times=1, text="", revoked_ns=9, reopened=True)
    found = books(signed(5), FILL, revoked)
    assert (found.amount(TOKEN, 101), found.amount(COIN, 101)) == (50, 10**20)
    found.take(FILL)
    assert found.amount(TOKEN, 101) == 50 + EARNED


def test_transactions_of_no_trade_cost_what_their_status_tells_while_they_are_in_a_block() -> None:
    """A gap that was filled belongs to nobody's profit, and is paid all the same, a rollup's fee for its data too."""
    found = books(signed(None), status(TransactionState.SENT, block=None))
    assert found.amount(COIN, 500) == 10**20
    found.take(status(TransactionState.MINED))
    assert found.amount(COIN, 102) == 10**20 - 21_000 * 7
    found.take(DataFeePaid(WALLET, 137, HASH, BLOCK_HASH, 55, 9))
    found.take(status(TransactionState.SETTLED))
    assert found.amount(COIN, 102) == 10**20 - 21_000 * 7 - 55
    found.take(status(TransactionState.SENT, block=None))
    assert found.amount(COIN, 500) == 10**20
    found.take(status(TransactionState.MINED))
    assert found.amount(COIN, 102) == 10**20 - 21_000 * 7


def test_an_audit_is_the_new_beginning() -> None:
    """Whatever it found: a difference is told once. What it has seen is forgotten, what came later is not."""
    found = books(signed(5), FILL, audit(BASE.address, 101, 7))
    assert (found.amount(TOKEN, 101), found.amount(TOKEN, 200)) == (7, 7)
    assert found.amount(COIN, 101) == 10**20 - GAS_WEI
    found.take(audit(None, 101, 1))
    assert found.amount(COIN, 101) == 1
    assert found.touched(WALLET, 500) == (None,)


def test_trades_on_paper_are_no_wallets_business() -> None:
    """Nothing was signed for them."""
    assert books(FILL).amount(TOKEN, 500) == 50

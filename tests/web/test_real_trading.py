"""Transactions, trades and wallets of a running daemon in the shapes of the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from alphapulse.daemon import Daemon
from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.errors import NoSuchTransaction, SendRefused
from alphapulse.journal.ledger_reader import LedgerReader
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse_web.api.requests import TradeQuery, TransactionQuery
from alphapulse_web.daemon_backend import DaemonBackend
from alphapulse_web.views.live_view import LiveView
from tests.daemon.daemon_rig import Rig, running_daemon
from tests.daemon.day_config import TRADES, Day
from tests.fakes.inline_blocking import run_inline
from tests.journal.transaction_samples import CHAIN, EXECUTOR, WALLET, finding, hash_of, signed, status, wallet_audit

HALF_DAY = Day(speed=3600)
SETTLED = TransactionState.SETTLED


@attrs.define
class Wallet:
    """A wallet whose replacements are told of as a sender tells of them."""

    daemon: Daemon
    name: str = "main"
    address: bytes = WALLET
    chain_id: int = CHAIN
    executor: bytes = EXECUTOR
    signer_kind: str = "remote"
    next_nonce: int = 8
    mined_nonce: int | None = 7
    gaps: tuple[int, ...] = (7,)
    balance_wei: int | None = 10**18
    as_of_block: int | None = 110
    problem: str | None = "the chain's numbers are not known"

    async def bump(self, tx_hash: bytes, /) -> SignedTransaction:
        return self._send("bumped", tx_hash)

    async def cancel(self, tx_hash: bytes, /) -> SignedTransaction:
        return self._send("cancelled", tx_hash)

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        return self._send(f"filled {nonce}", hash_of("a"))

    def _send(self, name: str, tx_hash: bytes) -> SignedTransaction:
        if self.name != "main" or tx_hash != hash_of("a"):
            raise NoSuchTransaction("expected one of ours")
        tell(self.daemon, signed(name))
        fields = DynamicFeeTransaction(
            chain_id=CHAIN, nonce=7, tip_wei=1, cap_wei=1, gas_limit=21_000, to=WALLET, value_wei=0, data=b""
        )
        return SignedTransaction(fields, raw=b"", hash=hash_of(name))


def tell(daemon: Daemon, *records: object) -> None:
    """What a sender tells: in the journal, then on the relay."""
    daemon.journal.append_now(list(records))
    daemon.bus.execution.publish(list(records))


@attrs.frozen
class Desk:
    """A daemon and the backend over it."""

    rig: Rig
    backend: DaemonBackend


@asynccontextmanager
async def desk_over(folder: Path) -> AsyncIterator[Desk]:
    views: list[LiveView] = []

    def control_plane(daemon: Daemon) -> LiveView:
        views.append(LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, daemon.environment.now_ns))
        return views[-1]

    async with (
        running_daemon(folder, HALF_DAY, control_plane=control_plane) as rig,
        aclosing(LedgerReader(rig.daemon.ledger_url, run_blocking=run_inline)) as reader,
    ):
        yield Desk(rig, DaemonBackend(rig.daemon, views[0], reader))


async def test_on_paper_there_are_trades_and_nothing_else(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path) as desk:
        await desk.rig.until(60)
        trading = desk.backend.real_trading
        fills = (await desk.backend.fills(None, 50)).fills
        assert len(fills) == TRADES
        for fill in fills:
            trade = await trading.trade(int(fill.intent_id))
            assert (trade.outcome, trade.text, trade.actual_net) == ("traded", fill.assumption, fill.net.raw)
            assert trade.expected_net == fill.expected_net.raw
            assert (trade.intent.mode, trade.intent.token.symbol) == ("paper", fill.net.symbol)
            assert [leg.pool for leg in trade.legs] == [pool.address for pool in fill.path]
            assert all(leg.actual_out == leg.expected_out and leg.decimals_in for leg in trade.legs)
            assert (trade.gas.used, trade.gas.cost, trade.transactions) == (None, fill.gas.raw, [])
        first = await trading.trades(TradeQuery(limit=TRADES - 1))
        last = await trading.trades(TradeQuery(before=first.older))
        listed = [*first.trades, *last.trades]
        assert [one.intent.id for one in listed] == [fill.intent_id for fill in fills]
        assert (last.older, listed[0]) == (None, await trading.trade(int(fills[0].intent_id)))
        with pytest.raises(ValueError, match="next_cursor"):
            await trading.trades(TradeQuery(before="nonsense"))
        with pytest.raises(LookupError, match="99999"):
            await trading.trade(99_999)
        assert (await trading.transactions(TransactionQuery())).transactions == []
        assert trading.latest().transactions == []
        assert (await trading.wallets()).wallets == []
        for act in (trading.bump(hash_of("a")), trading.cancel(hash_of("a")), trading.fill_gap(WALLET, 7)):
            with pytest.raises(SendRefused, match="not_live"):
                await act


async def test_what_was_sent_is_shown_with_its_wallet(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path) as desk:
        await desk.rig.until(60)
        trading, daemon = desk.backend.real_trading, desk.rig.daemon
        intent_id = int((await desk.backend.fills(None, 1)).fills[0].intent_id)
        now_ns = daemon.environment.now_ns()
        tell(
            daemon,
            signed("a", intent_id=intent_id),
            signed("b", nonce=8, intent_id=None, purpose=Purpose.FILL_GAP),
            status("a", SETTLED, gas_used=210_000, at_ns=now_ns, text="settled"),
            wallet_audit(None, books=4, chain=5),
            wallet_audit(daemon.pools[0].token0.address),
            finding("a", intent_id=intent_id),
        )
        daemon.trading.wallets = (Wallet(daemon),)
        await desk.rig.until(61)
        newest, older = (await trading.transactions(TransactionQuery())).transactions
        assert (newest.purpose, newest.state, newest.nonce) == ("fill_gap", "signed", 8)
        assert (older.wallet_name, older.state, older.text, older.gas_used) == ("main", "settled", "settled", "210000")
        first = await trading.transactions(TransactionQuery(limit=1))
        assert (await trading.transactions(TransactionQuery(before=first.older))).transactions == [older]
        assert (await trading.transactions(TransactionQuery(open=True))).transactions == [newest]
        assert (await trading.transactions(TransactionQuery(state="settled"))).transactions == [older]
        assert (await trading.transactions(TransactionQuery(hash=older.hash))).transactions == [older]
        assert trading.latest().transactions == [newest, older]
        trade = await trading.trade(intent_id)
        assert trade.transactions == [older]
        assert (await trading.trades(TradeQuery(limit=1))).trades == [trade]
        assert (trade.gas.limit, trade.gas.used, trade.gas.price_wei) == ("400000", "210000", "50000000000")
        assert trade.finding is None  # a trade that was won has none
        (wallet,) = (await trading.wallets()).wallets
        assert (wallet.name, wallet.signer, wallet.open, wallet.problem) == (
            *("main", "remote", 1),
            "the chain's numbers are not known",
        )
        assert wallet.gas_hour_wei == str(210_000 * 50 * 10**9)
        assert (wallet.coin, wallet.gaps, trade.intent.coin) == ("POL", [7], "ETH")
        token = daemon.pools[0].token0
        assert [(audit.symbol, audit.decimals, audit.books, audit.equal) for audit in wallet.audits] == [
            ("POL", 18, "4", False),
            (token.symbol, token.decimals, "5", True),
        ]


async def test_an_operators_act_goes_to_the_wallet_whose_transaction_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with desk_over(tmp_path) as desk:
        await desk.rig.until(1)
        trading, daemon = desk.backend.real_trading, desk.rig.daemon
        stranger = Wallet(daemon, name="other", address=bytes(20))
        daemon.trading.wallets = (stranger, Wallet(daemon))
        assert (await trading.bump(hash_of("a"))).hash == "0x" + hash_of("bumped").hex()
        assert (await trading.cancel(hash_of("a"))).hash == "0x" + hash_of("cancelled").hex()
        filled = await trading.fill_gap(WALLET, 7)
        assert (filled.hash, filled.wallet_name) == ("0x" + hash_of("filled 7").hex(), "main")
        with pytest.raises(NoSuchTransaction):
            await trading.bump(hash_of("z"))
        with pytest.raises(LookupError):
            await trading.fill_gap(b"x" * 20, 7)


async def test_a_view_that_begins_anew_learns_what_was_sent_before(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with desk_over(tmp_path) as desk:
        await desk.rig.until(1)
        daemon = desk.rig.daemon
        tell(daemon, signed("a"), signed("b", nonce=8), status("a", SETTLED, gas_used=1))
        await desk.rig.until(2)
        view = LiveView(daemon.bus, daemon.pools, daemon.strategy.base_tokens, daemon.environment.now_ns)
        async with aclosing(LedgerReader(daemon.ledger_url, run_blocking=run_inline)) as reader:
            backend = DaemonBackend(daemon, view, reader)
            assert backend.real_trading.latest().transactions == []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(backend.run)
                await trio.testing.wait_all_tasks_blocked()
                shown = backend.real_trading.latest().transactions
                nursery.cancel_scope.cancel()
        assert [(one.nonce, one.state) for one in shown] == [(8, "signed"), (7, "settled")]

"""The daemon trades for real on anvil: a gap is won, booked to the wei, taken back, booked again; a loss costs gas."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from coincurve import PrivateKey

from alphapulse.composition.environment import Environment
from alphapulse.composition.live_start import LiveStart, open_live_start
from alphapulse.config import load_config
from alphapulse.daemon import Daemon, open_daemon
from alphapulse.data.execution import ExecutionReport, Fill, Mode, Outcome
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.data.market import StreamState
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.roles import Role
from alphapulse.data.transactions import WalletAudit
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.executors import COINS_WEI, deploy_executor
from alphapulse.devnet.world import World
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.secp256k1 import address_of
from tests.chain.fault_proxy import FaultProxy, open_proxy
from tests.chain.worlds import open_test_world
from tests.prove_execution.settings import KEY, write_settings

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

SCALAR = bytes([5]) * 32
WALLET = checksum_address(address_of(PrivateKey(SCALAR).public_key.format(compressed=False)))
WAIT_S = 60.0
POOL = "Uniswap V3 WPOL/USDC.e 500"


async def until(wanted: Callable[[], bool]) -> None:
    """Return as soon as it is so; it has to be so soon."""
    with trio.fail_after(WAIT_S):
        while not wanted():  # noqa: ASYNC110 - no event tells of it
            await trio.sleep(0.02)


@attrs.define
class Live:
    """A daemon in live mode on a chain whose blocks a test mines."""

    world: World
    proxy: FaultProxy
    daemon: Daemon
    told: list[Any]

    def of(self, *types: type) -> list[Any]:
        return [one for one in self.told if isinstance(one, types)]

    async def block(self) -> None:
        """Mine what waits, and tell of it."""
        newest = int((await self.world.block())["timestamp"], 16)
        await self.world.set_time(max(newest + 1, int(time.time())))
        await self.world.mine()
        await self.proxy.sync()

    async def blocks_until(self, wanted: Callable[[], bool]) -> None:
        """Blocks, until it is so."""
        with trio.fail_after(WAIT_S):
            while not wanted():
                await self.block()
                with trio.move_on_after(0.3):
                    await until(wanted)

    async def open_gap(self) -> None:
        """Somebody buys far too much in one pool."""
        pool = self.world.pools[POOL]
        amount = 400_000 * 10**pool.token1.decimals
        await self.world.send([self.world.moves.swap(pool, amount, zero_for_one=False)])
        await self.block()

    async def waiting(self) -> None:
        """Return when a transaction of the wallet is in the node's pool."""
        with trio.fail_after(WAIT_S):
            while await self._count("pending") == await self._count("latest"):  # noqa: ASYNC110 - as above
                await trio.sleep(0.02)

    async def balances(self) -> dict[bytes | None, int]:
        """Of each token, and of the coin."""
        found: dict[bytes | None, int] = {None: int(await self.world.rpc.ask("eth_getBalance", WALLET, "latest"), 16)}
        for token in self.world.tokens.values():
            data = await self.world.rpc.read(call(token.address, "balanceOf(address)", WALLET))
            found[bytes.fromhex(token.address[2:])] = int(returned("uint256", data)[0])
        return {token: amount for token, amount in found.items() if amount}

    def booked(self) -> dict[bytes | None, int]:
        """What the wallet should have by fills and reports, less what was taken back."""
        found: dict[bytes | None, int] = {None: COINS_WEI}
        for one in self.of(Fill, ExecutionReport, SettlementRevoked):
            sign = -1 if isinstance(one, SettlementRevoked) else 1
            found[None] -= sign * one.gas_wei
            if not isinstance(one, ExecutionReport):
                earned = sign * (one.gross - one.pool_fees - one.flash_fee)
                found[one.profit_token] = found.get(one.profit_token, 0) + earned
        return {token: amount for token, amount in found.items() if amount}

    async def agree(self) -> None:
        """Books and chain say the same, if not yet then soon: what is mined is heard of a moment later."""
        with trio.move_on_after(WAIT_S):
            while self.booked() != await self.balances():  # noqa: ASYNC110 - no event tells of it
                await trio.sleep(0.02)
        assert self.booked() == await self.balances()

    async def _count(self, block: str) -> int:
        return int(await self.world.rpc.ask("eth_getTransactionCount", WALLET, block), 16)


@asynccontextmanager
async def live_start(
    folder: Path,
    world: World,
    proxy: FaultProxy,
    *,
    flag: bool = True,
    typed: str | None = "",
    scalar: bytes | None = SCALAR,
    executor: str | None = None,
    mode: str = '"live"',
) -> AsyncIterator[tuple[LiveStart, Any]]:
    """What came of the wish to trade; `typed` empty: whatever is asked for. No `executor`: the wallet deploys one."""
    executor = executor or await deploy_executor(world, WALLET)
    await proxy.sync()
    path = write_settings(
        folder, world, (proxy.http_url, proxy.ws_url), executor, {"mode": mode, "block_time_ms": 30_000}
    )
    config = load_config(path)

    async def ask(wanted: str) -> str | None:
        return wanted if typed == "" else typed

    environment = Environment()
    environ = {} if scalar is None else {KEY: "0x" + scalar.hex()}
    async with open_live_start(config, flag=flag, ask_phrase=ask, environment=environment, environ=environ) as start:
        yield start, config


@asynccontextmanager
async def live(folder: Path, *, order: str = "fifo") -> AsyncIterator[Live]:
    """A daemon that has been resumed and follows a chain of now."""
    now_s = int(time.time())
    async with (
        open_test_world(genesis_s=now_s - 600, order=order) as world,
        open_proxy(world) as proxy,
        live_start(folder, world, proxy) as (start, config),
    ):
        assert start.missing == ()
        await world.mine(40)
        await proxy.sync()
        told: list[Any] = []

        async def listen(daemon: Daemon) -> None:
            with daemon.bus.subscribe_to_all("test") as subscription:
                while True:
                    told.extend(await subscription.receive())

        async with open_daemon(config, live=start) as daemon, trio.open_nursery() as nursery:
            nursery.start_soon(listen, daemon)
            async with trio.open_nursery() as running:
                await running.start(daemon.run)
                rig = Live(world, proxy, daemon, told)
                assert daemon.mode is Mode.LIVE
                assert daemon.halts.level_of(GLOBAL) is Level.HALTED
                await rig.block()
                await until(lambda: stream(daemon) is StreamState.FRESH)
                await until(lambda: all(holds for _, holds, _ in _ready(daemon)))
                challenge = daemon.halting.challenge(GLOBAL, actor="test", role=Role.ADMIN)
                daemon.resume(
                    GLOBAL,
                    reason="a test",
                    actor="test",
                    via=Via.API,
                    role=Role.ADMIN,
                    nonce=challenge.nonce,
                    phrase=challenge.phrase,
                )
                yield rig
                daemon.request_stop("the test is over")
            nursery.cancel_scope.cancel()


def stream(daemon: Daemon) -> StreamState:
    found = daemon.bus.streams.get("chain")
    return StreamState.UNKNOWN if found is None else found.state


def _ready(daemon: Daemon) -> list[tuple[str, bool, str]]:
    """Preconditions of a resume that nobody types."""
    return daemon.resume_preconditions()


async def test_a_gap_is_won_booked_to_the_wei_taken_back_and_booked_again(tmp_path: Path) -> None:
    """Ledger and chain are equal after the trade, after a reorganisation, and after its settlement."""
    async with live(tmp_path) as rig:
        await rig.open_gap()
        await rig.waiting()
        await rig.block()
        await until(lambda: len(rig.of(Fill)) >= 1)
        await rig.agree()
        fill = rig.of(Fill)[0]
        assert fill.net == fill.gross - fill.pool_fees - fill.flash_fee - fill.gas_cost > 0

        await rig.world.reorganise(1, [[], []])
        await rig.proxy.sync()
        await until(lambda: len(rig.of(SettlementRevoked)) >= 1)
        await until(lambda: not rig.of(SettlementRevoked)[0].filled or rig.of(SettlementRevoked)[0].reopened)
        await rig.blocks_until(lambda: not rig.daemon.executor.pending)
        await rig.agree()

        await rig.blocks_until(lambda: any(one.block_number > fill.block_number for one in rig.of(WalletAudit)))
        assert all(one.books == one.chain for one in rig.of(WalletAudit))
        assert rig.daemon.halts.level_of(GLOBAL) is Level.ACTIVE


async def test_a_trade_that_comes_too_late_costs_its_gas_and_nothing_else(tmp_path: Path) -> None:
    """Somebody who pays more closes the gap in our own block."""
    async with live(tmp_path, order="fees") as rig:
        await rig.open_gap()
        await rig.waiting()
        pool = rig.world.pools[POOL]
        close = rig.world.moves.swap(pool, 1_000_000 * 10**pool.token0.decimals, zero_for_one=True)
        await rig.world.send([close], rig.world.accounts[2], cap_wei=10**13)
        await rig.block()
        await until(lambda: any(isinstance(one, ExecutionReport) and one.gas_wei for one in rig.told))
        report = next(one for one in rig.of(ExecutionReport) if one.gas_wei)
        assert report.outcome is Outcome.REVERTED
        await rig.blocks_until(lambda: not rig.daemon.executor.pending)
        await rig.agree()


async def test_a_wallet_that_somebody_pays_into_makes_everything_reducing(tmp_path: Path) -> None:
    """The books do not know of it: what differs is told to the unit, and nothing new is risked."""
    async with live(tmp_path) as rig:
        await until(lambda: any(isinstance(one, WalletAudit) for one in rig.told))
        await rig.world.rpc.ask("anvil_setBalance", WALLET, hex(COINS_WEI + 77))
        await rig.open_gap()
        await rig.waiting()
        await rig.blocks_until(lambda: rig.daemon.halts.level_of(GLOBAL) is Level.REDUCING)
        await until(lambda: any(one.books != one.chain for one in rig.of(WalletAudit)))
        different = next(one for one in rig.of(WalletAudit) if one.books != one.chain)
        assert (different.token, different.chain - different.books) == (None, 77)


async def test_whatever_is_missing_keeps_it_on_paper(tmp_path: Path) -> None:
    """Flag, configuration, key, contract and phrase: each by itself, named."""
    async with open_test_world() as world, open_proxy(world) as proxy:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"flag": False}, "the flag --live"),
            ({"typed": None}, "the phrase, typed or in a file: trade for real on chain 137 with " + WALLET),
            ({"typed": "yes"}, "the phrase as it is, found another text"),
            ({"mode": '"paper"'}, '[daemon] mode = "live"'),
            ({"scalar": None}, f"the key of wallets.main: key_env: expected a key in the environment variable {KEY}"),
            ({"scalar": bytes([6]) * 32}, "at wallets.main.executor, found other code at "),
            (
                {"executor": "0x" + "77" * 20},
                f"the executor contract of {WALLET} at wallets.main.executor, found no code",
            ),
        ]
        for number, (wish, words) in enumerate(cases):
            (folder := tmp_path / str(number)).mkdir()
            async with live_start(folder, world, proxy, **wish) as (start, _):
                assert start.parts is None
                assert start.mode is Mode.PAPER
                assert words in "; ".join(start.missing)

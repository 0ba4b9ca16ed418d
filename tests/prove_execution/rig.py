"""A daemon that trades for real on a chain of ours: wallet, executor, node in front, market, and what was seen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import MappingProxyType

import attrs
import trio
from coincurve import PrivateKey

from alphapulse.composition.live_start import phrase_of
from alphapulse.devnet.call_data import call, returned
from alphapulse.devnet.executors import COINS_WEI, deploy_executor
from alphapulse.devnet.market import Market
from alphapulse.devnet.node import CHAIN_ID
from alphapulse.devnet.world import World
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.secp256k1 import address_of
from tests.chain.fault_proxy import serving
from tests.chain.worlds import open_test_world
from tests.prove_execution.books import Books, read_books
from tests.prove_execution.daemon_process import PATIENCE_S, DaemonProcess
from tests.prove_execution.front import FrontNode
from tests.prove_execution.oracle import Moment, look
from tests.prove_execution.settings import KEY, SETTLED_DEPTH, write_settings

ON_PAPER = "trading on paper"
HISTORY_BLOCKS = 40
FIRST_BLOCKS, FIRST_S = 2, 0.4
"""What a strategy has to see before it counts what it misses."""
QUIET_S = 0.15
"""So long after a transaction no other one of the same block comes."""
ANSWER_S = 1.5
"""So long a block is waited on for a transaction."""
SETTLE_S = 60.0
"""Longer than this nothing may stand open: no gap, no transaction of which nobody knows the end."""


@attrs.frozen
class Wallet:
    """An account with its key, and the contract that obeys it."""

    key: bytes
    address: bytes
    executor: str

    @property
    def name(self) -> str:
        """Its address as people write it."""
        return checksum_address(self.address)


@attrs.define
class Rig:
    """One daemon on one chain."""

    world: World
    front: FrontNode
    market: Market
    wallet: Wallet
    daemon: DaemonProcess
    moments: dict[int, Moment] = attrs.field(factory=dict)
    """All pools at the end of each block, by its number, as it is on the chain now."""
    told: int = 0
    """How many transactions had come when the newest block was told."""
    broken: list[str] = attrs.field(factory=list)

    async def block(self) -> int:
        """One block of trade, told to the daemon. Its number."""
        await self.on_time()
        number = await self.market.block()
        await self.tell()
        return number

    async def empty_block(self) -> int:
        """The same without a market: only what waits is mined."""
        await self.on_time()
        number = await self.world.mine()
        await self.tell()
        return number

    async def start(self) -> None:
        """Start the daemon, and let it trade."""
        async with trio.open_nursery() as nursery:  # a chain that stands still is one that is not traded on
            nursery.start_soon(self._go_on)
            await self.daemon.start()
            nursery.cancel_scope.cancel()
        if ON_PAPER in self.daemon.log:
            raise RuntimeError(f"expected live mode, found: {self.daemon.log}")
        await self.resume()

    async def resume(self) -> None:
        """Let it trade, and wait until it follows the chain: what was open before its strategy began is left alone."""
        async with trio.open_nursery() as nursery:  # the chain goes on: what is open needs blocks to end
            nursery.start_soon(self._go_on)
            level = await self.daemon.level()
            if level is None or level.stopped:  # killed with everything settled, it goes on by itself
                await self.daemon.resume()
            nursery.cancel_scope.cancel()
        with trio.fail_after(PATIENCE_S):
            while not self.front.subscriptions:  # noqa: ASYNC110 - no event tells of it
                await trio.sleep(QUIET_S)
        for _ in range(FIRST_BLOCKS):
            await self.empty_block()
            await trio.sleep(FIRST_S)

    async def _go_on(self) -> None:
        while True:
            await trio.sleep(FIRST_S)
            await self.empty_block()

    async def on_time(self) -> None:
        """The next block is of now: nodes from the future are not believed."""
        newest = int((await self.world.block())["timestamp"], 16)
        await self.world.set_time(max(newest, int(time.time())))

    async def tell(self) -> None:
        """The node in front looks at the chain and announces what is new; what pools are is kept."""
        moment = await look(self.world)
        self.moments[moment.number] = moment
        self.told = len(self.front.arrivals)
        await self.front.sync()

    async def answered(self) -> bool:
        """Whether transactions came for this block; returns when no further one does."""
        came = len(self.front.arrivals) > self.told
        within_s = QUIET_S if came else ANSWER_S
        while True:
            with trio.move_on_after(within_s):
                await self.front.wait_arrival()
                within_s, came = QUIET_S, True
                continue
            return came

    async def roll_back(self, depth: int, chance: Random) -> None:
        """The newest blocks are undone and others take their place, one more than there were; all are told."""
        await self.world.roll_back(depth)
        for _ in range(depth + 1):
            await self.market.block() if chance.randrange(2) else await self.world.mine()
            moment = await look(self.world)
            self.moments[moment.number] = moment
        await self.tell()

    async def settle(self) -> None:
        """No more gaps: blocks are mined until nothing of the wallet's is open, and its books are whole."""
        began = trio.current_time()
        while trio.current_time() < began + SETTLE_S:
            await self.empty_block()
            await trio.sleep(QUIET_S)
            if not await self._at_rest():
                continue
            came = len(self.front.arrivals)
            for _ in range(SETTLED_DEPTH + 1):
                await self.empty_block()
                await trio.sleep(QUIET_S)
            # On a busy machine a daemon that has just been started may only now find what stands open.
            if len(self.front.arrivals) == came and await self._at_rest():
                return
        books = self.books()
        self.broken.append(
            f"after {SETTLE_S:.0f} s there are still open {sorted(books.open.values())}, intents without an end "
            f"{sorted(books.unended)}, gaps {await self.gaps()}"
        )

    async def _at_rest(self) -> bool:
        """Whether nothing of the wallet's is open, and its books are whole."""
        books = self.books()
        return not books.open and not books.unended and not await self.gaps()

    async def gaps(self) -> list[int]:
        """Numbers below the highest that was ever sent here, neither mined nor waiting."""
        mined = await self.nonce()
        waiting = {one.nonce for one in self.front.kept.waiting if one.sender == "0x" + self.wallet.address.hex()}
        highest = max((one.signed.transaction.nonce for one in self.front.arrivals), default=-1)
        return [nonce for nonce in range(mined, highest + 1) if nonce not in waiting]

    async def nonce(self) -> int:
        """How many transactions of the wallet are mined."""
        return int(await self.world.rpc.ask("eth_getTransactionCount", self.wallet.name, "latest"), 16)

    def books(self) -> Books:
        """What the journal says at this moment."""
        return read_books(self.daemon.paths.journal)


async def _as_it_is(world: World) -> World:
    return world


@asynccontextmanager
async def open_rig(
    folder: Path,
    *,
    seed: int,
    number: int = 0,
    chain_id: int = CHAIN_ID,
    changed: Mapping[str, int | str] = MappingProxyType({}),
    prepared: Callable[[World], Awaitable[World]] = _as_it_is,
) -> AsyncIterator[Rig]:
    """A daemon in live mode that has been resumed and follows a fresh chain, until the block ends.

    `changed` sets lines of the configuration by their keys, `prepared` may put more on the chain before.
    """
    now_s = int(time.time())
    async with open_test_world(holders=6, number=number, chain_id=chain_id, genesis_s=now_s - 600) as bare:
        world = await prepared(bare)
        key = Random(f"wallet {seed}").randbytes(32)
        address = address_of(PrivateKey(key).public_key.format(compressed=False))
        wallet = Wallet(key, address, await deploy_executor(world, checksum_address(address)))
        await world.mine(HISTORY_BLOCKS)
        async with serving(FrontNode(world, seed=seed)) as front:
            config = write_settings(folder, world, (front.http_url, front.ws_url), wallet.executor, changed)
            phrase = folder / "phrase.txt"
            phrase.write_text(phrase_of(chain_id, [address]), "utf-8")
            daemon = DaemonProcess(config, {KEY: "0x" + key.hex()}, phrase)
            # A gap in every block, and nothing else but the keepers of prices.
            market = Market(world, Random(seed), swaps=0, supply_ppm=0, gap_every=1)
            rig = Rig(world, front, market, wallet, daemon)
            try:
                await rig.empty_block()
                await rig.start()
                yield rig
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 10):
                    await daemon.kill()


async def balances(rig: Rig) -> dict[str, int]:
    """What the wallet has more of each token than at the start, in raw units; of coins, `` less."""
    tokens = tuple(rig.world.tokens.values())
    answers = await rig.world.rpc.read_all([call(one.address, "balanceOf(address)", rig.wallet.name) for one in tokens])
    found = {
        one.address[2:].lower(): int(returned("uint256", data)[0]) for one, data in zip(tokens, answers, strict=True)
    }
    coins = int(await rig.world.rpc.ask("eth_getBalance", rig.wallet.name, "latest"), 16)
    return {**found, "": COINS_WEI - coins}

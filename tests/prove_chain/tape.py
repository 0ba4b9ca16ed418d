"""A piece of a real chain, branches included, to be told again from memory: blocks, logs, states of pools."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
from eth_abi.abi import encode

from alphapulse.devnet.call_data import returned
from alphapulse.devnet.creation import SETUP_BLOCKS
from alphapulse.devnet.market import Market
from alphapulse.devnet.moves import DevPool
from alphapulse.devnet.rpc import hex_of
from alphapulse.devnet.stock import Family
from alphapulse.errors import DevnetError
from alphapulse.rules.evm.keccak import keccak256
from tests.chain.chain_view import is_wanted
from tests.chain.truth import Truth, read_truth
from tests.chain.worlds import open_test_world

REORGANISED_EVERY = 9
"""Blocks between reorganisations, on average."""
DEEPEST = 12
CALM_BLOCKS = 8
"""Blocks before anything is told, so that a node which lags knows the pools too."""


@attrs.frozen
class TapedBlock:
    """A block as the node had it, with what pools were at its end."""

    number: int
    hash: str
    header: dict[str, Any]
    logs: tuple[dict[str, Any], ...]
    truth: dict[str, Truth]


@attrs.frozen
class Step:
    """What happens next: so many blocks are undone, and these come in their place."""

    undone: int
    blocks: tuple[TapedBlock, ...]


@attrs.frozen
class Tape:
    """The chain's beginning, and how it went on."""

    begun: tuple[TapedBlock, ...]
    steps: tuple[Step, ...]
    pools: tuple[DevPool, ...]
    multicall3: str


async def record(steps: int, seed: int) -> Tape:
    """Some steps of a seeded market on a real chain."""
    chance = Random(seed)
    async with open_test_world() as world:
        market, pools = Market(world, Random(seed)), tuple(world.pools.values())

        async def taped(number: int) -> TapedBlock:
            header = await world.block(number)
            logs = await world.rpc.ask("eth_getLogs", {"blockHash": header["hash"]})
            exist = number >= SETUP_BLOCKS
            truth = await read_truth(world.rpc, world.places["Multicall3"], pools, number) if exist else {}
            return TapedBlock(number, header["hash"], header, tuple(logs), truth)

        for _ in range(CALM_BLOCKS):
            await market.block()
        begun = [await taped(number) for number in range(await world.block_number() + 1)]
        taken: list[Step] = []
        for _ in range(steps):
            height = await world.block_number() - len(begun) + 1
            undone = 0
            if height > 0 and chance.randrange(REORGANISED_EVERY) == 0:
                undone = chance.randint(1, min(DEEPEST, height))
                await world.roll_back(undone)
            new = [await taped(await market.block()) for _ in range(undone + 1)]
            taken.append(Step(undone, tuple(new)))
        return Tape(tuple(begun), tuple(taken), pools, world.places["Multicall3"])


class TapedNode:
    """An honest node in memory: it is where the tape has been told up to."""

    def __init__(self, tape: Tape) -> None:
        self.chain = list(tape.begun)
        self.known = {block.hash: block for block in tape.begun}
        self._pools = {pool.address: pool for pool in tape.pools}
        self._multicall3 = tape.multicall3.lower()

    @property
    def head(self) -> TapedBlock:
        """The newest block."""
        return self.chain[-1]

    def advance(self, step: Step) -> None:
        """The chain goes on."""
        if step.undone:
            for block in self.chain[-step.undone :]:
                del self.known[block.hash]
            del self.chain[-step.undone :]
        self.chain += step.blocks
        self.known.update((block.hash, block) for block in step.blocks)

    async def exchange(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to requests of JSON-RPC, errors among them."""
        found = []
        for one in requests:
            try:
                result = await self.ask(one["method"], *one.get("params", []))
                found.append({"jsonrpc": "2.0", "id": one["id"], "result": result})
            except DevnetError as error:
                problem = {"code": -32000, "message": str(error)}
                found.append({"jsonrpc": "2.0", "id": one["id"], "error": problem})
        return found

    async def ask(self, method: str, *params: Any) -> Any:
        """One answer. Raises DevnetError."""
        found: Any
        match method:
            case "eth_chainId":
                found = "0x89"
            case "eth_blockNumber":
                found = hex(self.head.number)
            case "eth_getBlockByNumber":
                block = self._by_number(params[0])
                found = None if block is None else block.header
            case "eth_getBlockByHash":
                block = self.known.get(params[0])
                found = None if block is None else block.header
            case "eth_getLogs":
                found = self._logs(params[0])
            case "eth_getCode":
                found = "0x00" if params[0].lower() == self._multicall3 else "0x"
            case "eth_call":
                found = hex_of(self._called(params[0], self._at(params[1])))
            case _:
                raise DevnetError(f"the method {method} does not exist")
        return found

    def _by_number(self, tag: str) -> TapedBlock | None:
        if tag in {"finalized", "safe"}:
            return self.chain[0]
        number = self.head.number if tag in {"latest", "pending"} else int(tag, 16)
        return self.chain[number] if number < len(self.chain) else None

    def _at(self, tag: Any) -> TapedBlock:
        block = self.known.get(tag["blockHash"]) if isinstance(tag, dict) else self._by_number(tag)
        if block is None:
            raise DevnetError("header not found")
        return block

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in wanted:
            blocks: Sequence[TapedBlock] = [self._at(wanted)]
        else:
            last = self._by_number(wanted.get("toBlock", "latest"))
            blocks = self.chain[int(wanted["fromBlock"], 16) : (last or self.head).number + 1]
        return [log for block in blocks for log in block.logs if is_wanted(log, wanted)]

    def _called(self, call: dict[str, Any], block: TapedBlock) -> bytes:
        to, data = call["to"].lower(), bytes.fromhex((call.get("data") or call["input"])[2:])
        if to != self._multicall3:
            return _answered(self._pools[to], block, data)
        (calls,) = returned("(address,bool,bytes)[]", data[4:])
        results = [(True, _answered(self._pools[one.lower()], block, inner)) for one, _, inner in calls]
        return encode(["(bool,bytes)[]"], [results])


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


RESERVES, LIQUIDITY, TICKS = _selector("getReserves()"), _selector("liquidity()"), _selector("ticks(int24)")
PRICES = {_selector("slot0()"), _selector("globalState()")}
BITMAPS = {_selector("tickBitmap(int16)"), _selector("tickTable(int16)")}


def _answered(pool: DevPool, block: TapedBlock, data: bytes) -> bytes:
    """What the pool's contract would have returned at the end of that block."""
    truth, selector = block.truth[pool.name], data[:4]
    argument = int.from_bytes(data[4:36], "big", signed=True) if len(data) > 4 else 0
    if pool.family is Family.V2 and selector == RESERVES and truth.reserves is not None:
        return _words(*truth.reserves, 0)
    if selector in PRICES:
        return _words(truth.sqrt_price_x96, truth.tick, truth.fee_ppm or 0, 0, 0, 0, 1)
    if selector == LIQUIDITY:
        return _words(truth.liquidity)
    if selector in BITMAPS:
        places = [tick // pool.spacing for tick, _, _ in truth.ticks]
        return _words(sum(1 << (place & 255) for place in places if place >> 8 == argument))
    if selector == TICKS:
        return _words(*next(((gross, net) for tick, gross, net in truth.ticks if tick == argument), (0, 0)))
    raise DevnetError(f"execution reverted: {pool.name} has no {selector.hex()}")


def _words(*numbers: int) -> bytes:
    return b"".join((number % (1 << 256)).to_bytes(32, "big") for number in numbers)

"""The model of a chain: makes blocks of pool events by itself, and keeps the true state behind every log."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import attrs
import trio

from alphapulse.rules.amm.sqrt_price_math import amount0_delta, amount1_delta
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from tests.simulation.pools import ADDRESSES, PPM, START_SQRT_X96, TrueState, amount_to_reach, swap

GENESIS_S = 1_704_412_800
"""2024-01-05 00:00 UTC, the first block's timestamp."""
FIRST_BLOCK = 18_937_382
KEPT_FORKS = 16
"""Forks that a block tells of."""
KEPT_BLOCKS = 256
"""Blocks whose states can still be asked for; fills come a few blocks behind the head at most."""
FOREIGN = "0x1111111111111111111111111111111111111111"
"""Emits logs that look like swaps and belong to no admitted pool."""


@attrs.frozen
class ModelLog:
    """One log as the chain has it: words are those of the contract's event."""

    pool: int
    kind: str
    words: tuple[int, ...]
    ticks: tuple[int, int] | None
    index: int
    address: str


@attrs.frozen
class ModelBlock:
    """A block with the logs of its pools, and the states at its end."""

    number: int
    time_s: int
    logs: tuple[ModelLog, ...]
    states: tuple[TrueState, ...]
    """By pool, at the block's end."""
    behind: dict[int, tuple[TrueState, ...]]
    """By log index: all states directly behind that log."""
    branch: int
    """How often the chain had taken blocks back when it was made."""
    forks: tuple[tuple[int, int], ...]
    """Of the newest branches: number of the branch, and the newest block that it shares with those before."""
    parent: ModelBlock | None = attrs.field(repr=False, eq=False)

    @property
    def hash(self) -> str:
        """Its hash: blocks of one number on two branches have two."""
        return f"0x{self.branch:032x}{self.number:032x}"

    def state_at(self, pool: int, log_index: int) -> TrueState | None:
        """The state directly behind a log (an index beyond the last is the block's end); None if it is not known."""
        state = self.parent.states[pool] if self.parent is not None else None
        for log in self.logs:
            if log.index > log_index:
                break
            state = self.behind[log.index][pool]
        return state


@attrs.frozen
class _Position:
    pool: int
    lower: int
    upper: int
    liquidity: int


class ModelChain:
    """Random walks of three pools of one pair that drift apart and are pulled together again.

    `chance` decides everything; `on_block` hears of each block when it is made. `depth` says after each how many are
    taken back, to be replaced at once by others of the same numbers.
    """

    def __init__(
        self,
        chance: Random,
        *,
        block_s: int,
        restless_ppm: int,
        on_block: Callable[[ModelBlock], None],
        depth: Callable[[], int] = lambda: 0,
    ) -> None:
        self.block_s = block_s
        self.head: ModelBlock | None = None
        self.blocks: dict[int, ModelBlock] = {}
        """By number: those of the chain as it is."""
        self.variants: dict[str, ModelBlock] = {}
        """By hash: those of all branches."""
        self.reorganisations = 0
        self._chance = chance
        self._restless_ppm = restless_ppm
        self._on_block = on_block
        self._depth = depth
        self._branch = 0
        self._forks: tuple[tuple[int, int], ...] = ()
        self._kept_positions: dict[int, list[_Position]] = {}
        self._states = [
            TrueState(START_SQRT_X96, one.liquidity, tick_at_sqrt_ratio(START_SQRT_X96)) for one in ADDRESSES
        ]
        self._positions: list[_Position] = []

    async def run(self) -> None:
        """Makes a block every `block_s`, until cancelled."""
        number = FIRST_BLOCK
        start = trio.current_time()
        while True:
            self._make(number)
            self._reorganise(number)
            number += 1
            await trio.sleep_until(start + (number - FIRST_BLOCK) * self.block_s)

    def blocks_of(self, number: int) -> list[ModelBlock]:
        """The blocks of that number on all branches, newest branch first; none if they are too old."""
        return [block for block in reversed(self.variants.values()) if block.number == number]

    def _reorganise(self, head: int) -> None:
        """Take blocks back, and make others in their places."""
        ancestor = head - self._depth()
        if ancestor >= head or ancestor not in self._kept_positions:
            return
        self.reorganisations += 1
        self._branch += 1
        self._forks = (*self._forks, (self._branch, ancestor))[-KEPT_FORKS:]
        self._states = list(self.blocks[ancestor].states)
        self._positions = list(self._kept_positions[ancestor])
        for number in range(ancestor + 1, head + 1):
            self._make(number)

    def _make(self, number: int) -> None:
        chance, logs, behind = self._chance, [], {}
        index = chance.randrange(3)
        for _ in range(self._events()):
            for log in self._event(index):
                logs.append(log)
                behind[log.index] = tuple(self._states)
                index = log.index + chance.randint(1, 4)
        block = ModelBlock(
            number,
            GENESIS_S + (number - FIRST_BLOCK) * self.block_s,
            tuple(logs),
            tuple(self._states),
            behind,
            self._branch,
            self._forks,
            attrs.evolve(parent, parent=None) if (parent := self.blocks.get(number - 1)) is not None else None,
        )
        self.head = self.blocks[number] = self.variants[block.hash] = block
        self._kept_positions[number] = list(self._positions)
        self.blocks.pop(number - KEPT_BLOCKS, None)
        self._kept_positions.pop(number - KEPT_BLOCKS, None)
        while (oldest := next(iter(self.variants.values()))).number <= number - KEPT_BLOCKS:
            del self.variants[oldest.hash]
        self._on_block(block)

    def _events(self) -> int:
        return self._chance.choice((0, 1, 1, 2, 3, 4, 6, 9))

    def _event(self, index: int) -> list[ModelLog]:
        chance = self._chance
        pool = chance.choices((0, 1, 2), (5, 3, 1))[0]
        match chance.choices(("swap", "pull", "mint", "burn", "foreign"), (10, 9, 2, 2, 1))[0]:
            case "swap":
                step = chance.randint(-self._restless_ppm, self._restless_ppm)
                return self._swap_to(pool, self._states[pool].sqrt_price_x96 * (PPM + step) // PPM, index)
            case "pull":
                other = (pool + chance.choice((1, 2))) % 3
                return self._swap_to(pool, self._states[other].sqrt_price_x96, index)
            case "mint":
                return self._mint(pool, index)
            case "burn":
                return self._burn(index)
            case _:
                return [ModelLog(-1, "swap", (1, 0, START_SQRT_X96, 1, 0), None, index, FOREIGN)]

    def _swap_to(self, pool: int, target: int, index: int) -> list[ModelLog]:
        state, fee = self._states[pool], ADDRESSES[pool].fee_ppm
        target = self._within_positions(pool, target)
        if abs(target - state.sqrt_price_x96) * PPM < state.sqrt_price_x96:
            return []
        zero_for_one = target < state.sqrt_price_x96
        done = swap(state, fee, amount_to_reach(state, target, fee), zero_for_one=zero_for_one)
        paid, got = done.amount_in, -done.amount_out
        amounts = (paid, got) if zero_for_one else (got, paid)
        self._states[pool] = done.after
        words = (*amounts, done.after.sqrt_price_x96, done.after.liquidity, done.after.tick)
        return [ModelLog(pool, "swap", words, None, index, ADDRESSES[pool].address)]

    def _within_positions(self, pool: int, target: int) -> int:
        """No swap of the model crosses the edge of a position: liquidity is the same over a swap's whole way."""
        state = self._states[pool]
        for one in self._positions:
            if one.pool == pool:
                for edge in (sqrt_ratio_at_tick(one.lower), sqrt_ratio_at_tick(one.upper)):
                    if edge <= state.sqrt_price_x96:
                        target = max(target, edge + edge // PPM)
                    else:
                        target = min(target, edge - edge // PPM)
        return target

    def _mint(self, pool: int, index: int) -> list[ModelLog]:
        if len(self._positions) >= 6:
            return self._burn(index)
        chance, state, spacing = self._chance, self._states[pool], ADDRESSES[pool].tick_spacing
        middle = state.tick // spacing * spacing + chance.choice((0, 0, 0, 40, -40)) * spacing
        lower, upper = middle - chance.randint(2, 30) * spacing, middle + chance.randint(2, 30) * spacing
        liquidity = state.liquidity // chance.randint(3, 50)
        self._positions.append(_Position(pool, lower, upper, liquidity))
        return [self._change("mint", pool, lower, upper, liquidity, index)]

    def _burn(self, index: int) -> list[ModelLog]:
        if not self._positions:
            return []
        one = self._positions.pop(self._chance.randrange(len(self._positions)))
        return [self._change("burn", one.pool, one.lower, one.upper, one.liquidity, index)]

    def _change(self, kind: str, pool: int, lower: int, upper: int, liquidity: int, index: int) -> ModelLog:
        state = self._states[pool]
        if lower <= state.tick < upper:
            changed = state.liquidity + (liquidity if kind == "mint" else -liquidity)
            self._states[pool] = attrs.evolve(state, liquidity=changed)
        low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
        amounts = (
            amount0_delta(low, high, liquidity, round_up=True),
            amount1_delta(low, high, liquidity, round_up=True),
        )
        words = (*((1,) if kind == "mint" else ()), liquidity, *amounts)
        return ModelLog(pool, kind, words, (lower, upper), index, ADDRESSES[pool].address)

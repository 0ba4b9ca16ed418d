"""Scores of a day of pools of one pair: the gap behind every swap, and the states at which it beats both fees.

Gaps come from our own decoder and pool book, profitable states from a replay through the whole daemon: no costs, no
limits, each signal of the strategy counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import attrs
import trio

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.composition.environment import DataPaths
from alphapulse.config import parse_config
from alphapulse.data.execution import Mode
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent, PoolBurn, PoolMint, PoolSwap
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import EvidenceError, LogRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.price import gap_ppm
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.scoring.evidence import Evidence, stated_token
from alphapulse.scoring.pool_table import address, integer
from alphapulse.scoring.score import Score, compared, counted
from alphapulse.studies.headless import headless, replay_recording

PPM = 1_000_000

_Gap = tuple[int, int, frozenset[str]]
"""(block, log index, the two pools)."""

_Told = dict[tuple[int, int], dict[str, tuple[int, ...]]]
"""By position: the pools' price, liquidity and tick as the answers say."""

BEFORE = "the recording holds no swap of that pool before this state"


@attrs.frozen
class Recorded:
    """A recording: its log files and the file of its pools.

    Only states from block `first` to `last` are compared: what lies outside comes from files of other days, which tell
    what the pools were before.
    """

    logs: tuple[Path, ...]
    pools: Path
    first: int
    last: int

    def holds(self, block_number: int) -> bool:
        """True for a block whose states are compared."""
        return self.first <= block_number <= self.last


def score_gaps(answers: Evidence, recorded: Recorded) -> Score:
    """Which pool is dearer behind each swap, by how much, and whether that beats both fees."""
    expected: dict[_Gap, Any] = {}
    told: _Told = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        place = integer(row, "block_number", where), integer(row, "log_index", where)
        higher, lower = address(row, "higher_sqrt_pool", where), address(row, "lower_sqrt_pool", where)
        states = frozenset(
            (integer(row, f"{side}_sqrt_price_x96", where), integer(row, f"{side}_liquidity", where)) for side in "ab"
        )
        gaps = integer(row, "gross_gap_ppm", where), integer(row, "net_gap_ppm", where)
        # At equal prices neither pool is the dearer one.
        order = (higher, lower) if len({price for price, _ in states}) > 1 else frozenset((higher, lower))
        expected[*place, frozenset((higher, lower))] = (order, *gaps, row["net_positive"] == "1", states)
        sides = sorted(
            tuple(integer(row, f"{side}_{name}", where) for name in ("sqrt_price_x96", "liquidity", "tick"))
            for side in "ab"
        )
        told.setdefault(place, {}).update(zip((lower, higher), sides, strict=True))
    own = dict(_gaps(recorded))
    found = own if own.keys() == expected.keys() else dict(_gaps(recorded, told))
    early = len(found) - len(own)
    notes = (f"{early} states rest on the file's own word for one pool: {BEFORE}",) if early else ()
    positive = {key for key, value in expected.items() if value[3]}
    return Score(
        str(answers.path),
        answers.form,
        (
            compared("gap behind each swap: prices, liquidity, order, both gaps", expected, found),
            compared(
                "states at which the gap beats both fees",
                dict.fromkeys(positive, True),
                {key: True for key, value in found.items() if value[3]},
            ),
        ),
        _bands(found),
        notes,
    )


def score_net_positive(answers: Evidence, recorded: Recorded) -> Score:
    """The states that the strategy signals, with the order of the trade; each profit at least the exact one."""
    token = stated_token(answers.columns) or ""
    expected: dict[tuple[int, int], tuple[str, ...]] = {}
    bounds: dict[tuple[int, int], int] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        key = integer(row, "block_number", where), integer(row, "log_index", where)
        expected[key] = address(row, f"sell_{token}_in_pool", where), address(row, f"buy_{token}_in_pool", where)
        bounds[key] = integer(row, f"profit_{token}_raw_in_range", where)
    signals = [one for one in _signals(recorded, _token_address(recorded, token)) if len(one.legs) == 2]
    found = {one.position: tuple(pool.name for pool in one.pools) for one in signals}
    profits = {one.position: one.profit for one in signals}
    first = min((place[:2] for place, _ in _gaps(recorded)), default=(0, 0))
    early = [key for key in expected if key < first]
    for key in early:
        del expected[key], bounds[key]
    enough = [profits.get(key, 0) >= bound for key, bound in bounds.items()]
    ends = _block_end_signals(recorded, _token_address(recorded, token))
    return Score(
        str(answers.path),
        answers.form,
        (
            compared("states that the strategy signals, log by log", expected, found),
            counted("profit at least the exact one within the range", enough),
        ),
        {
            f"profit of all states, raw {token}": sum(profits.values()),
            f"the file's lower bound, raw {token}": sum(bounds.values()),
            "blocks": len({one.block_number for one in signals}),
            "states at block ends": ends,
        },
        (f"{len(early)} states are not counted: {BEFORE}",) if early else (),
    )


def _gaps(recorded: Recorded, told: _Told | None = None) -> Iterator[tuple[_Gap, Any]]:
    """What stands between the pools behind each swap.

    A pool that the recording has not told yet is as the answers say, once they speak of it: `told`.
    """
    pools = load_pools(recorded.pools)
    pairs = [pair for pair in combinations(pools, 2) if pair[0].pair == pair[1].pair]
    known = {pool.id: pool for pool in pools}
    states: dict[InstrumentId, ConcentratedState] = {}
    for event in _events(recorded):
        if not isinstance(event, PoolSwap | PoolMint | PoolBurn):
            continue
        before = states.get(event.pool)
        state = before.applied(event) if before else ConcentratedState.begun(known[event.pool], event)
        if state is not None:
            states[event.pool] = state
        if isinstance(event, PoolSwap):
            for name, numbers in (told or {}).get(event.stamp.position, {}).items():
                pool = next((pool for pool in pools if pool.id.name == name), None)
                if pool is not None and pool.id not in states:
                    states[pool.id] = _as_told(pool, numbers, event.stamp)
            for pair in pairs:
                if not recorded.holds(event.stamp.block_number):
                    continue
                if event.pool in (pair[0].id, pair[1].id) and pair[0].id in states and pair[1].id in states:
                    yield _gap(event.stamp.position, pair, states)


def _as_told(pool: Pool, numbers: tuple[int, ...], stamp: LogStamp) -> ConcentratedState:
    price, liquidity, tick = numbers
    fee_ppm, spacing = pool.fixed_fee_ppm, pool.fixed_tick_spacing
    return ConcentratedState(price, liquidity, tick, stamp, Trust.IN_RANGE, fee_ppm, spacing, None)


def _gap(
    position: tuple[int, int], pair: tuple[Pool, Pool], states: Mapping[InstrumentId, ConcentratedState]
) -> tuple[_Gap, Any]:
    (hi, hi_pool), (lo, lo_pool) = sorted(
        ((states[pool.id], pool) for pool in pair), key=lambda ones: ones[0].sqrt_price_x96, reverse=True
    )
    keep = (PPM - hi_pool.fixed_fee_ppm) * (PPM - lo_pool.fixed_fee_ppm)
    high, low = hi.sqrt_price_x96**2 * keep, lo.sqrt_price_x96**2 * PPM * PPM
    gross, net = gap_ppm(hi.sqrt_price_x96, lo.sqrt_price_x96), high * PPM // low - PPM
    names = hi_pool.id.name, lo_pool.id.name
    order = names if hi.sqrt_price_x96 != lo.sqrt_price_x96 else frozenset(names)
    both = frozenset((state.sqrt_price_x96, state.liquidity) for state in (hi, lo))
    return (*position, frozenset(names)), (order, gross, net, high > low, both)


def _events(recorded: Recorded) -> Iterator[MarketEvent]:
    decoder = LogDecoder(load_pools(recorded.pools))
    for block in Recording(recorded.logs).blocks():
        for log in block.logs:
            try:
                yield decoder.decode_log(log, 0)
            except LogRefused as refused:
                if refused.reason == "no_time":
                    raise EvidenceError(f"{recorded.logs[0]}: {refused}") from refused
                continue  # of another pool, or another event: the answers speak of these pools only


def _bands(found: Mapping[_Gap, Any]) -> dict[str, int | str]:
    gross = [value[1] for value in found.values()]
    return {f"gross gaps above {bps} bps": sum(one > bps * 100 for one in gross) for bps in (5, 10, 20, 30)}


def _signals(recorded: Recorded, base_token: str, evaluate: str = "log") -> Sequence[ArbitrageSignal]:
    raw = {
        "collectors": {
            "day": {
                "kind": "recorded",
                "logs": [str(path.resolve()) for path in recorded.logs],
                "pools": str(recorded.pools.resolve()),
            }
        },
        "strategies": {"flash_arbitrage": {"base_tokens": [base_token], "evaluate": evaluate}},
        "costs": {"l1_wei_per_byte": 0},  # or nothing is known, and signalled, of chains that charge for data
    }
    signals: list[ArbitrageSignal] = []

    def listen(messages: Sequence[Any]) -> None:
        found = [one for one in messages if isinstance(one, ArbitrageSignal)]
        signals.extend(one for one in found if recorded.holds(one.block_number))

    with tempfile.TemporaryDirectory() as folder:
        config = headless(parse_config(raw, folder=Path(folder)))
        paths = DataPaths.in_folder(Path(folder), Mode.PAPER)
        _, problem = trio.run(lambda: replay_recording(config, paths, lambda _: None, listen=listen))
    if problem is not None:
        raise problem
    return signals


def _block_end_signals(recorded: Recorded, base_token: str) -> int:
    return len(_signals(recorded, base_token, "block"))


def _token_address(recorded: Recorded, name: str) -> str:
    tokens = {token.address: token for pool in load_pools(recorded.pools) for token in (pool.token0, pool.token1)}
    named = [token for token in tokens.values() if token.symbol.lower() == name]
    named = named or [token for token in tokens.values() if token.symbol.lower().startswith(name)]
    if len(named) != 1:
        symbols = ", ".join(token.symbol for token in tokens.values())
        raise EvidenceError(f"{recorded.pools}: expected one token that is called {name!r}, found {symbols}")
    return "0x" + named[0].address.hex()

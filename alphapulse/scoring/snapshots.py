"""Scores of many pools at one moment: the best gap of each pair of tokens that has several pools."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from alphapulse.scoring.evidence import Evidence, Form
from alphapulse.scoring.pair_watch import PairWatch, told_state
from alphapulse.scoring.pool_table import ListedPool, address, chain_of, integer, listed_pools
from alphapulse.scoring.score import Score, compared
from alphapulse.scoring.spot import SpotGap, SpotState, best_gap, gaps_by_pair, price_of_reserves, price_of_sqrt

UNTOLD = "one of its pools has a price at which nothing can be traded"

RESERVES = ("reserve0", "reserve1")
CONCENTRATED = ("sqrt_price_x96", "liquidity")

FLOOR_USD = 10_000
"""Liquidity below which a pool counts as thin, where the file tells what its liquidity is worth."""

ONE_MOMENT_S = 3_600
"""Reads further apart are not one moment: a gap between them may be the market's move."""


def states_of_snapshot(snapshot: Evidence) -> Iterator[tuple[SpotState, Mapping[str, Any]]]:
    """The pools of a snapshot that have a price, each with its row."""
    pools = listed_pools([snapshot])
    for number, row in enumerate(snapshot.rows, 2):
        where = f"{snapshot.path}, line {number}"
        pool = pools.get((chain_of(row, where), address(row, "pool", where)))
        if pool is None:
            continue
        names = RESERVES if row.get("reserve0") else CONCENTRATED if row.get("sqrt_price_x96") else ()
        numbers = {name: integer(row, name, where) for name in names if row[name]}
        if len(numbers) == len(names) > 0 and (price := _price(numbers)) is not None:
            yield SpotState(pool, price, numbers), row


def states_of_pools(states: Evidence, pools: Mapping[tuple[int, str], ListedPool]) -> Iterator[SpotState]:
    """The proven pools of a document of states that have a price."""
    for name, entry in states.document.items():
        where = f"{states.path}, {name}"
        pool = pools.get((integer(entry, "chainId", where), name.lower()))
        if pool is None or not pool.proven:
            continue
        if "sqrtPriceX96" in entry:
            price, liquidity = integer(entry, "sqrtPriceX96", where), integer(entry, "liquidity", where)
            numbers = {"sqrt_price_x96": price, "liquidity": liquidity}
        else:
            numbers = {column: integer(entry, column, where) for column in RESERVES}
        if (spot := _price(numbers)) is not None:
            yield SpotState(pool, spot, numbers)


def _price(numbers: Mapping[str, int]) -> Fraction | None:
    if "sqrt_price_x96" in numbers:
        return price_of_sqrt(numbers["sqrt_price_x96"])
    return price_of_reserves(numbers["reserve0"], numbers["reserve1"])


def score_spot_gaps(answers: Evidence, states: Sequence[SpotState]) -> Score:
    """Every pair's best gap, or those alone that beat both fees, as the file lists them."""
    all_pairs = answers.form is Form.SPOT_GAPS
    expected: dict[tuple[int, str, str], SpotGap] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        key = chain_of(row, where), address(row, "token0", where), address(row, "token1", where)
        pools = address(row, "sell_token0_in_pool", where), address(row, "buy_token0_in_pool", where)
        gaps = integer(row, "gross_gap_ppm", where), integer(row, "net_gap_ppm", where)
        expected[key] = SpotGap(*pools, *gaps, row["net_positive"] == "1" if all_pairs else True)
    found = gaps_by_pair(states)
    positive = {pair: gap for pair, gap in found.items() if gap.positive}
    measures = []
    if all_pairs:
        measures.append(compared("best gap of each pair, with pools and both gaps", expected, found))
    open_expected = {key: gap for key, gap in expected.items() if gap.positive}
    measures.append(compared("pairs whose gap beats both fees", open_expected, positive))
    watch, untold = _looked_at(states)
    scanned = watch.open_pairs()
    excused = dict.fromkeys((untold & open_expected.keys()) - scanned.keys(), UNTOLD)
    measures.append(
        compared(
            "the same, by our scanner: a cycle of two pools stands open",
            dict.fromkeys(open_expected, True),
            dict.fromkeys(scanned, True),
            exact=not excused,
            excused=excused,
        )
    )
    earning = sum(any(watch.earns(one) for one in opened) for opened in scanned.values())
    facts = {"pools with a price": len(states), "pairs with several pools": len(found), "of them open": len(positive)}
    facts["of them with a size that earns in range"] = earning
    return Score(str(answers.path), answers.form, tuple(measures), facts)


def _looked_at(states: Sequence[SpotState]) -> tuple[PairWatch, set[tuple[int, str, str]]]:
    """Our engine with all these states told to it, and pairs of pools of which no log could tell the state."""
    watch = PairWatch(state.pool for state in states)
    untold: set[tuple[int, str, str]] = set()
    for _ in range(2):  # the second time each pool is looked at while all others are known
        for place, state in enumerate(states):
            pool = watch.pools.get(state.pool.address)
            event = None if pool is None else told_state(pool, state.numbers, place)
            if event is None or not (state.numbers.get("liquidity", 1)):
                untold.add(state.pool.pair)
            else:
                watch.take(event)
    return watch, untold


def score_snapshot(snapshot: Evidence) -> Score:
    """What stands in a snapshot that comes without answers: gaps, and which of them a liquidity floor leaves."""
    rows = list(states_of_snapshot(snapshot))
    found = gaps_by_pair(state for state, _ in rows)
    facts: dict[str, int | str] = {
        "pools": len(snapshot.rows),
        "pools with a price": len(rows),
        "pairs with several pools": len(found),
        "of them with a gap that beats both fees": sum(gap.positive for gap in found.values()),
    }
    if "tvl_usd_by_source" not in snapshot.columns:
        return Score(str(snapshot.path), snapshot.form, (), facts, ("the file holds no answers to compare with",))
    deep = [(state, row) for state, row in rows if _usd(row) >= FLOOR_USD]
    survivors, moved = [], 0
    for pair, gap in gaps_by_pair(state for state, _ in deep).items():
        if not gap.positive:
            continue
        ones = [(state, row) for state, row in deep if state.pool.pair == pair]
        if (best := _at_one_moment(ones)) is None or not best.positive:
            moved += 1
        else:
            survivors.append((ones[0][1], best))
    facts[f"of them open between pools of {FLOOR_USD} USD and more"] = len(survivors) + moved
    facts["of these only because the pools were read over an hour apart"] = moved
    facts["survivors"] = ", ".join(
        f"{row['symbol0']}/{row['symbol1']} {gap.net_ppm} ppm after fees" for row, gap in survivors
    )
    return Score(str(snapshot.path), snapshot.form, (), facts, ("the file holds no answers to compare with",))


def _at_one_moment(ones: Sequence[tuple[SpotState, Mapping[str, Any]]]) -> SpotGap | None:
    """The best gap among pools that were read within an hour of each other."""
    best: SpotGap | None = None
    for start in ones:
        begin = _read_at(start[1])
        near = [state for state, row in ones if 0 <= _read_at(row) - begin <= ONE_MOMENT_S]
        gap = best_gap(near)
        if gap is not None and (best is None or gap.net_ppm > best.net_ppm):
            best = gap
    return best


def _read_at(row: Mapping[str, Any]) -> int:
    try:
        return int(datetime.datetime.fromisoformat(row["read_at_utc"]).timestamp())
    except (KeyError, ValueError):
        return 0


def _usd(row: Mapping[str, Any]) -> Decimal:
    try:
        return Decimal(row["tvl_usd_by_source"])
    except InvalidOperation:
        return Decimal(0)

"""Scores of whole blocks: the gaps that stand open behind each log, and the cycles that somebody closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from alphapulse.errors import EvidenceError
from alphapulse.scoring.block_file import block_of, changes
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pair_watch import PairWatch
from alphapulse.scoring.pool_table import ListedPool, integer
from alphapulse.scoring.realized import Swap, gains
from alphapulse.scoring.score import Measure, Score, compared
from alphapulse.scoring.spot import SpotState, best_gap

_Place = tuple[int, int, int]

NO_BLOCK = "the block's logs are not among the files"


def score_cross_pool(
    answers: Evidence, blocks: Sequence[Evidence], pools: Mapping[tuple[int, str], ListedPool]
) -> Score:
    """After each price that a block's logs state, the best two pools of the pair among those seen in that block."""
    expected: dict[_Place, Any] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        chain_id, block_number = integer(row, "chain_id", where), integer(row, "block_number", where)
        key = chain_id, block_number, integer(row, "log_index", where)
        gaps = integer(row, "gross_gap_ppm", where), integer(row, "net_gap_ppm", where)
        expected[key] = (row["sell_pool"].lower(), row["buy_pool"].lower(), *gaps, row["net_positive"] == "1")
    wanted = {key[:2] for key in expected}
    found: dict[_Place, Any] = {}
    scanned: dict[_Place, bool] = {}
    seen: set[tuple[int, int]] = set()
    for block in blocks:
        place = block_of(block)
        if place in seen:
            continue
        seen.add(place)
        found.update(_gaps(block, place, pools))
        scanned.update(_scanned(block, place, pools))
    excused = {key: NO_BLOCK for key in expected if key[:2] not in seen}
    notes = () if wanted <= seen else (f"{len(wanted - seen)} blocks that the answers name are not among the files",)
    open_expected = {key: value for key, value in expected.items() if value[-1]}
    open_found = {key: value for key, value in found.items() if value[-1]}
    return Score(
        str(answers.path),
        answers.form,
        (
            compared("best pair of pools behind each log, with both gaps", expected, found, excused=excused),
            compared("states at which the gap beats both fees", open_expected, open_found, excused=excused),
            compared(
                "the same, by our scanner: a cycle of two pools stands open",
                dict.fromkeys(open_expected, True),
                dict.fromkeys(scanned, True),
                excused=excused,
            ),
        ),
        {"blocks": len(seen), "pools": len(pools), "states at which a size earns": sum(scanned.values())},
        notes,
    )


def score_realized(answers: Evidence, blocks: Sequence[Evidence], pools: Mapping[tuple[int, str], ListedPool]) -> Score:
    """Transactions whose swaps alone leave no token negative and at least one positive, with what they won."""
    expected: dict[tuple[int, int, str], Any] = {}
    excused: dict[tuple[int, int, str], str] = {}
    seen = {block_of(block): block for block in blocks}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        place = integer(row, "chain_id", where), integer(row, "block_number", where)
        key = (*place, row["tx_hash"].lower())
        expected[key] = tuple(row["pools"].lower().split(";")), _won(row["net_token_gain_json"], where)
        if place not in seen:
            excused[key] = NO_BLOCK
    found: dict[tuple[int, int, str], Any] = {}
    for place, block in seen.items():
        swaps: dict[str, list[Swap]] = {}
        for change in changes(block, pools):
            if change.swap is not None:
                swaps.setdefault(change.transaction.lower(), []).append(change.swap)
        for transaction, ones in swaps.items():
            if (won := gains(ones)) is not None:
                found[*place, transaction] = tuple(one.pool for one in ones), frozenset(won.items())
    measure = compared(
        "transactions that are a cycle, with pools and gains to the last unit", expected, found, excused=excused
    )
    return Score(str(answers.path), answers.form, (measure,), {"blocks": len(seen), "pools": len(pools)})


def _gaps(
    block: Evidence, place: tuple[int, int], pools: Mapping[tuple[int, str], ListedPool]
) -> dict[_Place, tuple[object, ...]]:
    prices: dict[tuple[int, str, str], dict[str, SpotState]] = {}
    found: dict[_Place, tuple[object, ...]] = {}
    for change in changes(block, pools):
        if not change.prices:
            continue
        states = prices.setdefault(change.pool.pair, {})
        _put(states, change.pool, change.price)
        if (gap := best_gap(list(states.values()))) is not None:
            found[*place, change.log_index] = tuple(gap)
    return found


def _scanned(
    block: Evidence, place: tuple[int, int], pools: Mapping[tuple[int, str], ListedPool]
) -> dict[_Place, bool]:
    """The logs that state a price behind which our scanner sees a gap of that pair open, and whether a size earns."""
    watch = PairWatch(pool for pool in pools.values() if pool.chain_id == place[0])
    found: dict[_Place, bool] = {}
    for change in changes(block, pools):
        watch.read(change.log)
        opened = watch.open_between(change.pool.pair) if change.prices else []
        if opened:
            found[*place, change.log_index] = any(watch.earns(one) for one in opened)
    return found


def _put(states: dict[str, SpotState], pool: ListedPool, price: Fraction | None) -> None:
    if price is None:
        states.pop(pool.address, None)
    else:
        states[pool.address] = SpotState(pool, price)


def _won(text: str, where: str) -> frozenset[tuple[str, int]]:
    try:
        document = msgspec.json.decode(text, type=dict[str, str])
        return frozenset((token.lower(), int(amount)) for token, amount in document.items())
    except (msgspec.DecodeError, ValueError) as error:
        raise EvidenceError(f"{where}: expected tokens and amounts as JSON, found {text[:60]!r}") from error


def no_blocks(answers: Evidence) -> Score:
    """What is said where no block of the answers was given."""
    rows = len(answers.rows)
    measure = Measure(NO_BLOCK, rows, 0, 0, False, {NO_BLOCK: rows})
    return Score(str(answers.path), answers.form, (measure,), notes=("give the folder with the blocks' files too",))

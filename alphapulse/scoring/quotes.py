"""Scores of quotes: what contracts answered, against our mathematics at the same state, to the last unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alphapulse.data.pools import Trust
from alphapulse.errors import AmmError, EvidenceError, QuoteRefused
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pool_document import STAMP, pool_of_document
from alphapulse.scoring.pool_table import integer
from alphapulse.scoring.score import Score, compared

REVERT = "REVERT"
WHAT = "results on chain, to the last unit"
BOUGHT = ("quoteExactOutputSingle", "getAmountsIn", "GIVEN_OUT")
"""Functions that are asked for an input; the others for an output."""


def score_quotes(answers: Evidence, documents: Sequence[Evidence]) -> Score:
    """Quotes of pools of two tokens: from the reserves in the row, or from the pool's document beside it."""
    states = {name: state for name, state, _ in map(pool_of_document, documents)}
    expected: dict[tuple[int, str], str] = {}
    found: dict[tuple[int, str], str] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        state = _of_reserves(row, where) if row.get("reserve0") else states.get(str(row["pool"]).lower())
        if state is None:
            raise EvidenceError(f"{where}: expected the state of {row['pool']} beside it, found none")
        way = (0, 1) if row["zero_for_one"] == "1" else (1, 0)
        key = number, f"{row['function']} {row['zero_for_one']} {row['amount']}"
        expected[key] = str(row["onchain_result"])
        amount = integer(row, "amount", where)
        found[key] = _quoted(state, way, amount, expected[key], buys=row["function"] in BOUGHT)
    return _score(answers, expected, found)


def score_router_quotes(answers: Evidence) -> Score:
    """Quotes both ways through a constant-product pool whose reserves stand in the row."""
    expected: dict[tuple[int, str], str] = {}
    found: dict[tuple[int, str], str] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        reserves = integer(row, "reserve_a", where), integer(row, "reserve_b", where)
        state = ConstantProductState(*reserves, STAMP, Trust.PROVEN, integer(row, "fee_ppm", where))
        for way, paid, got in (((0, 1), "in_a", "quoted_out_b"), ((1, 0), "in_b", "quoted_out_a")):
            if row.get(got):
                expected[number, paid] = str(row[got])
                amount = integer(row, paid, where)
                found[number, paid] = _quoted(state, way, amount, expected[number, paid], buys=False)
    return _score(answers, expected, found)


def score_keyed_quotes(answers: Evidence, documents: Sequence[Evidence]) -> Score:
    """Quotes of pools of several tokens, by keys of `address|function|...|SOLD->BOUGHT|amount`."""
    pools = {name: (state, symbols) for name, state, symbols in map(pool_of_document, documents)}
    expected: dict[tuple[int, str], str] = {}
    found: dict[tuple[int, str], str] = {}
    for number, (key, entry) in enumerate(answers.document["entries"].items()):
        where = f"{answers.path}, {key}"
        name, *words, pair, amount = key.split("|")
        state, symbols = pools.get(name.lower(), (None, []))
        ends = pair.split("->")
        if state is None or len(ends) != 2 or not set(ends) <= set(symbols):
            raise EvidenceError(f"{where}: expected the state of that pool with these tokens beside it, found none")
        way = symbols.index(ends[0]), symbols.index(ends[1])
        expected[number, key] = str(entry["value"]) if "value" in entry else REVERT
        buys = any(word in BOUGHT for word in words)
        sold = integer({"amount": amount}, "amount", where)
        found[number, key] = _quoted(state, way, sold, expected[number, key], buys=buys)
    return _score(answers, expected, found)


def score_ticks(answers: Evidence) -> Score:
    """TickMath: the square root of the price at a tick, and the tick of a square root."""
    ways = {"tick_to_sqrt": sqrt_ratio_at_tick, "sqrt_to_tick": tick_at_sqrt_ratio}
    expected: dict[tuple[int, str], str] = {}
    found: dict[tuple[int, str], str] = {}
    for number, row in enumerate(answers.rows, 2):
        where = f"{answers.path}, line {number}"
        compute = ways.get(str(row["function"]))
        if compute is None:
            raise EvidenceError(f"{where}: expected one of {', '.join(ways)}, found {row['function']!r}")
        key = number, f"{row['function']} {row['argument']}"
        expected[key] = str(row["result"])
        try:
            found[key] = str(compute(integer(row, "argument", where)))
        except AmmError:
            found[key] = REVERT
    return _score(answers, expected, found)


def _of_reserves(row: Mapping[str, Any], where: str) -> ConstantProductState:
    reserves = integer(row, "reserve0", where), integer(row, "reserve1", where)
    return ConstantProductState(*reserves, STAMP, Trust.PROVEN, integer(row, "fee_ppm", where))


def _quoted(state: AmmState, way: tuple[int, int], amount: int, expected: str, *, buys: bool) -> str:
    """The result as the file writes it.

    Where a pool can take or pay a part only, some contracts answer with that part and others refuse: both are right.
    """
    try:
        quote = state.quote_out(*way, amount) if buys else state.quote_in(*way, amount)
    except QuoteRefused:
        return REVERT
    whole = quote.amount_out >= amount if buys else quote.amount_in == amount
    if not whole and expected == REVERT:
        return REVERT
    return str(quote.amount_in if buys else quote.amount_out)


def _score(answers: Evidence, expected: Mapping[tuple[int, str], str], found: Mapping[tuple[int, str], str]) -> Score:
    refused = sum(value == REVERT for value in expected.values())
    return Score(str(answers.path), answers.form, (compared(WHAT, expected, found),), {"of them refusals": refused})


def has_reserves(rows: Iterable[Mapping[str, Any]]) -> bool:
    """True if every row tells the reserves that its quote follows from."""
    return all(row.get("reserve0") for row in rows)

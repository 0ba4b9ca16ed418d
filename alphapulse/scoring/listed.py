"""Scores of arbitrages that others have listed with each swap: whether they close, and what they left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median_low
from typing import Any

from alphapulse.data.instruments import InstrumentId
from alphapulse.errors import EvidenceError
from alphapulse.rules.arbitrage.cycle import MOST_HOPS
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pair_watch import as_pool
from alphapulse.scoring.pool_table import ListedPool, integer
from alphapulse.scoring.realized import Swap, closes, gains, net_balances
from alphapulse.scoring.score import Measure, Score, compared, counted

ETHEREUM = 1
BASE_TOKENS = 5

UNINDEXED = "cycles of more than four hops are not looked for"
SHARED = "one of its exchanges holds several pools under one address, which the file does not tell apart"

LOST = "it closes, but its own swaps lost a token: no gain that we would list"
SPENT = (
    "it closes, but its own swaps lost a token: just what another cycle of its transaction gained, as one trade that "
    "passes a token twice was cut in two"
)
"""By itself such a cycle loses a token; together the transaction's swaps lose none."""

NO_STATE = "the file holds no state of the pools: what would have been best cannot be computed from it"


def score_listed(answers: Evidence) -> Score:
    """Realised arbitrages: each cycle closes, each net balance is the sum of its hops."""
    expected: dict[tuple[str, int], frozenset[tuple[str, int]]] = {}
    found: dict[tuple[str, int], frozenset[tuple[str, int]]] = {}
    excused: dict[tuple[str, int], str] = {}
    closed: list[bool] = []
    balances: list[bool] = []
    paid = 0
    for number, row in enumerate(answers.rows, 1):
        where = f"{answers.path}, line {number}"
        paid += bool(row.get("total_profit_usd")) and row["total_profit_usd"] > 0
        whole = gains([swap for one in row["arbitrages"] for swap in _swaps(one, where)])
        for index, one in enumerate(row["arbitrages"]):
            key = row["tx_hash"].lower(), index
            swaps = _swaps(one, where)
            stated = _stated(one, where)
            expected[key] = frozenset(item for item in stated.items() if item[1] > 0)
            closed.append(closes(swaps))
            balances.append(net_balances(swaps) == stated)
            won = gains(swaps)
            if closed[-1] and won is not None:
                found[key] = frozenset(won.items())
            elif closed[-1]:
                excused[key] = LOST if whole is None else SPENT
    cycles = [
        [(one["exchange"], one["in_token"], one["out_token"]) for one in arbitrage["swaps"]]
        for row in answers.rows
        for arbitrage in row["arbitrages"]
    ]
    return Score(
        str(answers.path),
        answers.form,
        (
            _indexed(cycles),
            counted("cycles that close", closed),
            counted("net balance of each token, to the last unit", balances),
            compared("cycles that we list as an arbitrage, with gains", expected, found, exact=False, excused=excused),
        ),
        {"transactions": len(answers.rows), "with a profit by the source": paid},
        (NO_STATE,),
    )


def score_paths(answers: Evidence) -> Score:
    """Simulated paths: each closes, each hop sells what the one before bought, and more comes back than went in."""
    closed: list[bool] = []
    handed: list[bool] = []
    earns: list[bool] = []
    hops: Counter[int] = Counter()
    for number, row in enumerate(answers.rows, 1):
        for path in row["profitable_non_conflicting_paths"]:
            try:
                legs = path["path"]
                tokens = [(leg["token_in_address"].lower(), leg["token_out_address"].lower()) for leg in legs]
                amounts = [
                    (Decimal(str(leg["token_in_amount"])), Decimal(str(leg["token_out_amount"]))) for leg in legs
                ]
            except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
                raise EvidenceError(f"{answers.path}, line {number}: no path of hops with tokens: {error}") from error
            hops[len(legs)] += 1
            closed.append(all(tokens[at - 1][1] == tokens[at][0] for at in range(len(tokens))))
            handed.append(all(amounts[at][1] == amounts[at + 1][0] for at in range(len(amounts) - 1)))
            earns.append(amounts[-1][1] > amounts[0][0])
    cycles = [
        [(leg["address"], leg["token_in_address"], leg["token_out_address"]) for leg in path["path"]]
        for row in answers.rows
        for path in row["profitable_non_conflicting_paths"]
    ]
    return Score(
        str(answers.path),
        answers.form,
        (
            _indexed(cycles),
            counted("paths that close", closed),
            counted("hops that sell what the one before bought", handed),
            counted("paths that bring back more than went in", earns, exact=False),
        ),
        {f"paths of {count} hops": number for count, number in sorted(hops.items())},
        ("the amounts are the source's floats", NO_STATE),
    )


def score_triggers(answers: Evidence) -> Score:
    """How many blocks after the swap that opened it a gap was taken."""
    right: list[bool] = []
    distances: list[int] = []
    for number, row in enumerate(answers.rows, 2):
        if not row["trigger_block"]:
            continue
        where = f"{answers.path}, line {number}"
        distance = integer(row, "arb_block", where) - integer(row, "trigger_block", where)
        distances.append(distance)
        right.append(distance == integer(row, "distance_blocks", where))
    facts: dict[str, int | str] = {
        "rows": len(answers.rows),
        "without a trigger in the source": len(answers.rows) - len(distances),
        "taken in the block of the trigger": sum(one == 0 for one in distances),
    }
    if distances:
        facts["median of blocks"] = median_low(distances)
    note = "who opened a gap follows from the blocks between, which the file does not hold"
    return Score(str(answers.path), answers.form, (counted("distance in blocks", right),), facts, (note,))


def _indexed(cycles: Sequence[Sequence[tuple[str, str, str]]]) -> Measure:
    """The cycles that our index holds when all pools of the file are in it: hops are (pool, sold, bought)."""
    pairs: dict[str, set[frozenset[str]]] = {}
    for hops in cycles:
        for exchange, sold, bought in hops:
            pairs.setdefault(exchange.lower(), set()).add(frozenset((sold.lower(), bought.lower())))
    index = CycleIndex(_busiest(cycles))
    seats: dict[str, InstrumentId] = {}
    for name, found in pairs.items():
        tokens = sorted(next(iter(found)))
        if len(found) > 1 or len(tokens) != 2:
            continue
        # Which mathematics a pool follows does not matter here: the index knows pools and tokens.
        pool = as_pool(ListedPool(ETHEREUM, name, "v2", tokens[0], tokens[1], fee_ppm=0, proven=True))
        if pool is not None:
            index.add(pool)
            seats[name] = pool.id
    why: Counter[str] = Counter()
    right = expected = 0
    for hops in cycles:
        names = [pool.lower() for pool, _, _ in hops]
        if len(hops) > MOST_HOPS:
            why[UNINDEXED] += 1
        elif not all(name in seats for name in names):
            why[SHARED] += 1
        else:
            expected += 1
            wanted = [bytes.fromhex(sold[2:]) for _, sold, _ in hops]
            held = _holds(index, [seats[name] for name in names], wanted)
            right += held
            if not held:
                why["missing"] += 1
    what = f"cycles of 2 to {MOST_HOPS} hops that our index holds, of all pools of the file"
    return Measure(
        what, expected, right, right, exact=True, why_not={text: count for text, count in why.items() if count}
    )


def _holds(index: CycleIndex, pools: Sequence[InstrumentId], sold: Sequence[bytes]) -> bool:
    """True if the index names the cycle through these pools that sells these tokens, wherever it begins."""
    wanted = frozenset(zip(pools, sold, strict=True))
    return any(
        frozenset((hop.pool.id, hop.sold) for hop in cycle.hops) == wanted for cycle in index.cycles_through(pools[0])
    )


def _busiest(cycles: Sequence[Sequence[tuple[str, str, str]]]) -> list[bytes]:
    """The tokens in which the cycles begin: what a desk that trades them would have configured."""
    tokens = Counter(sold.lower() for hops in cycles for _, sold, _ in hops)
    return [bytes.fromhex(token[2:]) for token, _ in tokens.most_common(BASE_TOKENS)]


def _swaps(arbitrage: Mapping[str, Any], where: str) -> list[Swap]:
    try:
        return [
            Swap(
                one["exchange"].lower(),
                one["in_token"].lower(),
                int(one["in_amount"]),
                one["out_token"].lower(),
                int(one["out_amount"]),
            )
            for one in arbitrage["swaps"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(f"{where}: expected swaps with exchange, tokens and raw amounts: {error}") from error


def _stated(arbitrage: Mapping[str, Any], where: str) -> dict[str, int]:
    try:
        return {token.lower(): int(entry["amount"]) for token, entry in arbitrage["token_balance"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(f"{where}: expected token_balance with raw amounts: {error}") from error

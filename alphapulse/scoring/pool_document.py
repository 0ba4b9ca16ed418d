"""One pool's whole state as a JSON document, as whoever read the contract wrote it down."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BLOCK_END, LogStamp
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.errors import AlphaPulseError, EvidenceError
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.curve_stable import FEE_UNITS_PER_PPM, CurveStableState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.scoring.evidence import Evidence

PPM = 1_000_000
STAMP = LogStamp(0, BLOCK_END, BLOCK_END, None, None, 0, 0)


def pool_of_document(file: Evidence) -> tuple[str, AmmState, list[str]]:
    """The pool's address in lower case, its state, and its tokens' symbols in order (none where it tells none).

    Raises:
        EvidenceError: the document does not say what the state follows from.
    """
    document = file.document
    make: Callable[[Any], AmmState] = _balances
    if "ticks" in document:
        make = _concentrated
    try:
        symbols = [str(token["symbol"]) for token in document.get("tokens", ())]
        return str(document.get("pool") or document["address"]).lower(), make(document), symbols
    except (AlphaPulseError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError(f"{file.path}: expected the whole state of a pool: {error!r}") from error


def _concentrated(document: Any) -> ConcentratedState:
    spacing = int(document["tick_spacing"])
    ticks = ((int(tick), int(one["gross"]), int(one["net"])) for tick, one in document["ticks"].items())
    return ConcentratedState(
        int(document["sqrtPriceX96"]),
        int(document["liquidity"]),
        int(document["tick"]),
        STAMP,
        Trust.PROVEN,
        int(document["fee_ppm"]),
        spacing,
        TickMap.of(spacing, ticks),
    )


def _balances(document: Any) -> AmmState:
    tokens = [
        Token(bytes.fromhex(one["address"][2:]), str(one["symbol"]), int(one["decimals"])) for one in document["tokens"]
    ]
    weighted = "weights" in document
    fee_ppm = int(Fraction(document["fee"]) * PPM) if weighted else int(document["fee"]) // FEE_UNITS_PER_PPM
    venue = Venue.BALANCER if weighted else Venue.CURVE
    pool = Pool(
        InstrumentId.from_pool_address(bytes.fromhex(str(document["address"])[2:]), venue),
        PoolKind.BALANCER_WEIGHTED if weighted else PoolKind.CURVE_STABLE,
        str(document.get("name", "")),
        tokens[0],
        tokens[1],
        fee_ppm,
        None,
        tuple(tokens[2:]),
        weights=tuple(map(int, document["weights"])) if weighted else (),
        amplification=None if weighted else int(document["a_coefficient"]),
        generation=1 if document.get("pow_version", "v1") == "v1" else 2,
    )
    balances = tuple(map(int, document["balances"]))
    state = BalancerWeightedState if weighted else CurveStableState
    return state(balances, STAMP, Trust.PROVEN, fee_ppm, pool)

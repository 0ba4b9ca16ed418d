"""Why a gap was not traded: the strategy's candidates in the shapes of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Token
from alphapulse.rules.arbitrage.candidate import KEPT, Candidate, CandidateRing, Stage
from alphapulse.rules.arbitrage.cycle import Hop
from alphapulse_web.api.opportunity_shapes import (
    CandidateView,
    HopView,
    MeasureView,
    SolverStage,
    StageCount,
    StageWord,
)
from alphapulse_web.api.schemas import Amount, TokenRef
from alphapulse_web.api.study_shapes import WhyNot
from alphapulse_web.instants import instant
from alphapulse_web.views.market_view import bps_text

LATEST = 50


class CandidatesView:
    """Reads the ring of the strategy's present life; keeps nothing of its own."""

    def __init__(self, ring: Callable[[], CandidateRing], *, kept_here: bool) -> None:
        self._ring = ring
        self._kept_here = kept_here

    def latest(self) -> WhyNot:
        """The newest 50, and the counts."""
        return WhyNot(
            candidates=self.page(None, LATEST, None, None)[0],
            stages=self.stages(),
            forgotten=self._ring().forgotten,
            kept_here=self._kept_here,
        )

    def stages(self) -> list[StageCount]:
        """How many ended at each stage, in order."""
        totals = self._ring().totals
        return [StageCount(stage=cast(StageWord, stage.name.lower()), count=totals[stage]) for stage in Stage]

    def page(
        self, cursor: str | None, limit: int, stage: SolverStage | None, pool: str | None
    ) -> tuple[list[CandidateView], str | None]:
        """Candidates, newest first, and where the next page begins.

        Raises:
            ValueError: the cursor is not one that was given out in this life.
        """
        ring = self._ring()
        kept = ring.newest(KEPT)
        newest = sum(ring.totals.values()) - ring.totals[Stage.SIGNALLED]
        before = newest + 1 if cursor is None else int(cursor.removeprefix("c"))
        if not 0 < before <= newest + 1:
            raise ValueError(f"expected a cursor up to c{newest + 1}, found {cursor}")
        wanted = Stage[stage.upper()] if stage is not None else None
        found: list[tuple[int, Candidate]] = []
        for at, candidate in enumerate(kept):
            number = newest - at
            if number >= before or wanted not in (None, candidate.stage) or not _passes(candidate.pools, pool):
                continue
            if len(found) == limit:
                return [_shape(*one) for one in found], f"c{found[-1][0]}"
            found.append((number, candidate))
        return [_shape(*one) for one in found], None


def _passes(pools: tuple[InstrumentId, ...], wanted: str | None) -> bool:
    return wanted is None or any(pool.name == wanted for pool in pools)


def _shape(number: int, candidate: Candidate) -> CandidateView:
    hops = candidate.cycle.hops
    token = hops[0].pool.tokens[hops[0].token_in]
    return CandidateView(
        id=f"c{number}",
        stage=cast(SolverStage, candidate.stage.name.lower()),
        reason=candidate.reason,
        time=instant(candidate.venue_time_ns),
        block=candidate.block_number,
        log_index=candidate.log_index,
        hops=[_hop(hop) for hop in hops],
        token=_token(token),
        gap_bps=bps_text(candidate.gap_ppm),
        size=_amount(candidate.size, token),
        gross=_amount(candidate.gross, token),
        pool_fees=_amount(candidate.pool_fees, token),
        flash_fee=_amount(candidate.flash_fee, token),
        gas=_amount(candidate.gas_cost, token),
        net=_amount(candidate.net, token),
        limits=[
            MeasureView(
                name=one.name,
                value=str(one.value),
                limit=str(one.limit) if one.limit is not None else None,
                unit=one.unit,
            )
            for one in candidate.limits
        ],
    )


def _hop(hop: Hop) -> HopView:
    sold, bought = hop.pool.tokens[hop.token_in], hop.pool.tokens[hop.token_out]
    return HopView(
        pool=hop.pool.id.name, name=hop.pool.name, fee_ppm=hop.pool.fee_ppm, sold=_token(sold), bought=_token(bought)
    )


def _token(token: Token) -> TokenRef:
    return TokenRef(address="0x" + token.address.hex(), symbol=token.symbol, decimals=token.decimals)


def _amount(raw: int | None, token: Token) -> Amount | None:
    if raw is None:
        return None
    return Amount(raw=str(raw), decimals=token.decimals, symbol=token.symbol, token="0x" + token.address.hex())

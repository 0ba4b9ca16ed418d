"""Why a gap was not traded: newest first, by stage and pool, page by page, while others are added and forgotten."""

from __future__ import annotations

import pytest

from alphapulse.rules.arbitrage.candidate import Candidate, CandidateRing, Measure, Stage
from alphapulse.rules.arbitrage.cycle import Cycle, Hop
from alphapulse_web.api.opportunity_shapes import HopView, MeasureView, StageCount
from alphapulse_web.views.candidates_view import CandidatesView
from tests.web.views.market_samples import DAY_NS, FIRST, SECOND

CYCLE = Cycle((Hop(FIRST, 0, 1), Hop(SECOND, 1, 0)), ((0, 0, 1), (1, 1, 0)))
ALONE = Cycle((Hop(SECOND, 0, 1), Hop(SECOND, 1, 0)), ((1, 0, 1), (1, 1, 0)))


def candidate(block: int, stage: Stage = Stage.COSTS, cycle: Cycle = CYCLE, **numbers: int) -> Candidate:
    """A cycle that ended at a stage."""
    return Candidate(
        stage=stage,
        reason="the gas costs more than the gap brings",
        cycle=cycle,
        block_number=block,
        log_index=3,
        venue_time_ns=DAY_NS,
        gap_ppm=1_234,
        limits=(Measure("net", -5, 25, "raw USDC"), Measure("age", 3, None, "s")),
        **numbers,
    )


def ring(*candidates: Candidate, capacity: int = 4096) -> CandidateRing:
    kept = CandidateRing(capacity)
    for one in candidates:
        kept.add(one)
    return kept


def blocks(view: CandidatesView, *asked: object) -> tuple[list[int], str | None]:
    page, cursor = view.page(*asked)  # type: ignore[arg-type]  # cursor, limit, stage, pool
    return [one.block for one in page], cursor


def test_a_candidate_says_where_it_ended_with_its_numbers() -> None:
    """Path, stage, reason, amounts as far as they were reached, and what was compared with which limit."""
    view = CandidatesView(lambda: ring(candidate(7, size=10**9, gross=500, pool_fees=400)), kept_here=True)
    (shown,) = view.latest().candidates
    assert (shown.id, shown.stage, shown.block, shown.gap_bps) == ("c1", "costs", 7, "12.3")
    assert shown.reason == "the gas costs more than the gap brings"
    assert [(hop.name, hop.sold.symbol, hop.bought.symbol) for hop in shown.hops] == [
        (FIRST.name, "USDC", "WETH"),
        (SECOND.name, "WETH", "USDC"),
    ]
    assert isinstance(shown.hops[0], HopView)
    assert shown.size is not None
    assert (shown.size.raw, shown.size.symbol, shown.net, shown.gas) == ("1000000000", "USDC", None, None)
    assert shown.limits == [
        MeasureView(name="net", value="-5", limit="25", unit="raw USDC"),
        MeasureView(name="age", value="3", limit=None, unit="s"),
    ]


def test_pages_go_backwards_and_stand_still_while_others_come() -> None:
    """A cursor names a candidate, not a place: what is added behind it is on no later page, and nothing comes twice."""
    kept = ring(*(candidate(block) for block in range(1, 8)))
    view = CandidatesView(lambda: kept, kept_here=True)
    assert blocks(view, None, 3, None, None) == ([7, 6, 5], "c5")
    kept.add(candidate(8))
    assert blocks(view, "c5", 3, None, None) == ([4, 3, 2], "c2")
    assert blocks(view, "c2", 3, None, None) == ([1], None)


def test_stage_and_pool_choose() -> None:
    """Only those that ended there, or lead through that pool; the counts are of all."""
    kept = ring(candidate(1), candidate(2, Stage.SIZING), candidate(3, cycle=ALONE), candidate(4, Stage.SIZING))
    kept.count(Stage.SIGNALLED)
    view = CandidatesView(lambda: kept, kept_here=True)
    assert blocks(view, None, 1, "sizing", None) == ([4], "c4")
    assert blocks(view, "c4", 1, "sizing", None) == ([2], None)
    assert blocks(view, None, 9, None, FIRST.id.name) == ([4, 2, 1], None)
    assert blocks(view, None, 9, "costs", SECOND.id.name) == ([3, 1], None)
    assert StageCount(stage="signalled", count=1) in view.stages()
    assert StageCount(stage="sizing", count=2) in view.stages()


def test_what_was_forgotten_is_counted_and_on_no_page() -> None:
    """The ring is bounded; a cursor into what is gone finds nothing, one that was never given out is refused."""
    kept = ring(*(candidate(block) for block in range(1, 8)), capacity=3)
    view = CandidatesView(lambda: kept, kept_here=False)
    assert (view.latest().forgotten, view.latest().kept_here) == (4, False)
    assert blocks(view, None, 9, None, None) == ([7, 6, 5], None)
    assert blocks(view, "c3", 9, None, None) == ([], None)
    for wrong in ("c0", "c99", "1-1", "c"):
        with pytest.raises(ValueError):  # noqa: PT011 - the route says it in its own words
            view.page(wrong, 9, None, None)

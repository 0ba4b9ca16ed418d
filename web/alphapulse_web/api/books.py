"""What is found, traded and earned."""

from __future__ import annotations

from typing import cast, get_args

from quart import Blueprint, Response

from alphapulse_web.api.opportunity_shapes import Result, SolverStage
from alphapulse_web.api.replies import answer, query
from alphapulse_web.api.requests import OpportunityQuery, PageQuery, PnlQuery
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError

SOLVER_STAGES: tuple[str, ...] = get_args(SolverStage)
RESULT_OF_STAGE: dict[str, Result] = {"gate": "refused", "execution": "failed"}
"""Stages behind the signal are results of the books; `signalled` is all of them."""


def book_routes(backend: Backend) -> Blueprint:
    """Routes that read the books."""
    routes = Blueprint("books", __name__, url_prefix=PREFIX)

    @routes.get("/positions")
    async def positions() -> Response:
        return answer(backend.positions())

    @routes.get("/opportunities")
    async def opportunities() -> Response:
        page = query(OpportunityQuery)
        result = _result(page)
        try:
            if page.stage in SOLVER_STAGES:
                stage = cast(SolverStage, page.stage)
                pool = None if page.pool is None else page.pool.lower()
                return answer(backend.candidates(page.cursor, page.limit, stage, pool))
            return answer(await backend.opportunities(page.cursor, page.limit, result))
        except ValueError as error:
            raise wrong_cursor() from error

    @routes.get("/fills")
    async def fills() -> Response:
        page = query(PageQuery)
        try:
            return answer(await backend.fills(page.cursor, page.limit))
        except ValueError as error:
            raise wrong_cursor() from error

    @routes.get("/pnl")
    async def pnl() -> Response:
        run = query(PnlQuery).run
        try:
            return answer(await backend.pnl(run))
        except LookupError as error:
            raise ApiError(404, "no_such_run", f"expected a known run, found {run}; list them with /runs") from error

    @routes.get("/runs")
    async def runs() -> Response:
        return answer(await backend.runs())

    return routes


def _result(page: OpportunityQuery) -> Result | None:
    """The result that stage and result name together. Raises ApiError 400 if they contradict each other."""
    if page.pool is not None and page.stage not in SOLVER_STAGES:
        raise ApiError(400, "bad_query", f"expected a pool only with a stage of {', '.join(SOLVER_STAGES)}")
    if page.stage is None:
        return page.result
    stage_result = RESULT_OF_STAGE.get(page.stage)
    if page.result is not None and page.result != stage_result:
        raise ApiError(400, "bad_query", f"expected stage or result, found {page.stage} and {page.result}")
    return stage_result


def wrong_cursor() -> ApiError:
    """The cursor is not one that a page gave out."""
    return ApiError(400, "wrong_cursor", "expected the next_cursor of a page, found another; begin without a cursor")

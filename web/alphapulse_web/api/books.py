"""What is priced, found, traded and earned."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse_web.api.replies import answer, query
from alphapulse_web.api.requests import OpportunityQuery, PageQuery, PnlQuery
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError


def book_routes(backend: Backend) -> Blueprint:
    """Routes that read the books."""
    routes = Blueprint("books", __name__, url_prefix=PREFIX)

    @routes.get("/pools")
    async def pools() -> Response:
        return answer(backend.pools())

    @routes.get("/pairs")
    async def pairs() -> Response:
        return answer(backend.pairs())

    @routes.get("/positions")
    async def positions() -> Response:
        return answer(backend.positions())

    @routes.get("/opportunities")
    async def opportunities() -> Response:
        page = query(OpportunityQuery)
        try:
            return answer(await backend.opportunities(page.cursor, page.limit, page.result))
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


def wrong_cursor() -> ApiError:
    """The cursor is not one that a page gave out."""
    return ApiError(400, "wrong_cursor", "expected the next_cursor of a page, found another; begin without a cursor")

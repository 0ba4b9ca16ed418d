"""Where prices come from: chains and pools."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse_web.api.books import wrong_cursor
from alphapulse_web.api.replies import answer, query
from alphapulse_web.api.requests import PoolQuery
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError


def market_routes(backend: Backend) -> Blueprint:
    """Routes that read the market."""
    routes = Blueprint("markets", __name__, url_prefix=PREFIX)

    @routes.get("/chains")
    async def chains() -> Response:
        return answer(backend.chains())

    @routes.get("/pools")
    async def pools() -> Response:
        try:
            return answer(backend.pools(query(PoolQuery)))
        except ValueError as error:
            raise wrong_cursor() from error

    @routes.get("/pools/<pool_id>")
    async def pool(pool_id: str) -> Response:
        try:
            return answer(backend.pool(pool_id))
        except LookupError as error:
            message = "expected the id of a pool that is watched, found another; list them with /pools"
            raise ApiError(404, "no_such_pool", message) from error

    @routes.get("/pairs")
    async def pairs() -> Response:
        return answer(backend.pairs())

    return routes

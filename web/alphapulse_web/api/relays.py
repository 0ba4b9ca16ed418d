"""The relays of the bus."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse_web.api.replies import answer
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend


def relay_routes(backend: Backend) -> Blueprint:
    """The route that shows the relays."""
    routes = Blueprint("relays", __name__, url_prefix=PREFIX)

    @routes.get("/relays")
    async def relays() -> Response:
        return answer(backend.relays())

    return routes

"""What the recordings and the run say of the strategies: analytics and stored sweeps."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse_web.api.replies import answer
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError


def study_routes(backend: Backend) -> Blueprint:
    """Routes that read studies."""
    routes = Blueprint("studies", __name__, url_prefix=PREFIX)

    @routes.get("/analytics")
    async def analytics() -> Response:
        return answer(backend.analytics())

    @routes.get("/sweeps")
    async def sweeps() -> Response:
        return answer(await backend.sweeps())

    @routes.get("/sweeps/<name>")
    async def sweep(name: str) -> Response:
        try:
            return answer(await backend.sweep(name))
        except LookupError as error:
            message = f"expected the name of a stored sweep, found {name[:120]!r}; list them with /sweeps"
            raise ApiError(404, "no_such_sweep", message) from error

    return routes

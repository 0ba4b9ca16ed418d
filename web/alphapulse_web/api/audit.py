"""The journal as the audit."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse.errors import JournalError
from alphapulse_web.api.replies import answer
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.backend import Backend
from alphapulse_web.errors import ApiError


def audit_routes(backend: Backend) -> Blueprint:
    """Routes by which others can prove what the journal said."""
    routes = Blueprint("audit", __name__, url_prefix=PREFIX)

    @routes.get("/audit/head")
    async def audit_head() -> Response:
        try:
            return answer(await backend.audit_head())
        except JournalError as error:
            raise ApiError(503, "journal_failed", str(error)) from error

    return routes

"""Probes, status, tasks, and the document that describes the API."""

from __future__ import annotations

from quart import Blueprint, Response

from alphapulse_web.api.replies import JSON, answer
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.schemas import Health
from alphapulse_web.backend import Backend
from alphapulse_web.openapi import render


def status_routes(backend: Backend) -> Blueprint:
    """Routes that say how the daemon is."""
    routes = Blueprint("status", __name__)
    document = render()

    @routes.get("/livez")
    async def livez() -> Response:
        return probe(backend.live())

    @routes.get("/readyz")
    async def readyz() -> Response:
        return probe(backend.ready())

    @routes.get(f"{PREFIX}/openapi.json")
    async def openapi() -> Response:
        return Response(document, content_type=JSON)

    @routes.get(f"{PREFIX}/status")
    async def status() -> Response:
        return answer(backend.status())

    return routes


def probe(ok: bool) -> Response:
    """200 or 503, for machines."""
    return answer(Health(ok=ok), 200 if ok else 503)

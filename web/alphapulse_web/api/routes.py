"""The routes as data: who may use them, what they take and what they answer.

Both the access check and the OpenAPI document read this table. A route that is not in it is refused.
"""

from __future__ import annotations

import enum

import attrs
import msgspec

from alphapulse_web.api.requests import (
    KillRequest,
    LoginRequest,
    NoQuery,
    OpportunityQuery,
    PageQuery,
    PnlQuery,
    ResumeRequest,
)
from alphapulse_web.api.schemas import (
    AuditHead,
    Fills,
    HaltReport,
    Health,
    LoginCode,
    Opportunities,
    Pairs,
    Pnl,
    Pools,
    Positions,
    Runs,
    SessionOpened,
    SessionView,
    Status,
    TreeNode,
)

PREFIX = "/api/v1"


class Access(enum.Enum):
    """Who may use a route."""

    PUBLIC = "no login"
    SESSION = "browser session or bearer token"
    BEARER = "bearer token"


@attrs.frozen(kw_only=True)
class Route:
    """One operation. `errors` lists the statuses besides those that every route can answer."""

    method: str
    path: str
    name: str
    summary: str
    access: Access = Access.SESSION
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    reply: type[msgspec.Struct] | None = None
    status: int = 200
    also: int | None = None
    idempotent: bool = False
    errors: tuple[int, ...] = ()


ROUTES = (
    Route(method="GET", path="/livez", name="livez", access=Access.PUBLIC, reply=Health, errors=(503,),
          summary="Whether the daemon lives."),
    Route(method="GET", path="/readyz", name="readyz", access=Access.PUBLIC, reply=Health, errors=(503,),
          summary="Whether the daemon is ready."),
    Route(method="GET", path=f"{PREFIX}/openapi.json", name="openapi", access=Access.PUBLIC,
          summary="This document."),
    Route(method="GET", path=f"{PREFIX}/status", name="status", reply=Status,
          summary="Does it run, since when, by whom; is its data fresh."),
    Route(method="GET", path=f"{PREFIX}/tree", name="tree", reply=TreeNode,
          summary="The daemon's tasks."),
    Route(method="GET", path=f"{PREFIX}/pools", name="pools", reply=Pools,
          summary="All pools."),
    Route(method="GET", path=f"{PREFIX}/pairs", name="pairs", reply=Pairs,
          summary="Prices of two pools of one pair, and their gap."),
    Route(method="GET", path=f"{PREFIX}/opportunities", name="opportunities", query=OpportunityQuery,
          reply=Opportunities, summary="Opportunities and what came of them, newest first."),
    Route(method="GET", path=f"{PREFIX}/positions", name="positions", reply=Positions,
          summary="What is open and held."),
    Route(method="GET", path=f"{PREFIX}/pnl", name="pnl", query=PnlQuery, reply=Pnl, errors=(404,),
          summary="Profit and loss net of all costs."),
    Route(method="GET", path=f"{PREFIX}/fills", name="fills", query=PageQuery, reply=Fills,
          summary="Executed trades, newest first."),
    Route(method="GET", path=f"{PREFIX}/runs", name="runs", reply=Runs,
          summary="Runs of the books."),
    Route(method="GET", path=f"{PREFIX}/audit/head", name="audit_head", reply=AuditHead, errors=(503,),
          summary="The journal's head, to be written down elsewhere."),
    Route(method="POST", path=f"{PREFIX}/control/kill", name="kill", body=KillRequest, reply=HaltReport, also=202,
          idempotent=True, errors=(409, 422, 503), summary="Stop trading. 202 while steps still run."),
    Route(method="POST", path=f"{PREFIX}/control/resume", name="resume", access=Access.BEARER, body=ResumeRequest,
          reply=Status, idempotent=True, errors=(409, 422, 503), summary="End a halt. 409 lists what forbids it."),
    Route(method="POST", path=f"{PREFIX}/session", name="open_session", access=Access.PUBLIC, body=LoginRequest,
          reply=SessionOpened, errors=(401, 429), summary="Log a browser in with a one-time code."),
    Route(method="GET", path=f"{PREFIX}/session", name="session", reply=SessionView,
          summary="Who asks."),
    Route(method="DELETE", path=f"{PREFIX}/session", name="close_session", status=204,
          summary="Log this browser out."),
    Route(method="POST", path=f"{PREFIX}/session/code", name="login_code", access=Access.BEARER, reply=LoginCode,
          summary="A fresh one-time login."),
)  # fmt: skip

"""The routes as data: who may use them and how often, what they take and what they answer.

Access, limits, audit and the OpenAPI document all read this table. A route that is not in it is refused, a row without
its policy cannot be written, and an application whose handlers are not exactly its rows does not start.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs
import msgspec
from werkzeug.routing import Map, Rule

from alphapulse_web.api.book_shapes import AuditHead, Fills, Pnl, Positions, Runs
from alphapulse_web.api.chain_shapes import Chains
from alphapulse_web.api.halt_shapes import Challenge, FlattenReport, HaltReport, Halts
from alphapulse_web.api.level_shapes import Levels
from alphapulse_web.api.opportunity_shapes import Opportunities
from alphapulse_web.api.pair_shapes import Pairs
from alphapulse_web.api.pool_shapes import PoolDetail, Pools
from alphapulse_web.api.relay_shapes import Relays
from alphapulse_web.api.requests import (
    ChallengeRequest,
    ChildRequest,
    FillGapRequest,
    FlattenRequest,
    KillRequest,
    LoginRequest,
    NoQuery,
    OpportunityQuery,
    OverrideRequest,
    PageQuery,
    PnlQuery,
    PoolQuery,
    ReloadRequest,
    ResumeRequest,
    RevokeRequest,
    TradeQuery,
    TransactionQuery,
)
from alphapulse_web.api.risk_shapes import BreakersView, LimitsView, LimitView
from alphapulse_web.api.schemas import Health
from alphapulse_web.api.session_shapes import Keys, LoginCode, SessionOpened, SessionView, StreamTicket
from alphapulse_web.api.status_shapes import Reloaded, Status, TaskStacks, TreeNode
from alphapulse_web.api.study_shapes import Analytics, Sweep, Sweeps
from alphapulse_web.api.transaction_shapes import Trade, Trades, Transactions, TransactionView, Wallets
from alphapulse_web.permissions import Permission

PREFIX = "/api/v1"


class Rate(enum.Enum):
    """How often a route may be asked."""

    NORMAL = "10 requests of a caller in a second"
    OPEN = "whoever asks is nobody yet; what he can be wrong about has a limit of its own"
    HALT = "without any limit: nothing stands before a halt"


class Idempotency(enum.Enum):
    """What an Idempotency-Key does."""

    NONE = "no key is wanted: a repetition does no harm"
    ONCE = "on the disk before the act, and never acted twice"
    HALT = "the act first, then the disk"


READS = frozenset({"GET"})
ACTS = frozenset(
    {
        *(Permission.REARM, Permission.FLATTEN, Permission.RUN),
        *(Permission.TRANSACT, Permission.LIMITS, Permission.KEYS),
    }
)


def _has_policy(route: Route, _: attrs.Attribute[bool], audit: bool) -> None:
    """Raises ValueError if the row does not say what a route of its kind has to say."""
    where = f"{route.method} {route.path}"
    changes = route.method not in READS
    if not changes and (audit or route.idempotency is not Idempotency.NONE):
        raise ValueError(f"{where}: expected a read without audit and idempotency, found one; use another method")
    if changes and not audit and route.permission not in {Permission.PUBLIC, Permission.READ}:
        raise ValueError(f"{where}: expected audit=True for what is not everybody's, found False")
    if (route.permission is Permission.PUBLIC) is not (route.rate is Rate.OPEN):
        raise ValueError(f"{where}: expected Rate.OPEN for public routes and for them only, found {route.rate}")
    if len({route.permission is Permission.HALT, route.rate is Rate.HALT, route.idempotency is Idempotency.HALT}) > 1:
        raise ValueError(f"{where}: expected permission, rate and idempotency HALT together, found one without another")
    if changes and route.permission in ACTS and route.idempotency is not Idempotency.ONCE:
        raise ValueError(f"{where}: expected Idempotency.ONCE for {route.permission}, found {route.idempotency}")
    if "/control/" in route.path and changes and route.idempotency is Idempotency.NONE:
        raise ValueError(f"{where}: expected an Idempotency-Key on everything under /control, found none")


@attrs.frozen(kw_only=True)
class Route:
    """One operation, with its policy: a row that leaves one of `permission`, `rate` and `audit` out is no row.

    `audit`: whether each answer to somebody who is logged in is kept in the journal. `bearer_only`: not for browsers.
    `errors` lists the statuses besides those that every route can answer. A path may hold Werkzeug's parameters.
    """

    method: str
    path: str
    name: str
    summary: str
    permission: Permission
    rate: Rate
    bearer_only: bool = False
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    reply: type[msgspec.Struct] | None = None
    status: int = 200
    also: int | None = None
    idempotency: Idempotency = Idempotency.NONE
    errors: tuple[int, ...] = ()
    audit: bool = attrs.field(validator=_has_policy)


def read(path: str, name: str, summary: str, reply: type[msgspec.Struct] | None, **others: Any) -> Route:
    """A route by which everybody who is logged in may look at something."""
    policy = {"permission": Permission.READ, "rate": Rate.NORMAL, "audit": False}
    return Route(method="GET", path=path, name=name, summary=summary, reply=reply, **{**policy, **others})


PUBLIC: dict[str, Any] = {"permission": Permission.PUBLIC, "rate": Rate.OPEN}

ROUTES = (
    read("/livez", "livez", "Whether the daemon lives.", Health, errors=(503,), **PUBLIC),
    read("/readyz", "readyz", "Whether the daemon is ready.", Health, errors=(503,), **PUBLIC),
    read(f"{PREFIX}/openapi.json", "openapi", "This document.", None, **PUBLIC),
    read(f"{PREFIX}/status", "status", "Does it run, since when, by whom; is its data fresh.", Status),
    read(f"{PREFIX}/tree", "tree", "The daemon's tasks.", TreeNode),
    read(f"{PREFIX}/tree/stacks", "stacks", "Where every task stands.", TaskStacks, permission=Permission.INSPECT),
    *(
        Route(method="POST", path=f"{PREFIX}/tree/{act}", name=f"{act}_child", body=ChildRequest, reply=TreeNode,
              permission=Permission.RUN, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
              errors=(409, 422, 503), summary=f"{act.capitalize()} a task; 409 says why that is not safe.")
        for act in ("stop", "start", "restart")
    ),
    Route(method="POST", path=f"{PREFIX}/strategies/reload", name="reload", body=ReloadRequest, reply=Reloaded,
          permission=Permission.RUN, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(422, 503), summary="Give one strategy a new configuration; the others run on."),
    read(f"{PREFIX}/relays", "relays", "The three relays: what they carry, who listens, how their links are.", Relays),
    read(f"{PREFIX}/chains", "chains", "Chains: head, age, provider, nodes, and how many pools have which trust.",
         Chains),
    read(f"{PREFIX}/pools", "pools", "Pools with their states and trust, a page at a time.", Pools, query=PoolQuery),
    read(f"{PREFIX}/pools/<pool_id>", "pool", "A pool with the ticks around its price.", PoolDetail, errors=(404,)),
    read(f"{PREFIX}/pairs", "pairs", "Prices of two pools of one pair, and their gap.", Pairs),
    read(f"{PREFIX}/opportunities", "opportunities",
         "Opportunities and what came of them, or why a gap became none, newest first.",
         Opportunities, query=OpportunityQuery),
    read(f"{PREFIX}/analytics", "analytics", "Found, taken, won, and lost to whom, by strategy, pool and path.",
         Analytics),
    read(f"{PREFIX}/sweeps", "sweeps", "The stored sweeps, newest first.", Sweeps),
    read(f"{PREFIX}/sweeps/<name>", "sweep", "A stored sweep: each combination, fitted and out of sample.", Sweep,
         errors=(404,)),
    read(f"{PREFIX}/positions", "positions", "What is open and held.", Positions),
    read(f"{PREFIX}/pnl", "pnl", "Profit and loss net of all costs.", Pnl, query=PnlQuery, errors=(404,)),
    read(f"{PREFIX}/fills", "fills", "Executed trades, newest first.", Fills, query=PageQuery),
    read(f"{PREFIX}/transactions", "transactions", "Our transactions on chains as they stand, newest first.",
         Transactions, query=TransactionQuery),
    read(f"{PREFIX}/trades", "trades", "Trades on paper or not, newest first.", Trades, query=TradeQuery),
    read(f"{PREFIX}/trades/<int:intent_id>", "trade",
         "A trade: expected against actual, its gas, its transactions, and why it failed.", Trade, errors=(404,)),
    read(f"{PREFIX}/wallets", "wallets", "The wallets that trade: numbers, gas, and how they compare with the books.",
         Wallets),
    *(
        Route(method="POST", path=f"{PREFIX}/transactions/<tx_hash>/{act}", name=f"{act}_transaction",
              reply=TransactionView, permission=Permission.TRANSACT, rate=Rate.NORMAL, idempotency=Idempotency.ONCE,
              audit=True, errors=(404, 409, 422, 503), summary=summary)
        for act, summary in (
            ("bump", "Send a transaction again for higher fees; the reply is the new one. 409 says why not."),
            ("cancel", "Put a transfer of nothing to ourselves in its place. It may be mined still, if it is sooner."),
        )
    ),
    Route(method="POST", path=f"{PREFIX}/wallets/<address>/fill-gap", name="fill_gap", body=FillGapRequest,
          reply=TransactionView, permission=Permission.TRANSACT, rate=Rate.NORMAL, idempotency=Idempotency.ONCE,
          audit=True, errors=(404, 409, 422, 503),
          summary="Use up a number that no transaction has, so that those behind it can be mined."),
    read(f"{PREFIX}/runs", "runs", "Runs of the books.", Runs),
    read(f"{PREFIX}/audit/head", "audit_head", "The journal's head, to be written down elsewhere.", AuditHead,
         errors=(503,)),
    Route(method="POST", path=f"{PREFIX}/control/kill", name="kill", body=KillRequest, reply=HaltReport, also=202,
          permission=Permission.HALT, rate=Rate.HALT, idempotency=Idempotency.HALT, audit=True,
          errors=(409, 422, 503), summary="Stop trading. 202 while steps still run."),
    Route(method="POST", path=f"{PREFIX}/control/challenge", name="challenge", body=ChallengeRequest, reply=Challenge,
          permission=Permission.REARM, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(409, 422, 503), summary="What must be typed to end a halt, and what that does."),
    Route(method="POST", path=f"{PREFIX}/control/resume", name="resume", body=ResumeRequest, reply=Status,
          permission=Permission.REARM, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(409, 422, 503), summary="End a halt. 409 lists what forbids it."),
    Route(method="POST", path=f"{PREFIX}/control/flatten", name="flatten", body=FlattenRequest, reply=FlattenReport,
          also=202, permission=Permission.FLATTEN, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(409, 422, 503), summary="Sell what a halted scope holds, once in a halt. 202 while that lasts."),
    read(f"{PREFIX}/halts", "halts", "The newest halts.", Halts),
    read(f"{PREFIX}/halts/<int:halt_id>", "halt", "What a halt did.", HaltReport, errors=(404,)),
    read(f"{PREFIX}/levels", "levels", "The level of every scope, by whom and why.", Levels),
    read(f"{PREFIX}/limits", "limits", "Every limit, how much of it is used, and the gate's checks.", LimitsView),
    Route(method="POST", path=f"{PREFIX}/limits/override", name="override_limit", body=OverrideRequest,
          reply=LimitView, permission=Permission.LIMITS, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(409, 422, 503), summary="Set a limit for a while, at most to twice what is configured."),
    read(f"{PREFIX}/breakers", "breakers", "The circuit breakers, open ones first.", BreakersView),
    Route(method="POST", path=f"{PREFIX}/session", name="open_session", body=LoginRequest, reply=SessionOpened,
          audit=True, errors=(401, 429), summary="Log a browser in with a one-time code.", **PUBLIC),
    read(f"{PREFIX}/session", "session", "Who asks.", SessionView),
    Route(method="DELETE", path=f"{PREFIX}/session", name="close_session", status=204, permission=Permission.READ,
          rate=Rate.NORMAL, audit=True, summary="Log this browser out."),
    Route(method="POST", path=f"{PREFIX}/session/code", name="login_code", reply=LoginCode, bearer_only=True,
          permission=Permission.LOGIN, rate=Rate.NORMAL, audit=True, summary="A fresh one-time login."),
    Route(method="POST", path=f"{PREFIX}/stream/ticket", name="stream_ticket", reply=StreamTicket,
          permission=Permission.READ, rate=Rate.NORMAL, audit=False, summary="A ticket that opens the WebSocket once."),
    read(f"{PREFIX}/keys", "keys", "Who holds keys, and with which roles.", Keys, permission=Permission.KEYS),
    Route(method="POST", path=f"{PREFIX}/keys/revoke", name="revoke_key", body=RevokeRequest, reply=Keys,
          permission=Permission.KEYS, rate=Rate.NORMAL, idempotency=Idempotency.ONCE, audit=True,
          errors=(404, 409, 422, 503), summary="Take a key away, and end what it has opened."),
)  # fmt: skip

BY_RULE: dict[tuple[str, str], Route] = {(route.method, route.path): route for route in ROUTES}
PATHS = Map([Rule(route.path, methods=[route.method]) for route in ROUTES], merge_slashes=False)


def route_of(method: str, rule: str) -> Route | None:
    """The row of a request that was matched; HEAD is a GET without its body."""
    return BY_RULE.get(("GET" if method == "HEAD" else method, rule))


def methods_of(path: str) -> frozenset[str]:
    """The methods that a path knows, none if it is no path of the table."""
    return frozenset(PATHS.bind("").allowed_methods(path))

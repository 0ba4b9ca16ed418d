"""What the API takes: bodies and query strings. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from alphapulse_web.api.opportunity_shapes import Result, StageWord
from alphapulse_web.api.pool_shapes import KindWord, TrustWord
from alphapulse_web.api.schemas import TypedAddress
from alphapulse_web.api.transaction_shapes import Hash, TransactionStateWord

Scope = Annotated[
    str, Meta(pattern=r"^(global|strategy:[A-Za-z0-9_.-]{1,48}|venue:[a-z0-9_]{1,48}|instrument:[0-9a-f]{48})$")
]
"""What a halt holds: `global`, `strategy:NAME`, `venue:NAME`, or `instrument:` and its 24 bytes in hex."""
ReasonText = Annotated[str, Meta(min_length=1, max_length=250, pattern=r"\S")]
"""Why, in the actor's words."""
Cursor = Annotated[str, Meta(max_length=128)]
"""Where the page before ended, as the reply gave it."""
Limit = Annotated[int, Meta(ge=1, le=200)]
"""Rows of a page."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that the API takes."""


class KillRequest(Request, frozen=True, kw_only=True):
    """Stop trading in a scope."""

    reason: ReasonText
    scope: Scope = "global"
    level: Literal["halted", "reducing", "locked"] = "halted"


class ChallengeRequest(Request, frozen=True, kw_only=True):
    """Ask for what must be typed to end the halt of a scope."""

    scope: Scope = "global"


class ResumeRequest(Request, frozen=True, kw_only=True):
    """End the halt of a scope: the nonce of a challenge, and its phrase as typed."""

    reason: ReasonText
    nonce: Annotated[str, Meta(min_length=1, max_length=128)]
    phrase: Annotated[str, Meta(max_length=250)]
    scope: Scope = "global"


class FlattenRequest(Request, frozen=True, kw_only=True):
    """Sell what a halted scope holds. Once in a halt."""

    reason: ReasonText
    scope: Scope = "global"


class LoginRequest(Request, frozen=True, kw_only=True):
    """A one-time code for a browser session."""

    code: Annotated[str, Meta(min_length=1, max_length=128)]


class RevokeRequest(Request, frozen=True, kw_only=True):
    """Take a key away."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    reason: ReasonText


class OverrideRequest(Request, frozen=True, kw_only=True):
    """Set a limit for a while: `value` is whole tokens where the limit is of a token, else a whole number."""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    value: Annotated[str, Meta(max_length=100, pattern=r"^\d+(\.\d+)?$")]
    for_s: Annotated[int, Meta(ge=1, le=86_400)]
    reason: ReasonText


class ChildRequest(Request, frozen=True, kw_only=True):
    """Stop, start or restart a task, by its path in the tree."""

    child: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: ReasonText


class ReloadRequest(Request, frozen=True, kw_only=True):
    """Give a strategy a new configuration: `settings`, or what the file says by now."""

    name: Annotated[str, Meta(min_length=1, max_length=48)]
    reason: ReasonText
    settings: dict[str, Any] | None = None


class NoQuery(Request, frozen=True, kw_only=True):
    """No parameters."""


class PnlQuery(Request, frozen=True, kw_only=True):
    """Which run; the current one if absent."""

    run: Annotated[int, Meta(ge=1)] | None = None


class PoolQuery(Request, frozen=True, kw_only=True):
    """Which pools, and which page of them. `token` is an address or a symbol."""

    cursor: Cursor | None = None
    limit: Limit = 50
    chain_id: int | None = None
    kind: KindWord | None = None
    trust: TrustWord | None = None
    token: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class PageQuery(Request, frozen=True, kw_only=True):
    """Which page."""

    cursor: Cursor | None = None
    limit: Limit = 50


class OpportunityQuery(PageQuery, frozen=True, kw_only=True):
    """Which page, and of which result; or at which stage it ended, and for the solver's stages through which pool."""

    result: Result | None = None
    stage: StageWord | None = None
    pool: TypedAddress | None = None


class TradeQuery(Request, frozen=True, kw_only=True):
    """Which page of trades: `before` is the `older` of the page before."""

    limit: Limit = 50
    before: Cursor | None = None


class TransactionQuery(Request, frozen=True, kw_only=True):
    """Which transactions: in a state, open or not, of that hash; `before` is the `older` of the page before."""

    hash: Hash | None = None
    state: TransactionStateWord | None = None
    open: bool | None = None
    limit: Limit = 50
    before: Cursor | None = None


class FillGapRequest(Request, frozen=True, kw_only=True):
    """Fill a number that no transaction has, so that those behind it can be mined."""

    nonce: Annotated[int, Meta(ge=0, le=2**63 - 1)]

"""What the control plane needs of the daemon, in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from alphapulse.data.roles import Role
from alphapulse_web.api.book_shapes import AuditHead, Fills, Pnl, Positions, Runs
from alphapulse_web.api.chain_shapes import Chains
from alphapulse_web.api.halt_shapes import Challenge, FlattenReport, HaltReport, Halts
from alphapulse_web.api.level_shapes import Levels, Risk
from alphapulse_web.api.messages import FrameSample
from alphapulse_web.api.opportunity_shapes import LatestOpportunities, Opportunities, Result, SolverStage
from alphapulse_web.api.pair_shapes import Pairs, Point
from alphapulse_web.api.pool_shapes import AllPools, ChangedPools, PoolDetail, Pools
from alphapulse_web.api.relay_shapes import Relays
from alphapulse_web.api.requests import (
    FlattenRequest,
    KillRequest,
    OverrideRequest,
    PoolQuery,
    ReloadRequest,
    ResumeRequest,
)
from alphapulse_web.api.risk_shapes import BreakersView, LimitsView, LimitView
from alphapulse_web.api.schemas import ViaWord
from alphapulse_web.api.status_shapes import Reloaded, Status, TreeNode
from alphapulse_web.api.study_shapes import Analytics, Sweep, Sweeps, WhyNot
from alphapulse_web.real_trading import RealTrading

Topic = Literal["status", "tree", "chains", "pairs", "pnl", "positions", "opportunities"]
TOPICS: tuple[Topic, ...] = ("status", "tree", "chains", "pairs", "pnl", "positions", "opportunities")
"""The WebSocket's topics, in the order in which a round sends them."""


class Backend(Protocol):
    """The daemon as the web sees it.

    Plain methods answer at once and do no I/O; the hub calls them, and `pnl`, up to 10 times a second.
    """

    @property
    def real_trading(self) -> RealTrading:
        """Transactions, trades and wallets."""

    def live(self) -> bool:
        """True while the daemon's own tasks run."""

    def ready(self) -> bool:
        """True once everything that must run before the first trade runs."""

    def topic_revisions(self) -> Mapping[Topic, int]:
        """For every topic a number that changes when the topic changed. A new run changes all of them."""

    def status(self) -> Status:
        """State, freshness, run and source."""

    def tree(self) -> TreeNode:
        """The daemon's tasks."""

    def chains(self) -> Chains:
        """All chains that pools are watched on."""

    def pools(self, wish: PoolQuery) -> Pools:
        """A page of pools. Raises ValueError if the cursor is not one that was given out."""

    def pool(self, pool_id: str) -> PoolDetail:
        """A pool with its ticks, by its id in hex. Raises LookupError if it is not watched."""

    def all_pools(self) -> AllPools:
        """The pools for a page that shows them live."""

    def pools_revision(self) -> int:
        """A number that grows with every change of a pool."""

    def changed_pools(self, revision: int) -> ChangedPools:
        """Those that have changed behind that number."""

    def pairs(self) -> Pairs:
        """All pairs, each with at most its 5000 newest points."""

    def pair_ids(self) -> Sequence[str]:
        """The ids of the pairs."""

    def pair_points(self, pair_id: str, after_index: int) -> list[Point]:
        """Points of a pair whose index is greater, in order; indexes are dense within a run."""

    def positions(self) -> Positions:
        """What is open and held."""

    def latest_opportunities(self) -> LatestOpportunities:
        """The newest 50 opportunities."""

    def relays(self) -> Relays:
        """Every relay, with its consumers."""

    def risk(self) -> Risk:
        """Levels, halts, limits and breakers."""

    def why_not(self) -> WhyNot:
        """The newest gaps that became no signal, and at which stage each ended."""

    def candidates(self, cursor: str | None, limit: int, stage: SolverStage | None, pool: str | None) -> Opportunities:
        """A page of these, newest first. Raises ValueError if the cursor is not one that was given out."""

    def analytics(self) -> Analytics:
        """What became of each path in the present run."""

    async def sweeps(self) -> Sweeps:
        """The stored sweeps."""

    async def sweep(self, name: str) -> Sweep:
        """One of them. Raises LookupError if there is none of that name."""

    def watch_frames(self, watched: bool) -> None:
        """Whether somebody watches the firehose; asked often with the same answer."""

    def take_frames(self) -> FrameSample | None:
        """What passed on the relays since the last call, or None if nothing did; asked only while it is watched."""

    async def pnl(self, run: int | None = None) -> Pnl:
        """Profit and loss of a run, the current one if None. Raises LookupError if there is no such run."""

    async def opportunities(self, cursor: str | None, limit: int, result: Result | None) -> Opportunities:
        """A page of opportunities, newest first. Raises ValueError if the cursor is not one that was given out."""

    async def fills(self, cursor: str | None, limit: int) -> Fills:
        """A page of fills, newest first. Raises ValueError if the cursor is not one that was given out."""

    async def runs(self) -> Runs:
        """All runs, newest first."""

    async def audit_head(self) -> AuditHead:
        """The journal's end, once the disk has it. Raises JournalError if the journal has failed."""

    async def kill(self, wish: KillRequest, actor: str, role: Role, via: ViaWord) -> HaltReport:
        """Make a scope stricter.

        Must bump the halt epoch before its first await. Steps that last longer go on without the caller: the report
        then says `complete=False`. Raises HaltError if the scope does not exist or the role may not.
        """

    def challenge(self, scope: str, actor: str, role: Role) -> Challenge:
        """What must be typed to end a halt. Raises HaltError if the scope is not held."""

    async def resume(self, wish: ResumeRequest, actor: str, role: Role, via: ViaWord) -> Status:
        """End a halt. Raises HaltError if a precondition fails; each of its arguments is one failed precondition."""

    async def flatten(self, wish: FlattenRequest, actor: str, role: Role, via: ViaWord) -> FlattenReport:
        """Sell what a halted scope holds; says `begun` if that lasts. Raises HaltError if it may not."""

    def halts(self) -> Halts:
        """The newest halts."""

    def halt(self, halt_id: int) -> HaltReport:
        """What a halt did. Raises LookupError if it is not known."""

    def levels(self) -> Levels:
        """The level of every scope."""

    def limits(self) -> LimitsView:
        """Every limit and check."""

    def override_limit(self, wish: OverrideRequest, actor: str) -> LimitView:
        """Set a limit for a while. Raises LimitError if it may not be, JournalError if it cannot be recorded."""

    def breakers(self) -> BreakersView:
        """Every circuit breaker."""

    async def stacks(self) -> str:
        """Where every task stands."""

    async def stop_child(self, path: str, reason: str) -> TreeNode:
        """Stop a task and wait shortly until it is gone. Raises LifecycleError if it may not be stopped."""

    async def start_child(self, path: str, reason: str) -> TreeNode:
        """Start a task. Raises LifecycleError if it may not be started."""

    async def restart_child(self, path: str, reason: str) -> TreeNode:
        """Give a task a fresh life. Raises LifecycleError if it may not have one."""

    async def reload(self, wish: ReloadRequest, actor: str, role: Role) -> Reloaded:
        """Give a strategy a new configuration.

        Raises:
            PermissionError: the role may reload the file, but not post settings of its own.
            ConfigError: it cannot be; nothing has changed.
            JournalError: it could not be written down; nothing has changed.
        """

    def audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        """Keep an action of somebody in the journal, as far as it can be kept; never raises."""

"""A daemon of which the test holds every string."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import trio

from alphapulse.data.roles import Role
from alphapulse.errors import ConfigError, LifecycleError
from alphapulse_web.api.book_shapes import AuditHead, Fills, Pnl, Positions, Runs, RunView
from alphapulse_web.api.chain_shapes import Chains
from alphapulse_web.api.halt_shapes import Challenge, FlattenReport, HaltReport, Halts, HaltStep, HaltSummary
from alphapulse_web.api.level_shapes import Levels, Risk, ScopeLevel
from alphapulse_web.api.messages import FrameSample, LiveFrame
from alphapulse_web.api.opportunity_shapes import (
    Counts,
    LatestOpportunities,
    Opportunities,
    Opportunity,
    Reason,
    Result,
    SolverStage,
    StageCount,
)
from alphapulse_web.api.pair_shapes import Pairs, PairView, Point
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
from alphapulse_web.api.schemas import Amount, LevelWord, PoolRef, TokenRef, ViaWord
from alphapulse_web.api.status_shapes import (
    Build,
    ChangedSetting,
    OtherWays,
    Reloaded,
    Run,
    State,
    Status,
    Stream,
    TreeNode,
)
from alphapulse_web.api.study_shapes import Analytics, Sweep, Sweeps, SweepSummary, WhyNot
from alphapulse_web.backend import TOPICS, Topic
from alphapulse_web.instants import instant
from tests.web.fake_trading import FakeTrading
from tests.web.views.pool_market import PoolMarket

HALT_ID = 7
SWEEP = "day"

NOW_NS = 1_704_437_087_000_000_000
PAIR = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640-0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8"
USDC = TokenRef(address="0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", symbol="USDC", decimals=6)
WETH = TokenRef(address="0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", symbol="WETH", decimals=18)
POOLS = (
    PoolRef(address="0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640", name="WETH/USDC 0.05%", fee_ppm=500),
    PoolRef(address="0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8", name="WETH/USDC 0.30%", fee_ppm=3000),
)


def amount(raw: int) -> Amount:
    """So many millionths of a USDC."""
    return Amount(raw=str(raw), decimals=6, symbol="USDC", token=USDC.address)


def point(index: int) -> Point:
    """A point of the pair."""
    return Point(
        i=index, t=str(NOW_NS), block=1, log_index=index, a="2264.416838", b="2264.5", gap=f"-{index % 7}.3", mark=None
    )


def sweep_summary() -> SweepSummary:
    """A sweep that ended by itself."""
    return SweepSummary(
        name=SWEEP, created="2026-01-01T00:00:00+00:00", axes=[], runs=1, done=1, finished=True, fitted="fitted on all"
    )


def live_frame(n: int) -> LiveFrame:
    """Something that passed; its bytes are no frame."""
    return LiveFrame(n=n, domain="MARKET_DATA", hex=f"{n:04x}", received_ns=str(NOW_NS))


class FakeBackend:
    """Implements `alphapulse_web.backend.Backend` over plain attributes; `touch` says that a topic changed."""

    def __init__(self, pair_ids: Sequence[str] = (PAIR,)) -> None:
        self.is_live = True
        self.is_ready = True
        self.state: State = "active"
        self.run_number = 1
        self.revisions: dict[Topic, int] = dict.fromkeys(TOPICS, 0)
        self.points: dict[str, list[Point]] = {pair_id: [] for pair_id in pair_ids}
        self.calls: list[tuple[str, ...]] = []
        self.audited: list[tuple[str, ...]] = []
        self.on_kill: Callable[[], Awaitable[None]] | None = None
        self.resume_error: Exception | None = None
        self.fault: Exception | None = None
        self.override_failure: Exception | None = None
        self.journal_failure: Exception | None = None
        self.complete = True
        self.flatten_stage: Literal["begun", "done"] = "done"
        self.built = 0
        self.watched = False
        self.frames: list[LiveFrame] = []
        self.market = PoolMarket()
        self.real_trading = FakeTrading(self.calls)

    def touch(self, *topics: Topic) -> None:
        """The topics changed."""
        for topic in topics or TOPICS:
            self.revisions[topic] += 1

    def add_points(self, pair_id: str, count: int) -> None:
        """New points of a pair."""
        points = self.points[pair_id]
        start = points[-1].i + 1 if points else 0
        points.extend(point(start + offset) for offset in range(count))
        self.touch("pairs")

    def start_run(self) -> None:
        """Fresh books: everything anew."""
        self.run_number += 1
        self.points = {pair_id: [] for pair_id in self.points}
        self.touch()

    def add_frames(self, count: int) -> None:
        """Messages passed on the relays."""
        if self.watched:
            first = len(self.frames) + 1
            self.frames += [live_frame(n) for n in range(first, first + count)]

    def live(self) -> bool:
        return self.is_live

    def ready(self) -> bool:
        return self.is_ready

    def topic_revisions(self) -> Mapping[Topic, int]:
        if self.fault is not None:
            raise self.fault
        return self.revisions

    def status(self) -> Status:
        self.built += 1
        return Status(
            mode="paper",
            state=self.state,
            since=instant(NOW_NS),
            by="start rule",
            via="start rule",
            cause="new books in paper mode",
            halt_id=None,
            epoch=1,
            partial_halts=[],
            report=None,
            run=Run(number=self.run_number, started=instant(NOW_NS), reason="start of the daemon"),
            source=None,
            streams=[
                Stream(
                    id="day",
                    label="Recorded day",
                    state="fresh",
                    last_event=instant(NOW_NS),
                    age_ns="0",
                    limit_ns=None,
                    delivered=3,
                    refused={"unknown pool": 1},
                    detail="block 1",
                    note="",
                )
            ],
            clock=instant(NOW_NS),
            build=Build(version="0.1.0", configuration="0123456789ab"),
            assumption="fills at the seen state",
            lesson=None,
            other_ways=OtherWays(command="alphapulse kill --reason …", signal="kill -USR1 1234"),
            resume_command="alphapulse resume --reason …",
            server_time=instant(NOW_NS),
        )

    def tree(self) -> TreeNode:
        leaf = TreeNode(
            name="engine",
            path="alphapulsed/engine",
            kind="service",
            state="running",
            since=instant(NOW_NS),
            restarts=0,
            heartbeat=None,
            reason="",
            children=[],
        )
        return TreeNode(
            name="alphapulsed",
            path="alphapulsed",
            kind="root",
            state="running",
            since=instant(NOW_NS),
            restarts=0,
            heartbeat=instant(NOW_NS),
            reason="",
            children=[leaf],
        )

    def chains(self) -> Chains:
        return Chains(chains=[])

    def pools(self, wish: PoolQuery) -> Pools:
        return self.market.view.page(wish)

    def pool(self, pool_id: str) -> PoolDetail:
        return self.market.view.detail(pool_id)

    def all_pools(self) -> AllPools:
        return self.market.view.all()

    def pools_revision(self) -> int:
        return self.market.view.revision

    def changed_pools(self, revision: int) -> ChangedPools:
        return self.market.view.changed(revision)

    def pairs(self) -> Pairs:
        return Pairs(
            pairs=[
                PairView(
                    id=pair_id,
                    base=WETH,
                    quote=USDC,
                    pools=POOLS,
                    fees_bps="35.0",
                    gap_bps=points[-1].gap if points else None,
                    points=list(points),
                )
                for pair_id, points in self.points.items()
            ]
        )

    def pair_ids(self) -> Sequence[str]:
        return tuple(self.points)

    def pair_points(self, pair_id: str, after_index: int) -> list[Point]:
        return [point for point in self.points[pair_id] if point.i > after_index]

    def positions(self) -> Positions:
        return Positions(open=[], holdings=[], exposure=[], largest=[amount(5)], limit=amount(10))

    def latest_opportunities(self) -> LatestOpportunities:
        return LatestOpportunities(opportunities=[opportunity()], counts=counts())

    def relays(self) -> Relays:
        self.calls.append(("relays",))
        return Relays(process="alphapulsed", relays=[])

    def risk(self) -> Risk:
        self.calls.append(("risk",))
        return Risk(levels=self.levels(), halts=self.halts(), limits=self.limits(), breakers=self.breakers())

    def watch_frames(self, watched: bool) -> None:
        self.watched = watched

    def take_frames(self) -> FrameSample | None:
        frames, self.frames = self.frames, []
        return FrameSample(frames=frames[:4], skipped=max(0, len(frames) - 4)) if frames else None

    async def pnl(self, run: int | None = None) -> Pnl:
        await trio.lowlevel.checkpoint()
        if run is not None and run > self.run_number:
            raise LookupError(run)
        return Pnl(run=run or self.run_number, day="2024-01-05", tokens=[], by_strategy=[])

    async def opportunities(self, cursor: str | None, limit: int, result: Result | None) -> Opportunities:
        await trio.lowlevel.checkpoint()
        if cursor == "nonsense":
            raise ValueError(cursor)
        self.calls.append(("opportunities", str(cursor), str(limit), str(result)))
        return Opportunities(
            opportunities=[opportunity()], candidates=[], next_cursor="1-1", counts=counts(), stages=[]
        )

    def why_not(self) -> WhyNot:
        self.calls.append(("why_not",))
        return WhyNot(candidates=[], stages=[StageCount(stage="costs", count=3)], forgotten=0, kept_here=True)

    def candidates(self, cursor: str | None, limit: int, stage: SolverStage | None, pool: str | None) -> Opportunities:
        if cursor == "nonsense":
            raise ValueError(cursor)
        self.calls.append(("candidates", str(cursor), str(limit), str(stage), str(pool)))
        return Opportunities(opportunities=[], candidates=[], next_cursor=None, counts=counts(), stages=[])

    def analytics(self) -> Analytics:
        return Analytics(run=self.run_number, strategies=[], pools=[], paths=[], episodes=[], unlisted=0)

    async def sweeps(self) -> Sweeps:
        await trio.lowlevel.checkpoint()
        return Sweeps(sweeps=[sweep_summary()], unreadable=[])

    async def sweep(self, name: str) -> Sweep:
        await trio.lowlevel.checkpoint()
        if name != SWEEP:
            raise LookupError(name)
        return Sweep(summary=sweep_summary(), symbol="USDC", decimals=6, elapsed_s="5", rows=[], problems=[])

    async def fills(self, cursor: str | None, limit: int) -> Fills:
        await trio.lowlevel.checkpoint()
        if cursor == "nonsense":
            raise ValueError(cursor)
        return Fills(fills=[], next_cursor=None)

    async def runs(self) -> Runs:
        await trio.lowlevel.checkpoint()
        started = instant(NOW_NS)
        return Runs(runs=[RunView(number=1, started=started, ended=None, source="day", reason="start")])

    async def audit_head(self) -> AuditHead:
        await trio.lowlevel.checkpoint()
        if self.journal_failure is not None:
            raise self.journal_failure
        return AuditHead(records=7, head_hash="ab" * 32, size_bytes=1234)

    async def kill(self, wish: KillRequest, actor: str, role: Role, via: ViaWord) -> HaltReport:
        self.calls.append(("kill", wish.scope, wish.reason, actor, via))
        self.state = "halted"
        self.touch("status")
        if self.on_kill is not None:
            await self.on_kill()
        await trio.lowlevel.checkpoint()
        self.calls.append(("kill done",))
        return halt_report(wish.scope, wish.level, actor, via, wish.reason, complete=self.complete)

    def challenge(self, scope: str, actor: str, role: Role) -> Challenge:
        self.calls.append(("challenge", scope, actor, role.name))
        return Challenge(
            nonce="a nonce",
            scope=scope,
            halt_id=7,
            phrase="resume all trading after halt 7",
            text=["It does not send again what was cancelled."],
            objections=[],
            expires=instant(NOW_NS),
        )

    async def resume(self, wish: ResumeRequest, actor: str, role: Role, via: ViaWord) -> Status:
        await trio.lowlevel.checkpoint()
        if self.resume_error is not None:
            raise self.resume_error
        self.calls.append(("resume", wish.scope, wish.reason, actor, via))
        self.state = "active"
        self.touch("status")
        return self.status()

    async def flatten(self, wish: FlattenRequest, actor: str, role: Role, via: ViaWord) -> FlattenReport:
        await trio.lowlevel.checkpoint()
        self.calls.append(("flatten", wish.scope, wish.reason, actor, via))
        return FlattenReport(
            halt_id=7,
            scope=wish.scope,
            stage=self.flatten_stage,
            actor=actor,
            via=via,
            reason=wish.reason,
            at=instant(NOW_NS),
            closed=0,
            unknown=0,
            text="nothing to sell",
        )

    def halts(self) -> Halts:
        report = halt_report("global", "halted", "owner", "the API", "enough", complete=True)
        summary = HaltSummary(
            halt_id=report.halt_id,
            scope=report.scope,
            level=report.level,
            actor=report.actor,
            via=report.via,
            at=report.at,
            reason=report.reason,
            ended=None,
            ended_by=None,
            report=True,
        )
        return Halts(halts=[summary])

    def halt(self, halt_id: int) -> HaltReport:
        if halt_id != HALT_ID:
            raise LookupError(f"expected a halt that is known, found {halt_id}")
        return halt_report("global", "halted", "owner", "the API", "enough", complete=True)

    def levels(self) -> Levels:
        return Levels(
            scopes=[
                ScopeLevel(
                    scope="global",
                    kind="global",
                    label="everything",
                    level="active",
                    halt_id=None,
                    since=None,
                    by=None,
                    via=None,
                    cause=None,
                    probation_left_ns=None,
                )
            ]
        )

    def limits(self) -> LimitsView:
        return LimitsView(limits=[limit_view("20")], checks=[])

    def override_limit(self, wish: OverrideRequest, actor: str) -> LimitView:
        self.calls.append(("override", wish.name, wish.value, str(wish.for_s), actor))
        if self.override_failure is not None:
            raise self.override_failure
        return limit_view(wish.value)

    def breakers(self) -> BreakersView:
        return BreakersView(breakers=[])

    async def stacks(self) -> str:
        self.calls.append(("stacks",))
        return "a task"

    async def stop_child(self, path: str, reason: str) -> TreeNode:
        return self._moved("stop_child", path, reason)

    async def start_child(self, path: str, reason: str) -> TreeNode:
        return self._moved("start_child", path, reason)

    async def restart_child(self, path: str, reason: str) -> TreeNode:
        return self._moved("restart_child", path, reason)

    def _moved(self, act: str, path: str, reason: str) -> TreeNode:
        if path == "alphapulsed/foundation/journal":
            raise LifecycleError(f"expected a task that may be stopped, found {path}")
        self.calls.append((act, path, reason))
        return self.tree()

    async def reload(self, wish: ReloadRequest, actor: str, role: Role) -> Reloaded:
        if wish.settings is not None and role is not Role.ADMIN:
            raise PermissionError("expected an admin")
        if wish.name != "flash_arbitrage":
            raise ConfigError(f"strategies.{wish.name}", "expected one of flash_arbitrage")
        self.calls.append(("reload", wish.name, wish.reason))
        change = ChangedSetting(path="strategies.flash_arbitrage.evaluate", before='"log"', after='"block"')
        return Reloaded(configuration_before="a", configuration_after="b", changes=[change], at=instant(0))

    def audit(self, actor: str, action: str, target: str, reason: str, result: str) -> None:
        self.audited.append((actor, action, target, reason, result))


def limit_view(value: str) -> LimitView:
    return LimitView(
        name="limits.max_intents",
        meaning="trades of all strategies within that window",
        unit="trades",
        decimals=None,
        value=value,
        configured="20",
        most="40",
        used="0",
        in_probation=True,
        override=None,
    )


def halt_report(scope: str, level: LevelWord, actor: str, via: ViaWord, reason: str, *, complete: bool) -> HaltReport:
    return HaltReport(
        halt_id=HALT_ID,
        scope=scope,
        level=level,
        actor=actor,
        via=via,
        at=instant(NOW_NS),
        market_time=None,
        reason=reason,
        epoch=3,
        steps=[HaltStep(name="gate", ms="0.031", done=True, text="gate closed")],
        venues=[],
        unknown_orders=[],
        cancelled=0,
        in_flight=0,
        unknown=0,
        kept_running=["journal"],
        complete=complete,
        flatten=None,
    )


def counts() -> Counts:
    return Counts(found=1, traded=0, failed=0, refused=1, pending=0, orphaned=0)


def opportunity() -> Opportunity:
    return Opportunity(
        id="1-1",
        run=1,
        time=instant(NOW_NS),
        block=18_939_530,
        log_index=40,
        strategy="flash_arbitrage",
        pair="WETH/USDC",
        path=list(POOLS),
        token=USDC,
        gap_bps="81.6",
        size=amount(1_000_000),
        gross=amount(500),
        pool_fees=amount(100),
        flash_fee=amount(0),
        gas=None,
        net=None,
        result="refused",
        reason=Reason(code="min_net_profit", text="gas has no price", value=None, limit="25.00", unit="USDC"),
        actual_net=None,
    )

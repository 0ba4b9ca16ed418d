"""What the daemon is doing, in the shapes of the API: status, streams, tree and halt reports."""

from __future__ import annotations

from collections.abc import Iterator

from alphapulse import __version__
from alphapulse.config_sections.collectors import RecordedSection
from alphapulse.daemon import Daemon
from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.data.links import LinkCondition
from alphapulse.data.market import StreamState
from alphapulse.data.wire import Domain
from alphapulse.execution.latency import LogLatency
from alphapulse.nursery.node import NodeState
from alphapulse.nursery.node import TreeNode as Node
from alphapulse.relays.relay import RelayStatistics
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.arbitrage.cycle_index import MOST_LOOPS
from alphapulse.rules.arbitrage.flash_loan import ASKS_ON_CHAIN
from alphapulse_web.api.status_shapes import Build, OtherWays, Run, Source, State, Status, Stream, TreeNode
from alphapulse_web.api.status_shapes import StreamState as StreamWord
from alphapulse_web.instants import instant
from alphapulse_web.views.chains_view import NOTHING_YET, STREAM_WORDS
from alphapulse_web.views.halts_view import VIA_WORDS, HaltsView
from alphapulse_web.views.relays_view import RoadSigns

PPM = 1_000_000
NS_PER_S = 1_000_000_000


class StatusView:
    """Reads the running daemon; keeps nothing of its own."""

    def __init__(self, daemon: Daemon, halts: HaltsView) -> None:
        self._daemon = daemon
        self._halts = halts

    def status(self) -> Status:
        """State, freshness, run and source."""
        daemon = self._daemon
        now_ns = daemon.environment.now_ns()
        change = daemon.halts.changes.get(GLOBAL)
        run = daemon.run_record
        market_ns = daemon.clock.now_ns()
        return Status(
            mode="live" if daemon.mode is Mode.LIVE else "paper",
            state=self._state(),
            since=instant(change.at_ns if change else daemon.started_ns),
            by=change.actor if change else "alphapulsed",
            via=VIA_WORDS[change.via] if change else "start rule",
            cause=change.reason if change else "the daemon started",
            halt_id=change.halt_id if change and change.level is not Level.ACTIVE else None,
            epoch=daemon.halts.epoch,
            partial_halts=[
                self._halts.partial(scope, part)
                for scope, part in daemon.halts.changes.items()
                if scope != GLOBAL and not part.level.trades
            ],
            report=self._halts.present(),
            run=Run(
                number=run.run if run else 0,
                started=instant(run.started_ns if run else daemon.started_ns),
                reason=run.reason if run else "no run has begun yet",
            ),
            source=self._source(market_ns),
            streams=[self._stream(market_ns), *self._relay_streams(), self._ledger_stream()],
            clock=instant(market_ns) if market_ns is not None else None,
            build=Build(version=__version__, configuration=daemon.config.digest[:12]),
            assumption=self._assumption(),
            lesson=self._lesson(),
            other_ways=OtherWays(command='alphapulse kill --reason "…"', signal=f"kill -USR1 {daemon.environment.pid}"),
            resume_command=(
                'alphapulse halt unlock --reason "…"'
                if change is not None and change.level is Level.LOCKED
                else 'alphapulse resume --reason "…"'
            ),
            server_time=instant(now_ns),
        )

    def tree(self) -> TreeNode:
        """The daemon's tasks."""
        return _tree_shape(self._daemon.tree())

    def child(self, path: str) -> TreeNode:
        """One task by its path. Raises LookupError if there is none."""
        return _tree_shape(next(node for node in _nodes(self._daemon.tree()) if node.path == path))

    def _state(self) -> State:
        daemon = self._daemon
        change = daemon.halts.changes.get(GLOBAL)
        level = change.level if change is not None else Level.ACTIVE
        if level.stopped:
            return "locked" if level is Level.LOCKED else "halted"
        if daemon.stopping is not None:
            return "stopping"
        if daemon.run_record is None:
            return "starting"
        words: dict[Level, State] = {Level.REDUCING: "reducing", Level.PROBATION: "probation"}
        return words.get(level, "active")

    def _source(self, market_ns: int | None) -> Source | None:
        """The recording that is played; None where a chain is followed live."""
        daemon = self._daemon
        ((name, section),) = daemon.config.collectors.items()
        if not isinstance(section, RecordedSection):
            return None
        span = daemon.collector.span_ns
        position = 0
        if span is not None and market_ns is not None and span[1] > span[0]:
            position = min(PPM, max(0, (market_ns - span[0]) * PPM // (span[1] - span[0])))
        return Source(
            kind="recorded",
            name=name,
            speed=str(section.speed),
            position_ppm=PPM if daemon.collector.finished else position,
            start=instant(span[0]) if span else None,
            end=instant(span[1]) if span else None,
            at_end=section.at_end,
            finished=daemon.collector.finished,
        )

    def _stream(self, market_ns: int | None) -> Stream:
        daemon = self._daemon
        ((name, section),) = daemon.config.collectors.items()
        status = daemon.bus.streams.get(name)
        counts = daemon.collector.counts
        last_ns = daemon.collector.last_event_ns
        age = max(0, market_ns - last_ns) if market_ns is not None and last_ns is not None else None
        trouble = link_trouble(self._daemon.roads, Domain.MARKET_DATA)
        state: StreamWord = STREAM_WORDS[status.state] if status else "unknown"
        note = "" if status and status.state is StreamState.FRESH else status.reason if status else NOTHING_YET
        return Stream(
            id=name,
            label=f"{daemon.chain.name} logs",
            state="stale" if trouble and state != "ended" else state,
            last_event=instant(last_ns) if last_ns is not None else None,
            age_ns=str(age) if age is not None else None,
            limit_ns=str(daemon.config.limits.max_input_age_s * NS_PER_S),
            delivered=sum(counts.events.values()),
            refused=dict(counts.refused),
            detail=f"{counts.blocks} blocks{', recorded' if isinstance(section, RecordedSection) else ''}",
            note=trouble or note,
        )

    def _relay_streams(self) -> Iterator[Stream]:
        bus = self._daemon.bus
        for relay in (bus.market_data, bus.signals):
            yield _relay_stream(relay.statistics(), link_trouble(self._daemon.roads, relay.domain))

    def _ledger_stream(self) -> Stream:
        """The ledger as a stream: how far it is behind the journal."""
        journal, applied = self._daemon.journal, self._daemon.ledger.applied_records
        behind = journal.records - applied
        writer = next(child for child in self._daemon.foundation.snapshot().children if child.name == "ledger")
        trouble = str(journal.failure) if journal.failure is not None else ""
        if writer.state is not NodeState.RUNNING:
            trouble = writer.reason or writer.state.value
        return Stream(
            id="ledger",
            label="Ledger",
            state="stale" if trouble else "fresh",
            last_event=None,
            age_ns=None,
            limit_ns=None,
            delivered=applied,
            refused={},
            detail=f"{behind} records behind the journal" if behind else "in step with the journal",
            note=trouble,
        )

    def _assumption(self) -> str:
        daemon = self._daemon
        if daemon.mode is Mode.LIVE:
            return "Live: transactions of real wallets; fills are what their receipts say."
        costs = daemon.config.costs
        units = "by path" if costs.gas_units is None else f"{costs.gas_units:,}"
        price = "the live price" if costs.gas_price_wei == "live" else f"{_gwei(costs.gas_price_wei)} gwei"
        wished = f"Not live; missing: {'; '.join(daemon.live_missing)}. " if daemon.live_missing else ""
        return wished + (
            f"Paper: {daemon.latency.describe()}; gas {units} × {price} "
            f"(configuration){self._loans()}; our fills do not move the pools.{self._crowded()}"
        )

    def _loans(self) -> str:
        """That a lender's fee is stated where he cannot be asked."""
        loan = self._daemon.strategy.loan
        if self._daemon.sources is None or self._daemon.sources.live is not None or loan.source not in ASKS_ON_CHAIN:
            return ""
        if loan.fee_ppm is None:
            return f"; what {loan.source.value} asked for loans is not stated, and a recording cannot be asked"
        return f"; loans at {loan.fee_ppm} ppm, stated for {loan.source.value}: a recording cannot be asked"

    def _crowded(self) -> str:
        """That not all cycles are looked at, where that is so."""
        pairs = self._daemon.strategy.crowded_pairs
        if not pairs:
            return ""
        named = ", ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")
        return f" Of the loops over {named} only the first {MOST_LOOPS:,} are looked at."

    def _lesson(self) -> str | None:
        latency = self._daemon.latency
        if self._daemon.mode is Mode.LIVE:
            return None
        if isinstance(latency, LogLatency) and not latency.logs:
            return (
                "These fills assume perfect placement, directly behind the swap that opens the gap. One log later "
                "most of the gaps are gone: of the 18 trades of the shipped half day 5 still win with "
                "latency = { logs = 1 }, and at block ends there are none."
            )
        return f"{latency.describe().capitalize()}: most gaps are closed by then, and a trade that finds none reverts."


def link_trouble(roads: RoadSigns | None, domain: Domain) -> str:
    """Why a relay of another process is not heard, empty if all are."""
    for place in () if roads is None else roads.places(domain):
        link = None if roads is None else roads.links.get(place.name)
        if link is not None and not link.connected:
            return f"the link to the relay {place.name} is lost"
        if link is not None and link.condition is not LinkCondition.OK:
            return f"the link to the relay {place.name} is {link.condition.name.lower()}"
    return ""


def _relay_stream(relay: RelayStatistics, trouble: str) -> Stream:
    """A relay as a stream: what it carried, and whether a consumer was cut off."""
    cut_off = [consumer.name for consumer in relay.subscribers if consumer.cut_off]
    waiting = max((consumer.waiting for consumer in relay.subscribers), default=0)
    name = relay.domain.name.lower().replace("_", " ")
    consumers = "1 consumer" if len(relay.subscribers) == 1 else f"{len(relay.subscribers)} consumers"
    return Stream(
        id=f"relay:{name}",
        label=f"{name.capitalize()} relay",
        state="stale" if trouble else "gap" if cut_off else "fresh",
        last_event=None,
        age_ns=None,
        limit_ns=None,
        delivered=relay.published,
        refused={"foreign type": relay.refused} if relay.refused else {},
        detail=f"{consumers}, at most {waiting} waiting",
        note=trouble or (f"cut off: {', '.join(cut_off)}" if cut_off else ""),
    )


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _tree_shape(node: Node) -> TreeNode:
    return TreeNode(
        name=node.name,
        path=node.path,
        kind=node.kind,
        state=node.state.value,
        since=instant(node.since_ns),
        restarts=node.restarts,
        heartbeat=instant(node.heartbeat_ns) if node.heartbeat_ns is not None else None,
        reason=node.reason,
        children=[_tree_shape(child) for child in node.children],
    )


def _gwei(wei: int) -> str:
    text = decimal_text(wei, 9)
    return text.rstrip("0").rstrip(".")

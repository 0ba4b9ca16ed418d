"""A parameter sweep: every combination of settings, on every recording and span, in processes beside each other."""

from __future__ import annotations

import datetime
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import trio

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.composition.terms import recorded_collector
from alphapulse.config import parse_config
from alphapulse.errors import ConfigError
from alphapulse.studies.headless import hex_text
from alphapulse.studies.sweep_file import FORMAT, AxisHead, SpanHead, SweepEnd, SweepHead, SweepRun, SweepWriter
from alphapulse.studies.sweep_grid import MOST_RUNS, Axis, Span, check_apart, combinations, typed_values, with_settings
from alphapulse.studies.sweep_pool import replay_all
from alphapulse.studies.sweep_worker import Answer, Order


@attrs.frozen
class Base:
    """A configuration whose recording is swept: its name, its parsed text and the folder of its relative names."""

    name: str
    document: Mapping[str, Any]
    folder: Path


@attrs.frozen
class Plan:
    """All replays of a sweep, each with what it will be stored as."""

    head: SweepHead
    orders: tuple[Order, ...]
    runs: tuple[SweepRun, ...]


def plan(bases: Sequence[Base], axes: Sequence[Axis], spans: Sequence[Span], created: datetime.datetime) -> Plan:
    """What is to be done. Raises ConfigError if a setting, a value or a span cannot be, before anything is run."""
    grid = combinations(axes)
    check_apart(spans)
    count = len(grid) * len(bases) * len(spans)
    if count > MOST_RUNS:
        raise ConfigError("--set", f"expected at most {MOST_RUNS} replays, found {count}; take fewer values or spans")
    orders: list[Order] = []
    runs: list[SweepRun] = []
    for base in bases:
        recorded_collector(parse_config(dict(base.document), folder=base.folder))
    typed = {base.name: typed_values(base.document, axes, base.folder) for base in bases}
    for settings in grid:
        for base in bases:
            values = {path: typed[base.name][path, text] for path, text in settings.items()}
            for span in spans:
                document = with_settings(base.document, values | _limits(base, span))
                parse_config(document, folder=base.folder)
                orders.append(Order(_plain(document), str(base.folder)))
                runs.append(SweepRun(settings=settings, recording=base.name, span=span.name, kind=span.kind))
    token, symbol, decimals = _token(bases[0])
    head = SweepHead(
        sweep=FORMAT,
        created=created.isoformat(timespec="seconds"),
        axes=tuple(AxisHead(axis.path, axis.values) for axis in axes),
        recordings=tuple(base.name for base in bases),
        spans=tuple(SpanHead(span.name, span.kind) for span in spans),
        token=token,
        symbol=symbol,
        decimals=decimals,
        runs=count,
    )
    return Plan(head, tuple(orders), tuple(runs))


async def run_sweep(
    todo: Plan,
    writer: SweepWriter,
    jobs: int,
    *,
    on_run: Callable[[SweepRun], None],
    monotonic: Callable[[], float],
) -> bool:
    """Do it; False if SIGINT or SIGTERM ended it. What was done until then is in the file, and no process is left."""
    begun = monotonic()
    finished = False

    def take(index: int, answer: Answer) -> None:
        run = _filled(todo.runs[index], answer)
        writer.put(run)
        on_run(run)

    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                async for _ in signals:
                    nursery.cancel_scope.cancel("a signal ends the sweep")

            nursery.start_soon(watch)
            await replay_all(todo.orders, jobs, take)
            finished = True
            nursery.cancel_scope.cancel("all replays are done")
    writer.put(SweepEnd(finished=finished, elapsed_s=int(monotonic() - begun)))
    return finished


def _filled(run: SweepRun, answer: Answer) -> SweepRun:
    result = answer.result or {}
    problem = answer.problem
    if problem is None and not result.get("logs", 0):
        problem = f"expected logs of the recording in the span {run.span!r}, found none"
    return SweepRun(
        settings=run.settings,
        recording=run.recording,
        span=run.span,
        kind=run.kind,
        opportunities=result.get("opportunities", 0),
        trades=result.get("trades", 0),
        reverted=result.get("reverted", 0),
        refused=sum(result.get("rejected", {}).values()),
        net={token: str(net) for token, net in result.get("pnl", {}).items()},
        problem=problem,
    )


def _limits(base: Base, span: Span) -> dict[str, Any]:
    name, _ = recorded_collector(parse_config(dict(base.document), folder=base.folder))
    ends = {"start": span.start, "end": span.end}
    return {f"collectors.{name}.{key}": moment for key, moment in ends.items() if moment is not None}


def _plain(value: Any) -> Any:
    """As JSON holds it: times as text, which the configuration reads the same."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _token(base: Base) -> tuple[str, str, int]:
    """The token that the first recording's strategy wants most, by which combinations are compared."""
    config = parse_config(dict(base.document), folder=base.folder)
    _, section = recorded_collector(config)
    pools = load_pools(config.resolve(section.pools))
    tokens = {token.address: token for pool in pools for token in pool.tokens}
    wanted = config.strategies.flash_arbitrage.base_tokens if config.strategies.flash_arbitrage else ()
    for text in wanted:
        for token in tokens.values():
            if text in (token.symbol, hex_text(token.address)):
                return hex_text(token.address), token.symbol, token.decimals
    token = pools[0].token0
    return hex_text(token.address), token.symbol, token.decimals

"""Traces: one event's way through the services."""

from __future__ import annotations

import enum

from alphapulse.data.wire import U8, U64, Choice, Domain, FixedBytes, Source, message, wire


class TraceStage(enum.IntEnum):
    """How far an event has come."""

    COLLECTED = 1
    RELAYED = 2
    PROCESSED = 4
    EXECUTED = 8


@message(type=108, domain=Domain.SYSTEM)
class TraceContext:
    """Stands in a frame behind the message that is traced."""

    trace_id: bytes = wire(FixedBytes(16), "drawn at random where the event came in")
    span_depth: int = wire(U8, "hops so far")
    source: Source = wire(Choice(Source), "who added this span")
    stage: TraceStage = wire(Choice(TraceStage))
    started_ns: int = wire(U64, "wall clock at which the event came in", unit="ns since 1970 UTC")
    reached_ns: int = wire(U64, "wall clock at which it reached this span", unit="ns since 1970 UTC")

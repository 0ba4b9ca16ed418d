"""Services: who is there, how they are, what they use, what they complain of."""

from __future__ import annotations

import enum

from alphapulse.data.wire import (
    NAME,
    SENTENCE,
    U32,
    U64,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    Source,
    Text,
    message,
    record,
    wire,
)


class Presence(enum.IntEnum):
    """Whether a service can be reached."""

    AVAILABLE = 1
    LEAVING = 2


@message(type=104, domain=Domain.SYSTEM)
class ServiceDiscovery:
    """A service says where it is, or that it goes."""

    service: str = wire(NAME)
    source: Source = wire(Choice(Source), "under which it publishes")
    boot_id: int = wire(U64, "its start")
    address: str = wire(Text(256), "where it can be reached, such as `unix:/run/alphapulse/signals` or `tcp:host:port`")
    domains: tuple[Domain, ...] = wire(Many(Choice(Domain), 4), "what it carries or publishes")
    presence: Presence = wire(Choice(Presence))
    announced_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


class Health(enum.IntEnum):
    """How a service is."""

    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2
    UNKNOWN = 3


@message(type=107, domain=Domain.SYSTEM)
class SystemHealth:
    """How a service is, over the second before."""

    service: str = wire(NAME)
    health: Health = wire(Choice(Health))
    connections: int = wire(U32)
    messages: int = wire(U32, "handled", unit="messages per second")
    error_ppm: int = wire(U32, "messages that failed", unit="ppm")
    latency_p95_ns: int = wire(U64, "95th percentile of the handling time", unit="ns")
    cpu_ppm: int = wire(U32, "1,000,000 is one core", unit="ppm")
    memory_ppm: int = wire(U32, "of the machine's memory", unit="ppm")
    last_error: str = wire(SENTENCE, "empty if there was none")
    measured_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=105, domain=Domain.SYSTEM)
class ResourceUsage:
    """What a process uses. Counters count from its start."""

    service: str = wire(NAME)
    boot_id: int = wire(U64, "its start")
    cpu_ns: int = wire(U64, "processor time", unit="ns")
    memory: int = wire(U64, "resident now", unit="bytes")
    peak_memory: int = wire(U64, "resident at most", unit="bytes")
    tasks: int = wire(U32)
    threads: int = wire(U32)
    open_files: int = wire(U32)
    received: int = wire(U64, unit="bytes")
    sent: int = wire(U64, unit="bytes")
    measured_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=102, domain=Domain.SYSTEM)
class Error:
    """A fault that a service tells others of, such as a frame that it refused. It is a message, not an exception."""

    service: str = wire(NAME)
    kind: str = wire(NAME, "class of the error, such as `ChecksumMismatch`")
    source: Source | None = wire(Maybe(Choice(Source)), "publisher of the frame that caused it")
    sequence: int | None = wire(Maybe(U64), "sequence of the frame that caused it")
    offset: int | None = wire(Maybe(U64), "where in the frame", unit="bytes")
    text: str = wire(SENTENCE, "what was expected, found and can be done")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@record
class SettingChange:
    """One setting, before and after."""

    path: str = wire(NAME, "such as `strategies.flash_arbitrage.enabled`")
    before: str = wire(SENTENCE, "empty if it was not set; a secret never stands here")
    after: str = wire(SENTENCE, "empty if it is no longer set; a secret never stands here")


@message(type=103, domain=Domain.SYSTEM)
class ConfigUpdate:
    """Settings were changed while the service ran."""

    service: str = wire(NAME)
    configuration_before: str = wire(NAME, "hash")
    configuration_after: str = wire(NAME, "hash")
    changes: tuple[SettingChange, ...] = wire(Many(Record(SettingChange), 24))
    actor: str = wire(NAME, "who")
    reason: str = wire(SENTENCE, "why, in the actor's words")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")

"""Who reads what this process publishes on a NATS relay, and how far each has come."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from alphapulse.data.links import LinkAcknowledgement

NS_PER_S = 1_000_000_000
SILENT_NS = 5 * NS_PER_S
"""A reader that was not heard of for so long is waited for no more, until it is heard again."""

PATIENCE_NS = 10 * NS_PER_S
"""So long a reader is waited for that was never heard of: processes start one after the other."""


@attrs.define
class _Reader:
    told: LinkAcknowledgement
    heard_ns: int


class NatsReaders:
    """`waited` are the readers for which a replay waits; `durable` those that must have applied what was published.

    What a reader has of all publishers comes with its beats, and is for statistics only.
    """

    def __init__(self, boot_id: int, waited: Collection[str], durable: Collection[str]) -> None:
        self.waited = frozenset(waited)
        self.durable = frozenset(durable)
        self._boot_id = boot_id
        self._since_ns: int | None = None
        self._readers: dict[str, _Reader] = {}
        self._of_all: dict[str, Sequence[LinkAcknowledgement]] = {}

    def hear(self, service: str, told: LinkAcknowledgement, now_ns: int) -> bool:
        """A reader has told how far it has come. False if it is none of those that count."""
        if service not in self.waited | self.durable:
            return False
        if told.boot_id != self._boot_id:
            told = LinkAcknowledgement(self._boot_id, 0, 0, 0)
        self._readers[service] = _Reader(told, now_ns)
        return True

    def hear_of_all(self, service: str, told: Sequence[LinkAcknowledgement]) -> None:
        """A reader has told how far it has come with each publisher."""
        if service in self.waited | self.durable:
            self._of_all[service] = told

    def taken_of_all(self, name: str, positions: Mapping[int, int]) -> tuple[int, int]:
        """How many messages of all publishers a reader has taken in, and how many it lacks.

        `positions` are the first sequences that are not published, by the publishers' starts.
        """
        told = {one.boot_id: max(1, one.received) for one in self._of_all.get(name, ())}
        lacking = sum(max(0, positions[boot] - received) for boot, received in told.items() if boot in positions)
        return sum(received - 1 for received in told.values()), lacking

    def settled(self, stored: int, now_ns: int) -> int:
        """The first sequence of which something may still be on its way. `stored`: the first that is not published."""
        return min((self._settled(name, stored, now_ns) for name in self.waited), default=stored)

    def applied(self, stored: int) -> int:
        """The first sequence that not every durable reader has applied."""
        told = [self._readers.get(name) for name in self.durable]
        return min((reader.told.applied if reader else 0 for reader in told), default=stored)

    def told(self, name: str) -> LinkAcknowledgement:
        """How far a reader has come, as it told last."""
        reader = self._readers.get(name)
        return reader.told if reader is not None else LinkAcknowledgement(self._boot_id, 0, 0, 0)

    def lacking(self, now_ns: int) -> list[str]:
        """Those that are not there."""
        return sorted(name for name in self.waited | self.durable if not self._is_there(name, now_ns))

    def _settled(self, name: str, stored: int, now_ns: int) -> int:
        if not self._is_there(name, now_ns):
            return 0 if name not in self._readers and now_ns - self._begin(now_ns) < PATIENCE_NS else stored
        return self._readers[name].told.settled

    def _begin(self, now_ns: int) -> int:
        """When they were first asked for."""
        if self._since_ns is None:
            self._since_ns = now_ns
        return self._since_ns

    def _is_there(self, name: str, now_ns: int) -> bool:
        reader = self._readers.get(name)
        return reader is not None and now_ns - reader.heard_ns < SILENT_NS

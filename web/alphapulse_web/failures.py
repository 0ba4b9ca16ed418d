"""How often somebody may be wrong about a secret."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import attrs

from alphapulse_web.instants import NS_PER_S
from alphapulse_web.trickle import Trickle

FAILURES = 5
WINDOW_NS = 60 * NS_PER_S
LONGEST_NS = 16 * WINDOW_NS
FORGIVEN_NS = 60 * WINDOW_NS
MAX_PEERS = 1_000

log = logging.getLogger(__name__)
log.addFilter(Trickle())


@attrs.define(eq=False)
class _Peer:
    times: deque[int] = attrs.field(factory=deque)
    closings: int = 0
    closed_until_ns: int = 0


class FailureLimit:
    """Five failures of an address within a minute close its door: for a minute, then for twice as long each time.

    At most 16 minutes; an hour without a failure begins anew. A success changes nothing: somebody else may guess from
    the same address. While the door is closed nothing is judged, so no more than five guesses are in a minute. Knows
    1,000 addresses; the one longest silent goes first. Whether a request has to pass this door at all is not decided
    here: a halt has not. The clock is monotonic, in ns.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._peers: dict[str, _Peer] = {}

    def wait_s(self, peer: str) -> int:
        """Whole seconds until the address is heard again, 0 if it is."""
        known = self._peers.get(peer)
        return -(-max(0, known.closed_until_ns - self._clock_ns()) // NS_PER_S) if known else 0

    def failed(self, peer: str) -> bool:
        """Count a failure. True if this one closed the door."""
        now = self._clock_ns()
        known = self._peers.pop(peer, None) or _Peer()
        if known.times and now - max(known.times[-1], known.closed_until_ns) >= FORGIVEN_NS:
            known = _Peer()
        self._peers[peer] = known
        while len(self._peers) > MAX_PEERS:
            del self._peers[next(iter(self._peers))]
        while known.times and known.times[0] <= now - WINDOW_NS:
            known.times.popleft()
        known.times.append(now)
        if len(known.times) < FAILURES:
            return False
        known.times = deque([now])
        known.closed_until_ns = now + min(WINDOW_NS << known.closings, LONGEST_NS)
        known.closings = min(known.closings + 1, 8)
        log.warning("%s was wrong %d times within a minute and is not heard for a while", peer, FAILURES)
        return True

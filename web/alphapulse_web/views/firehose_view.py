"""The firehose: a sample of what passes on the relays, as the frames in which it would travel."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from alphapulse.data.wire import Description, Domain, Source
from alphapulse.errors import ProtocolError
from alphapulse.rules.wire.frame import encode_frame
from alphapulse_web.api.messages import FrameSample, LiveFrame, RelayDomain

SAMPLE = 4
"""Frames of one sample; with five samples a second a page is sent at most 20 frames a second."""
SAMPLE_BYTES = 65_536
"""The frames of one sample together: a message that does not fit any more is left out."""

PUBLISHERS: Mapping[Domain, tuple[RelayDomain, Source]] = {
    Domain.MARKET_DATA: ("MARKET_DATA", Source.MARKET_DATA_RELAY),
    Domain.SIGNAL: ("SIGNAL", Source.SIGNAL_RELAY),
    Domain.EXECUTION: ("EXECUTION", Source.EXECUTION_RELAY),
}
"""What a frame of each relay says of itself: within the process the relays hand over values that have no header."""

log = logging.getLogger(__name__)


@attrs.frozen
class _Seen:
    """A message that passed: the how many-th, and the wall clock then."""

    n: int
    received_ns: int
    message: object


class FirehoseView:
    """Keeps the newest messages of each type while somebody watches, and nothing at all while nobody does.

    Nothing is encoded before it is taken. Rare types come before frequent ones: a signal among thousands of swaps is
    what one looks for.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._watched = False
        self._waiting: dict[type, deque[_Seen]] = {}
        self._offered = 0
        self._passed = 0
        self._shown: dict[type, int] = {}

    def watch(self, watched: bool) -> None:
        """Begin to keep messages, or end and forget them; the same word again changes nothing."""
        if watched != self._watched:
            self._watched = watched
            self._waiting.clear()
            self._offered = 0

    def offer(self, messages: Sequence[object]) -> None:
        """Messages passed on the relays."""
        if not self._watched:
            return
        received_ns = self._now_ns()
        self._offered += len(messages)
        for message in messages:
            self._passed += 1
            seen = _Seen(self._passed, received_ns, message)
            self._waiting.setdefault(type(message), deque(maxlen=SAMPLE)).append(seen)

    def take(self) -> FrameSample | None:
        """Some of what passed since the last call, in its order, and how many messages were left out; None if none."""
        if not self._offered:
            return None
        frames: list[LiveFrame] = []
        room = SAMPLE_BYTES
        for seen in self._pick():
            frame = _encoded(seen)
            if frame is None or len(frame) > room:
                continue
            room -= len(frame)
            domain, _ = PUBLISHERS[_domain(seen.message)]
            frames.append(LiveFrame(n=seen.n, domain=domain, hex=frame.hex(), received_ns=str(seen.received_ns)))
            if len(frames) == SAMPLE:
                break
        frames.sort(key=lambda frame: frame.n)
        sample = FrameSample(frames=frames, skipped=self._offered - len(frames))
        self._waiting.clear()
        self._offered = 0
        return sample

    def _pick(self) -> Iterator[_Seen]:
        """The newest of each type, the type longest not shown first; then the second newest of each, and so on."""
        types = sorted(self._waiting, key=lambda cls: self._shown.get(cls, 0))
        for rank in range(SAMPLE):
            for cls in types:
                kept = self._waiting[cls]
                if rank < len(kept):
                    seen = kept[-1 - rank]
                    self._shown[cls] = max(seen.n, self._shown.get(cls, 0))
                    yield seen


def _encoded(seen: _Seen) -> bytes | None:
    _, source = PUBLISHERS[_domain(seen.message)]
    try:
        return encode_frame([seen.message], source=source, sequence=seen.n, timestamp_ns=seen.received_ns)
    except ProtocolError as error:
        log.warning("a message is not on the firehose: %s", error)
        return None


def _domain(message: object) -> Domain:
    description: Description = message.DESCRIPTION  # type: ignore[attr-defined]  # relays carry nothing but messages
    return description.domain

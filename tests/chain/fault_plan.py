"""Which faults a node commits: drawn from a seed, one connection at a time, each counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TypeVar

import attrs
import msgspec

PPM = 1_000_000
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Faults:
    """How often each fault is committed, in millionths: those of frames for each frame, of answers for each request."""

    drop: int = 0
    """A frame is never sent."""
    late: int = 0
    """A frame comes after those of the next block."""
    duplicate: int = 0
    """A frame is sent twice."""
    reorder: int = 0
    """A block's frames come in another order."""
    truncate: int = 0
    """A frame is cut off in its middle."""
    garbage: int = 0
    """A frame is replaced by bytes that mean nothing."""
    cut: int = 0
    """The connection breaks instead of carrying a frame."""
    too_many: int = 0
    """An answer is 429, with Retry-After."""
    failing: int = 0
    """An answer is 500."""
    http_cut: int = 0
    """The connection breaks instead of carrying an answer."""
    http_truncate: int = 0
    """An answer is cut off in its middle, with a Content-Length that fits."""
    http_garbage: int = 0
    """An answer is not JSON."""
    rate_error: int = 0
    """An answer is an error of JSON-RPC: -32005, limit exceeded."""
    no_logs: int = 0
    """eth_getLogs finds nothing, whatever there is: a node that lies."""


NONE = Faults()


@attrs.define
class FaultPlan:
    """The faults of one connection."""

    chance: Random
    counts: Counter[str]

    def strikes(self, name: str, rate_ppm: int) -> bool:
        """Whether a fault is committed now; it is counted then."""
        struck = rate_ppm > 0 and self.chance.randrange(PPM) < rate_ppm
        if struck:
            self.counts[name] += 1
        return struck

    def order(self, frames: Sequence[T], rate_ppm: int) -> list[T]:
        """A block's frames, perhaps in another order."""
        found = list(frames)
        if len(found) > 1 and self.strikes("reorder", rate_ppm):
            self.chance.shuffle(found)
        return found

    def damaged(self, frame: bytes, faults: Faults) -> list[bytes]:
        """What is sent in place of a frame: nothing, it, it twice, or something broken."""
        if self.strikes("drop", faults.drop):
            return []
        if self.strikes("truncate", faults.truncate):
            return [frame[: self.chance.randrange(1, len(frame))]]
        if self.strikes("garbage", faults.garbage):
            return [self.garbage()]
        return [frame] * (2 if self.strikes("duplicate", faults.duplicate) else 1)

    def garbage(self) -> bytes:
        """Text that is no answer: broken JSON, JSON of another shape, nested without end."""
        return self.chance.choice(
            [
                b"<html><body>502 Bad Gateway</body></html>",
                b"[" * 5_000,
                b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x0","result":{"number":null}}}',
                b'{"jsonrpc":"2.0","method":"eth_subscription","params":[]}',
                b"null",
                b'"' + self.chance.randbytes(40).hex().encode(),
                msgspec.json.encode(
                    {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"result": "0x" + "f" * 900}}
                ),
            ]
        )

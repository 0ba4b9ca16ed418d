"""A moment in the API's shape."""

from __future__ import annotations

from datetime import UTC, datetime

from alphapulse_web.api.schemas import Instant

NS_PER_S = 1_000_000_000


def instant(ns: int) -> Instant:
    """The moment `ns` nanoseconds after 1970 UTC, with a fraction only where there is one."""
    seconds, fraction = divmod(ns, NS_PER_S)
    iso = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if fraction:
        iso += "." + f"{fraction:09d}".rstrip("0")
    return Instant(ns=str(ns), iso=iso + "Z")

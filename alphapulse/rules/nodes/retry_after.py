"""The header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. Pure; the wall clock is an argument."""

from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime

NS_PER_S = 1_000_000_000
LONGEST_NS = 3_600 * NS_PER_S
"""Who asks for more is asked again after an hour; a node must not talk us out of it for ever."""
_MOST_DIGITS = 10


def retry_after_ns(text: str, now_ns: int) -> int | None:
    """How long to wait from `now_ns` (since 1970 UTC); None if the text says nothing. A date that has passed: 0."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:_MOST_DIGITS]) * NS_PER_S, LONGEST_NS)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:  # such as `-0000`: a time of which the zone is not told; HTTP dates are GMT
        date = date.replace(tzinfo=datetime.UTC)
    return min(max(_unix_ns(date) - now_ns, 0), LONGEST_NS)


def _unix_ns(date: datetime.datetime) -> int:
    since = date - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_S

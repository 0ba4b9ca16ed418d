"""Text that must fit into a record: a halt is never lost because a reason was too long."""

from __future__ import annotations


def clipped(text: str, limit_bytes: int) -> str:
    """`text`, cut to at most `limit_bytes` of UTF-8 with an ellipsis at its end; lone surrogates become `?`."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit_bytes:
        return data.decode("utf-8")
    ellipsis = "…"
    return data[: limit_bytes - len(ellipsis.encode())].decode("utf-8", "ignore") + ellipsis

"""What an open page hears when the recording begins again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daemon.day_config import Day
from tests.daemon.live_daemon import LiveDaemon
from tests.daemon.socket_page import SocketPage

pytestmark = [pytest.mark.real_io, pytest.mark.slow]

SHORT = Day(web=True, at_end="repeat", speed=120, start="2024-01-05T01:17:00Z", end="2024-01-05T01:19:00Z")
"""A second long, with one opportunity; five seconds later it begins again."""
TOPICS = {"status", "chains", "pairs", "pnl", "positions", "opportunities"}
"""What a page is told without asking."""
MOST_MESSAGES = 1_000


def test_a_new_run_puts_everything_anew_and_what_the_page_folds_is_what_the_api_says(tmp_path: Path) -> None:
    with LiveDaemon(SHORT.write(tmp_path)) as daemon:
        daemon.wait_open()
        with SocketPage(daemon.url, daemon.token) as page:
            seen: dict[str, Any] = {}
            anew: set[str] = set()
            seq = 0
            while not (anew >= TOPICS and _traded(seen)):
                assert seq < MOST_MESSAGES, f"not put anew: {sorted(TOPICS - anew)}"
                message = page.next()
                assert message is not None
                assert message["seq"] == seq
                seq += 1
                if message["type"] == "delta":
                    fold(seen, message)
                    if seen["status"]["run"]["number"] == 2 and message["op"] == "put":
                        anew.add(message["topic"])
                elif message["type"] == "snapshot":
                    seen = message["topics"]
        assert seen["pnl"]["run"] == 2
        assert {row["run"] for row in seen["opportunities"]["opportunities"]} == {2}
        assert seen["opportunities"]["counts"]["found"] == 1
        (pair,) = seen["pairs"]["pairs"]
        (known,) = daemon.get("/pairs")["pairs"]
        if daemon.get("/status")["run"]["number"] == 2:  # on a busy machine the next run may have begun
            assert pair["points"] == known["points"][: len(pair["points"])]


def _traded(seen: dict[str, Any]) -> bool:
    tokens = seen["pnl"]["tokens"]
    return bool(tokens) and tokens[0]["traded"] == seen["opportunities"]["counts"]["traded"] == 1


def fold(seen: dict[str, Any], delta: dict[str, Any]) -> None:
    """Do as the page does."""
    if delta["op"] == "put":
        seen[delta["topic"]] = delta["data"]
        return
    pair = next(one for one in seen["pairs"]["pairs"] if one["id"] == delta["key"])
    points = delta["data"]["points"]
    if pair["points"]:
        assert points[0]["i"] == pair["points"][-1]["i"] + 1
    pair["points"] += points

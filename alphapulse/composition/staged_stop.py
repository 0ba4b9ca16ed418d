"""The staged stop: decisions, orders, data, books, then everything else, each within its own time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from alphapulse.nursery.supervisor import Supervisor

logger = logging.getLogger(__name__)

DECISIONS_DEADLINE_S = 0.5
COLLECTORS_DEADLINE_S = 1.0
BOOKS_DEADLINE_S = 2.0
FOUNDATION_DEADLINE_S = 6.0
"""Together below ten seconds, after which a service manager would kill the process."""


async def stop_in_stages(
    reason: str,
    *,
    decisions: Supervisor,
    cancel_orders: Callable[[], object],
    collectors: Supervisor,
    close_books: Callable[[], Awaitable[None]],
    foundation: Supervisor,
) -> None:
    """Stop all groups in order. A stage that is not done in time is logged, and the next one begins."""
    await _stop(decisions, reason, DECISIONS_DEADLINE_S)
    cancel_orders()
    await _stop(collectors, reason, COLLECTORS_DEADLINE_S)
    with trio.move_on_after(BOOKS_DEADLINE_S) as books:
        await close_books()
    if books.cancelled_caught:
        logger.error("the books were not closed within %s s; the next start will do it", BOOKS_DEADLINE_S)
    await _stop(foundation, reason, FOUNDATION_DEADLINE_S)


async def _stop(group: Supervisor, reason: str, deadline_s: float) -> None:
    group.stop_all(reason)
    with trio.move_on_after(deadline_s) as stage:
        await group.wait_stopped()
    if stage.cancelled_caught:
        logger.error("%s did not stop within %s s", group.name, deadline_s)

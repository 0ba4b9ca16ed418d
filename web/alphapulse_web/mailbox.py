"""The queue between a connection and the application's task that answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio.task_group import TaskGroup, _handle
from hypercorn.typing import (
    AppWrapper,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)


class MailboxTaskGroup(TaskGroup):
    """Hypercorn's tasks of a connection, with a queue that closes when the application is done.

    Upstream leaves it open: a client that floods a WebSocket fills it, nobody empties it any more, and both the reader
    and the goodbye wait for room for ever.
    """

    async def spawn_app(
        self,
        app: AppWrapper,
        config: Config,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        """Start the application; returns the function that puts a message into its queue."""
        sender, receiver = trio.open_memory_channel[ASGIReceiveEvent](config.max_app_queue_size)

        async def answer(
            scope: Scope,
            receive: ASGIReceiveCallable,
            send: ASGISendCallable,
            sync_spawn: Callable[..., Any],
            call_soon: Callable[..., Any],
        ) -> None:
            with receiver:
                await app(scope, receive, send, sync_spawn, call_soon)

        async def deliver(message: ASGIReceiveEvent) -> None:
            # To an application that is done there is nothing to say.
            with suppress(trio.BrokenResourceError):
                await sender.send(message)

        run_sync, from_thread = trio.to_thread.run_sync, trio.from_thread.run
        arguments = answer, config, scope, receiver.receive, send, run_sync, from_thread
        self._nursery.start_soon(_handle, *arguments)  # type: ignore[union-attr]  # it is there while the group is open
        return deliver

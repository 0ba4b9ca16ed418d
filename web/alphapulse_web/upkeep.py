"""What the control plane does by itself: it notices keys that came and went, and stores what must outlive it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from alphapulse.errors import ConfigError
from alphapulse.journal.blocking import RunBlocking
from alphapulse_web.backend import Backend
from alphapulse_web.control_store import ControlStore
from alphapulse_web.errors import StoreError
from alphapulse_web.idempotency import Replies
from alphapulse_web.key_file import KeyFile
from alphapulse_web.keys import Key, KeyRing
from alphapulse_web.sessions import Sessions

LOOK_EVERY_S = 1.0

log = logging.getLogger(__name__)


class Upkeep:
    """Runs beside the server. A file of keys that cannot be read leaves the owner's token as the only key."""

    def __init__(
        self,
        ring: KeyRing,
        file: KeyFile | None,
        store: ControlStore,
        sessions: Sessions,
        replies: Replies,
        backend: Backend,
        run_blocking: RunBlocking,
    ) -> None:
        self._ring = ring
        self._file = file
        self._store = store
        self._sessions = sessions
        self._replies = replies
        self._backend = backend
        self._run_blocking = run_blocking
        self._seen: object = object()
        self.on_session_end: Callable[[str], None] = lambda _: None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled; started when what was kept is known."""
        try:
            replies, sessions = await self._store.load()
        except StoreError:
            log.exception("replies and sessions cannot be read; halts go on without, other actions are refused")
        else:
            self._replies.restore(replies)
            self._sessions.restore(sessions)
        await self._look_at_keys(first=True)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._replies.run)
                task_status.started()
                while True:
                    await trio.sleep(LOOK_EVERY_S)
                    await self._look_at_keys(first=False)
                    await self._sessions.save()
        finally:
            await self._store.aclose()

    async def revoke(self, name: str) -> None:
        """Take a key away at once. Raises ConfigError if there is none of that name."""
        if self._file is None:
            raise ConfigError("web.keys_file", "expected a data folder with keys, found none")
        await self._run_blocking(self._file.revoke, name)
        await self._look_at_keys(first=False)

    async def _look_at_keys(self, *, first: bool) -> None:
        """At the first look the keys are those that were there; later ones are somebody's doing, and audited."""
        if self._file is None:
            return
        file = self._file
        named: tuple[Key, ...] = ()
        signature = await self._run_blocking(file.signature)
        if signature == self._seen:
            return
        self._seen = signature
        try:
            named = await self._run_blocking(file.read)
        except (ConfigError, OSError) as error:
            log.error("no named key is good until this is mended: %s", error)  # noqa: TRY400 - its words say it all
        new, gone = self._ring.replace(named)
        for key in gone:
            for digest in await self._sessions.end_of_key(key.id):
                self.on_session_end(digest)
        if not first:
            for verb, keys in (("add", new), ("revoke", gone)):
                for key in keys:
                    self._backend.audit("keys file", f"keys.{verb}", key.name, "", f"{key.role.name}, key {key.id}")

"""Replies that are kept, so that a repeated request does not act twice."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import islice

import attrs
import trio

from alphapulse_web.control_store import ControlStore, StoredReply
from alphapulse_web.errors import ApiError, StoreError
from alphapulse_web.instants import NS_PER_S

KEEP_NS = 24 * 60 * 60 * NS_PER_S
MAX_REPLIES = 10_000
MAX_KEY = 128
CLIENT_ERRORS = range(400, 500)
SAVE_WAIT_S = 0.02
"""At full replay speed a thread that stores waits long for the interpreter; a halt answers within 50 ms yet."""
EXPIRE_EVERY_S = 60
RETRY_S = 1

log = logging.getLogger(__name__)

Slot = tuple[str, str]
"""Whose key, and the Idempotency-Key: two callers may use the same one."""


@attrs.frozen
class Reply:
    """A reply as it was sent: status and JSON."""

    status: int
    body: bytes


class Replies:
    """Replies by caller and Idempotency-Key, for 24 hours over restarts; at most 10,000, the oldest goes first.

    A request is on the disk before it acts, its reply before it is told. One that was begun and has no reply (the
    daemon died, or the act was not confirmed) may or may not have acted: it is never acted again, its repetitions are
    told 409 `outcome_unknown`. Refusals are not kept: they are judged anew.

    A halt is another thing. It acts first and is stored afterwards by `run`, for which its reply waits a fiftieth of a
    second at most: a disk that is slow or full must not hold it up. Repeated after a crash in between it acts again,
    which a halt that is in force does not notice.
    """

    def __init__(self, store: ControlStore, now_ns: Callable[[], int]) -> None:
        self._store = store
        self._now_ns = now_ns
        self._restored = False
        self._kept: dict[Slot, StoredReply] = {}
        self._running: dict[Slot, bytes] = {}
        self._unsaved: dict[Slot, StoredReply] = {}
        self._work, self._saved = trio.Event(), trio.Event()
        self._keeper = False

    def restore(self, kept: list[StoredReply]) -> None:
        """What the file held at the start, oldest first. Until it is known nothing but a halt acts."""
        self._kept = {(one.owner, one.key): one for one in kept} | self._kept
        self._restored = True

    async def run(self) -> None:
        """Store the replies of halts, and forget what is old, until cancelled."""
        self._keeper = True
        try:
            while True:
                with trio.move_on_after(EXPIRE_EVERY_S):
                    await self._work.wait()
                self._work = trio.Event()
                try:
                    await self._keep_house()
                except StoreError:
                    log.exception("replies cannot be stored; halts go on without, other actions are refused")
                    await trio.sleep(RETRY_S)
                    self._work.set()
        finally:
            self._keeper = False

    async def _keep_house(self) -> None:
        while self._unsaved:
            slot, reply = next(iter(self._unsaved.items()))
            await self._store.keep_reply(reply)
            self._unsaved.pop(slot, None)
        self._saved.set()
        self._saved = trio.Event()
        horizon = self._now_ns() - KEEP_NS
        await self._forget([slot for slot, one in self._kept.items() if one.born_ns <= horizon])
        await self._make_room()

    async def once(
        self, owner: str, key: str | None, fingerprint: bytes, act: Callable[[], Awaitable[Reply]], *, halt: bool
    ) -> Reply:
        """The reply of `act`, called at most once for each key.

        Raises:
            ApiError: 400 without a key, 409 while it runs or if its outcome is not known, 422 for another body, 503 if
                it cannot be stored; and whatever `act` raises.
        """
        if not key or len(key) > MAX_KEY or not key.isprintable():
            raise ApiError(
                400, "idempotency_key", f"expected an Idempotency-Key of 1 to {MAX_KEY} characters; make one per action"
            )
        slot = owner, key
        if slot in self._running:
            _check_body(self._running[slot], fingerprint)
            raise ApiError(409, "in_progress", "expected the first request with this key to be over, found it running")
        # From here to the act nothing of the kind of a halt is awaited, so that no repetition comes between.
        self._running[slot] = fingerprint
        try:
            return await (self._halt if halt else self._act)(slot, fingerprint, act)
        finally:
            del self._running[slot]

    async def _halt(self, slot: Slot, fingerprint: bytes, act: Callable[[], Awaitable[Reply]]) -> Reply:
        known = self._known(slot, fingerprint)
        if known is not None and known.status is not None:
            return Reply(known.status, known.body or b"")
        reply = await act()
        done = StoredReply(
            owner=slot[0],
            key=slot[1],
            fingerprint=fingerprint,
            born_ns=self._now_ns(),
            status=reply.status,
            body=reply.body,
        )
        self._kept[slot] = self._unsaved[slot] = done
        while len(self._unsaved) > MAX_REPLIES:
            del self._unsaved[next(iter(self._unsaved))]
        self._work.set()
        if self._keeper:
            with trio.move_on_after(SAVE_WAIT_S):
                await self._saved.wait()
        return reply

    async def _act(self, slot: Slot, fingerprint: bytes, act: Callable[[], Awaitable[Reply]]) -> Reply:
        begun = StoredReply(owner=slot[0], key=slot[1], fingerprint=fingerprint, born_ns=self._now_ns())
        try:
            if not self._restored:
                self.restore((await self._store.load())[0])
            known = self._known(slot, fingerprint)
            if known is None:
                await self._store.keep_reply(begun)
                await self._make_room()
        except StoreError as error:
            raise ApiError(503, "not_stored", f"nothing was done: {error}") from error
        if known is not None:
            if known.status is None:
                message = "expected a fresh Idempotency-Key: a request with this one was begun and its outcome is not"
                raise ApiError(409, "outcome_unknown", f"{message} known; look at the status, then ask with another")
            return Reply(known.status, known.body or b"")
        self._kept[slot] = begun
        reply = await self._settled(act)
        if isinstance(reply, ApiError):
            await self._forget_quietly(slot)
            raise reply
        await self._finish(begun, reply)
        return reply

    async def _settled(self, act: Callable[[], Awaitable[Reply]]) -> Reply | ApiError:
        """The reply, or the refusal of what has done nothing. Raises what leaves the outcome unknown."""
        try:
            return await act()
        except ApiError as error:
            if error.status in CLIENT_ERRORS:
                return error
            raise

    def _known(self, slot: Slot, fingerprint: bytes) -> StoredReply | None:
        known = self._kept.get(slot)
        if known is None or known.born_ns <= self._now_ns() - KEEP_NS:
            return None
        _check_body(known.fingerprint, fingerprint)
        return known

    async def _finish(self, begun: StoredReply, reply: Reply) -> None:
        done = attrs.evolve(begun, status=reply.status, body=reply.body)
        self._kept[begun.owner, begun.key] = done
        try:
            await self._store.keep_reply(done)
            await self._make_room()
        except StoreError:
            log.exception("the reply to an action could not be stored; it was done, and a restart forgets the reply")

    async def _make_room(self) -> None:
        await self._forget(list(islice(self._kept, max(0, len(self._kept) - MAX_REPLIES))))

    async def _forget_quietly(self, slot: Slot) -> None:
        try:
            await self._forget([slot])
        except StoreError:
            log.exception("a refusal's key could not be forgotten; a restart takes its outcome for unknown")

    async def _forget(self, slots: list[Slot]) -> None:
        for slot in slots:
            self._kept.pop(slot, None)
        if slots:
            await self._store.forget_replies(slots)


def _check_body(known: bytes, found: bytes) -> None:
    if known != found:
        raise ApiError(422, "key_reused", "expected the body that came with this key before; use a fresh key")

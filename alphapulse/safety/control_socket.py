"""The local control socket: the owner of the data folder stops and resumes without the web.

One line of JSON asks, one line answers: `{"act": "kill", "reason": "…"}`, `{"ok": true, "result": {…}}`. Who may
connect is said by the file's mode (0600) and checked by the kernel's word on the other side (SO_PEERCRED): the daemon's
own user, or root. Nobody is ever locked out: whoever is idle makes room for who comes.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import trio

from alphapulse.data.halts import GLOBAL
from alphapulse.errors import HaltError
from alphapulse.journal.blocking import RunBlocking

NAME = "control.sock"
MOST_CONNECTIONS = 16
MOST_BYTES = 8192
"""Of a line."""
TOO_LONG = f"expected a line of at most {MOST_BYTES} bytes, found more; the connection ends here"
IDLE_S = 10.0
ANSWER_S = 5.0
SEND_S = 2.0
CREDENTIALS = struct.Struct("3i")  # process, user, group: `struct ucred` of socket(7)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    """Base of what can be asked."""


class Kill(Request, frozen=True, kw_only=True, tag="kill"):
    """Make a scope stricter."""

    reason: str
    scope: str = GLOBAL
    level: Literal["halted", "reducing", "locked"] = "halted"


class AskChallenge(Request, frozen=True, kw_only=True, tag="challenge"):
    """What must be typed to end a halt."""

    scope: str = GLOBAL


class Resume(Request, frozen=True, kw_only=True, tag="resume"):
    """End a halt."""

    reason: str
    nonce: str
    phrase: str
    scope: str = GLOBAL


class Flatten(Request, frozen=True, kw_only=True, tag="flatten"):
    """Sell what a halted scope holds."""

    reason: str
    scope: str = GLOBAL


class ListHalts(Request, frozen=True, kw_only=True, tag="halts"):
    """The newest halts."""


class ShowHalt(Request, frozen=True, kw_only=True, tag="halt"):
    """What a halt did; the newest one without a number."""

    halt_id: int | None = None


class AskLevels(Request, frozen=True, kw_only=True, tag="levels"):
    """The level of every scope that was ever held."""


Wish = Kill | AskChallenge | Resume | Flatten | ListHalts | ShowHalt | AskLevels
_DECODER = msgspec.json.Decoder(Wish)


class ControlSocket:
    """The listener. A service: raises OSError if the socket cannot be made.

    Args:
        path: where; it may be longer than what the kernel takes as a socket's name.
        answer: does what is asked, as the actor, and gives the result. HaltError and LookupError are refusals.
        run_blocking: for the file system.
        logger: takes what went wrong.
    """

    def __init__(
        self,
        path: Path,
        answer: Callable[[Wish, str], Awaitable[Any]],
        *,
        run_blocking: RunBlocking,
        logger: logging.Logger,
    ) -> None:
        self._path = path
        self._answer = answer
        self._run_blocking = run_blocking
        self._logger = logger
        self._open: dict[trio.CancelScope, None] = {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; the file is gone then."""
        listening = await self._run_blocking(open_listener, self._path)
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        try:
            async with listener:
                await trio.serve_listeners(self._serve, [listener], task_status=_Started(task_status))
        finally:
            # At once: a thread could not be waited for here, and the folder is local.
            self._path.unlink(missing_ok=True)

    async def _serve(self, stream: trio.SocketStream) -> None:
        user = peer_user(stream.socket)
        async with stream:
            if user not in {os.geteuid(), 0}:
                self._logger.warning("the control socket refused user %s", user)
                return
            with trio.CancelScope() as scope:
                while len(self._open) >= MOST_CONNECTIONS:
                    oldest = next(iter(self._open))
                    del self._open[oldest]
                    oldest.cancel("made room for another")
                self._open[scope] = None
                try:
                    await self._converse(stream, f"user {user}")
                except trio.BrokenResourceError:
                    return  # he hung up; what he asked for is done
                finally:
                    self._open.pop(scope, None)

    async def _converse(self, stream: trio.SocketStream, actor: str) -> None:
        waiting = b""
        while True:
            line, waiting = await _next_line(stream, waiting)
            if line is None:
                return
            fits = len(line) <= MOST_BYTES
            reply = await self._reply(line, actor) if fits else _refusal("bad_request", TOO_LONG, [])
            with trio.move_on_after(SEND_S) as sending:
                await stream.send_all(msgspec.json.encode(reply) + b"\n")
            if sending.cancelled_caught or not fits:
                return

    async def _reply(self, line: bytes, actor: str) -> dict[str, Any]:
        try:
            wish = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return _refusal("bad_request", f"expected one line of JSON with an act that is known: {error}", [])
        try:
            # To the end even if who asked is shed meanwhile: his wish is a promise by now.
            with trio.fail_after(ANSWER_S, shield=True):
                return {"ok": True, "result": await self._answer(wish, actor)}
        except HaltError as error:
            failed = [str(problem) for problem in error.args]
            return _refusal("not_allowed", "; ".join(failed), failed)
        except LookupError as error:
            return _refusal("not_found", str(error.args[0] if error.args else error), [])
        except trio.TooSlowError:
            return _refusal("unconfirmed", f"asked for, but not confirmed within {ANSWER_S:g} s", [])
        except Exception as error:
            self._logger.exception("the control socket could not answer")
            return _refusal("fault", f"a fault in the daemon, see its log: {type(error).__name__}", [])


class _Started:
    """Tells a nursery that the service runs, without the listeners that Trio reports."""

    def __init__(self, task_status: trio.TaskStatus[None]) -> None:
        self._task_status = task_status

    def started(self, value: object = None) -> None:
        self._task_status.started()


def open_listener(path: Path) -> socket.socket:
    """A listening Unix socket at `path`, mode 0600. Blocking. What lay there is replaced: the folder has one daemon."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listening.fileno(), 0o600)  # Linux makes the file with this mode, so that it is never open to others
        with reachable(path) as name:
            listening.bind(name)
        path.chmod(0o600)
        listening.listen(MOST_CONNECTIONS)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name for `path` that is short enough for a socket: through the descriptor of its folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def peer_user(connection: trio.socket.SocketType) -> int:
    """The user on the other side, as the kernel says."""
    _, user, _ = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return int(user)


async def _next_line(stream: trio.SocketStream, waiting: bytes) -> tuple[bytes | None, bytes]:
    """The next line and what came behind it; None at the end or after 10 s of silence.

    What is longer than a line may be is given as it is, whole or not.
    """
    with trio.move_on_after(IDLE_S):
        while b"\n" not in waiting and len(waiting) <= MOST_BYTES:
            data = await stream.receive_some(MOST_BYTES)
            if not data:
                return None, b""
            waiting += bytes(data)
    line, separator, rest = waiting.partition(b"\n")
    return (line, rest) if separator or len(line) > MOST_BYTES else (None, b"")


def _refusal(code: str, message: str, failed: list[str]) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, "failed": failed}}

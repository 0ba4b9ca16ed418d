"""The local control socket: who may speak, one line for one line, and nobody is locked out."""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from alphapulse.errors import HaltError
from alphapulse.safety import control_socket
from alphapulse.safety.control_socket import MOST_BYTES, MOST_CONNECTIONS, ControlSocket, Kill, Resume, Wish, reachable
from tests.fakes.inline_blocking import run_inline

pytestmark = pytest.mark.real_io


@attrs.define
class Rig:
    """A listening socket whose answers are those of `outcome`."""

    path: Path
    asked: list[tuple[Wish, str]] = attrs.field(factory=list)
    outcome: object = attrs.field(factory=dict)
    nursery: trio.Nursery | None = None

    async def answer(self, wish: Wish, actor: str) -> Any:
        self.asked.append((wish, actor))
        await trio.lowlevel.checkpoint()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def connect(self) -> trio.SocketStream:
        with reachable(self.path) as name:
            return await trio.open_unix_socket(name)

    async def ask(self, line: bytes) -> Any:
        async with await self.connect() as stream:
            return await talk(stream, line)


async def talk(stream: trio.SocketStream, line: bytes) -> Any:
    """One line and its answer; None if it hangs up."""
    await stream.send_all(line)
    data = b""
    while not data.endswith(b"\n"):
        part = await stream.receive_some(65_536)
        if not part:
            return None
        data += part
    return json.loads(data)


@asynccontextmanager
async def listening(folder: Path, **outcome: object) -> AsyncIterator[Rig]:
    rig = Rig(folder / "control.sock", **outcome)  # type: ignore[arg-type]
    part = ControlSocket(rig.path, rig.answer, run_blocking=run_inline, logger=logging.getLogger("socket"))
    async with trio.open_nursery() as nursery:
        with trio.fail_after(60):
            await nursery.start(part.run)
            yield rig
        nursery.cancel_scope.cancel()


async def test_a_line_asks_and_a_line_answers(tmp_path: Path) -> None:
    async with listening(tmp_path, outcome={"halt_id": 7}) as rig:
        reply = await rig.ask(b'{"act": "kill", "reason": "odd prices"}\n')
        assert reply == {"ok": True, "result": {"halt_id": 7}}
        assert rig.asked == [(Kill(reason="odd prices"), f"user {os.getuid()}")]


async def test_several_wishes_may_come_over_one_connection(tmp_path: Path) -> None:
    async with listening(tmp_path) as rig, await rig.connect() as stream:
        for _ in range(3):
            assert (await talk(stream, b'{"act": "halts"}\n'))["ok"]
        await stream.send_all(b'{"act": "halts"}\n{"act": "levels"}\n')
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert len(rig.asked) == 5


async def test_the_socket_is_for_its_owner_only_and_gone_at_the_end(tmp_path: Path) -> None:
    async with listening(tmp_path) as rig:
        found = rig.path.lstat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert not rig.path.exists()


async def test_it_is_never_open_to_others_even_while_it_is_made(tmp_path: Path) -> None:
    """Whatever the process's mask is."""
    before = os.umask(0)
    try:
        made = control_socket.open_listener(tmp_path / "control.sock")
    finally:
        os.umask(before)
    with made:
        assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600


async def test_a_path_longer_than_a_sockets_name_may_be_works(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a" * 60] * 4)
    folder.mkdir(parents=True)
    async with listening(folder) as rig:
        assert len(str(rig.path)) > 108
        assert (await rig.ask(b'{"act": "halts"}\n'))["ok"]


async def test_what_lay_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "control.sock").write_text("left over")
    async with listening(tmp_path) as rig:
        assert (await rig.ask(b'{"act": "halts"}\n'))["ok"]


async def test_another_user_is_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who he is; he is told nothing."""
    monkeypatch.setattr(control_socket, "peer_user", lambda connection: os.geteuid() + 1)
    async with listening(tmp_path) as rig:
        with pytest.raises((trio.BrokenResourceError, ConnectionError, AssertionError)):
            assert await rig.ask(b'{"act": "kill", "reason": "x"}\n') is not None
        assert rig.asked == []


async def test_the_kernel_says_who_asks() -> None:
    here, there = trio.socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with here, there:
        assert control_socket.peer_user(here) == os.getuid()


async def test_a_refusal_names_each_reason(tmp_path: Path) -> None:
    async with listening(tmp_path, outcome=HaltError("role: no", "journal: full")) as rig:
        reply = await rig.ask(b'{"act": "resume", "reason": "r", "nonce": "n", "phrase": "p"}\n')
        assert reply["error"] == {
            "code": "not_allowed",
            "message": "role: no; journal: full",
            "failed": ["role: no", "journal: full"],
        }
        assert rig.asked[0][0] == Resume(reason="r", nonce="n", phrase="p")


@pytest.mark.parametrize(
    ("outcome", "code"), [(LookupError("no such halt"), "not_found"), (ValueError("a bug"), "fault")]
)
async def test_what_goes_wrong_is_answered_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, outcome: Exception, code: str
) -> None:
    caplog.set_level(logging.CRITICAL + 1)
    async with listening(tmp_path, outcome=outcome) as rig:
        assert (await rig.ask(b'{"act": "halt", "halt_id": 9}\n'))["error"]["code"] == code
        rig.outcome = {}
        assert (await rig.ask(b'{"act": "halts"}\n'))["ok"]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"kill\n",
        b"[]\n",
        b"{}\n",
        b'{"act": "explode"}\n',
        b'{"act": "kill"}\n',
        b'{"act": "kill", "reason": 7}\n',
        b'{"act": "kill", "reason": "x", "level": "active"}\n',
        b'{"act": "kill", "reason": "x", "force": true}\n',
        b'{"act": "resume", "reason": "x"}\n',
        b"\xff\xfe\n",
        b'{"act": "kill", "reason": "\xff"}\n',
        b"[" * 5000 + b"\n",
    ],
)
async def test_what_is_no_wish_is_refused_and_the_next_one_heard(tmp_path: Path, line: bytes) -> None:
    async with listening(tmp_path) as rig, await rig.connect() as stream:
        assert (await talk(stream, line))["error"]["code"] == "bad_request"
        assert rig.asked == []
        assert (await talk(stream, b'{"act": "halts"}\n'))["ok"]


@pytest.mark.parametrize("end", [b"", b"\n"])
async def test_a_line_that_is_too_long_is_told_so_and_ends_its_own_connection(tmp_path: Path, end: bytes) -> None:
    async with listening(tmp_path) as rig:
        async with await rig.connect() as stream:
            answer = await talk(stream, b"x" * (MOST_BYTES + 1) + end)
            assert answer["error"]["code"] == "bad_request"
            assert "8192 bytes" in answer["error"]["message"]
            assert await stream.receive_some(1) == b""
        assert (await rig.ask(b'{"act": "halts"}\n'))["ok"]


async def test_nobody_is_locked_out_by_those_who_say_nothing(tmp_path: Path) -> None:
    """Three times as many as there is room for: the oldest make room, a stop is heard at once."""
    async with listening(tmp_path) as rig:
        silent = [await rig.connect() for _ in range(3 * MOST_CONNECTIONS)]
        assert (await rig.ask(b'{"act": "kill", "reason": "x"}\n'))["ok"]
        for stream in silent:
            await stream.aclose()


async def test_what_was_asked_is_done_even_if_who_asked_hangs_up(tmp_path: Path) -> None:
    async with listening(tmp_path) as rig:
        stream = await rig.connect()
        await stream.send_all(b'{"act": "kill", "reason": "x"}\n')
        await stream.aclose()
        while not rig.asked:
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert (await rig.ask(b'{"act": "halts"}\n'))["ok"]

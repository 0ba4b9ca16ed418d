"""Unix sockets: whose file it is, who may connect, and what a crash leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from alphapulse.errors import AddressInUse, ConnectFailed, PeerRefused, TransportError
from alphapulse.transport.address import UnixAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink, PeerIdentity
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.socket_file import listening_socket
from tests.transport.mediums import Medium, receive_to_end

pytestmark = pytest.mark.real_io

LIMIT_S = 60.0
HOLD = """
import sys
from pathlib import Path
from alphapulse.transport.socket_file import listening_socket
with listening_socket(Path(sys.argv[1])):
    print("listening", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "relay.sock"


def holder(path: Path) -> subprocess.Popen[bytes]:
    """Another process that listens there by our rules."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n"
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def test_the_socket_is_its_owners_alone_and_gone_afterwards(path: Path) -> None:
    """Whatever the umask is; the folder is made if it is missing."""
    inner = path.parent / "run" / "relay.sock"
    before = os.umask(0)
    try:
        with listening_socket(inner):
            assert stat.S_IMODE(inner.stat().st_mode) == 0o600
            assert stat.S_IMODE(inner.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert list(inner.parent.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    with (
        pytest.raises(TransportError, match=f"has mode {mode:04o}, so that others could put") as refused,
        listening_socket(path),
    ):
        pass
    assert "chmod go-w" in str(refused.value)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(path: Path, kind: str) -> None:
    match kind:
        case "file":
            path.write_text("books")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(TransportError, match="is no socket; remove it or use another path"), listening_socket(path):
        pass
    assert os.path.lexists(path)


def test_a_socket_that_a_killed_process_left_is_replaced(path: Path) -> None:
    process = holder(path)
    end(process)
    assert path.is_socket()
    with listening_socket(path) as listening, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        listening.accept()[0].close()


def test_a_socket_that_is_alive_is_refused_with_the_process_that_holds_it(path: Path) -> None:
    process = holder(path)
    try:
        with (
            pytest.raises(AddressInUse, match=f"process {process.pid} listens at {path} already"),
            listening_socket(path),
        ):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))  # it still listens
    finally:
        end(process)


def test_a_stopped_holder_is_alive(path: Path) -> None:
    """A process that does not answer is no reason to take its socket away."""
    process = holder(path)
    try:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(AddressInUse, match=f"process {process.pid}"), listening_socket(path):
            pass
    finally:
        end(process)


def test_a_program_that_knows_no_lock_is_found_by_its_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with (
            pytest.raises(AddressInUse, match=f"process {os.getpid()} of user {os.getuid()} listens"),
            listening_socket(path),
        ):
            pass
        assert path.is_socket()


@pytest.mark.slow
def test_of_many_that_start_at_once_over_a_stale_socket_one_listens(path: Path) -> None:
    """However they meet: the one that listens can be reached at the path, the others say who it is."""
    for _ in range(5):
        end(holder(path))
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", HOLD, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(4)
        ]
        said = [process.stdout.readline() for process in processes if process.stdout is not None]
        winners = [process for process, line in zip(processes, said, strict=True) if line]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        for process in processes:
            _, errors = process.communicate(b"")
            if process not in winners:
                assert b"AddressInUse" in errors
        assert len(winners) == 1
        assert not path.exists()
        assert list(path.parent.iterdir()) == []
        path.touch()
        path.unlink()


def test_a_socket_that_was_put_in_our_place_is_left_alone(path: Path) -> None:
    with listening_socket(path):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
    assert path.is_socket()


async def test_both_ends_know_process_user_and_group(path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        async with Medium("unix", UnixAddress(path)).pair() as (ours, theirs):
            name = f"process {os.getpid()} of user {os.getuid()}"
            identity = PeerIdentity(name, uid=os.getuid(), gid=os.getgid(), pid=os.getpid())
            assert ours.peer == theirs.peer == identity


async def test_a_user_who_is_not_on_the_list_is_told_so(path: Path) -> None:
    served: list[ByteLink] = []

    async def serve(link: ByteLink) -> None:  # noqa: ASYNC124 - a handler is async
        served.append(link)

    listener = listen(UnixAddress(path), Admission(uids=frozenset({os.getuid() + 1})))
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda *, task_status: listener.serve(serve, task_status=task_status))
            with pytest.raises(PeerRefused, match=f"refused the connection: user {os.getuid()} may not connect"):
                await connect(UnixAddress(path))
            nursery.cancel_scope.cancel()
    assert not served


async def test_a_stale_socket_and_a_missing_one_are_told_apart(path: Path) -> None:
    with trio.fail_after(LIMIT_S):
        with pytest.raises(ConnectFailed, match="there is no such file"):
            await connect(UnixAddress(path))
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        with pytest.raises(ConnectFailed, match="the socket file is a stale one"):
            await connect(UnixAddress(path))


async def test_another_programs_socket_is_no_listener(path: Path) -> None:
    with trio.fail_after(LIMIT_S), socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        async with trio.open_nursery() as nursery:

            async def greet() -> None:
                connection, _ = await trio.socket.from_stdlib_socket(other).accept()
                with connection:
                    await connection.send(b"SSH-2.0")

            other.setblocking(False)
            nursery.start_soon(greet)
            with pytest.raises(TransportError, match="did not greet as a listener of AlphaPulse does"):
                await connect(UnixAddress(path))


async def test_what_a_peer_leaves_unread_is_no_error_here(path: Path) -> None:
    """A peer that connects and goes at once, or goes without reading, ends its own connection."""

    async def talk(link: ByteLink) -> None:
        await link.send_all(bytes(10_000))
        await receive_to_end(link)

    with trio.fail_after(LIMIT_S):
        async with Medium("unix", UnixAddress(path)).serving(talk):
            for _ in range(20):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(path))
            link = await connect(UnixAddress(path))
            assert await link.receive_some(1) == b"\0"
            await link.aclose()

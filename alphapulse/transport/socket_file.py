"""A listening Unix socket in the file system: nobody else's, and never two of them at one path."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from alphapulse.errors import AddressInUse, TransportError
from alphapulse.transport.byte_link import PeerIdentity

BACKLOG = 128
_UCRED = struct.Struct("3i")
"""struct ucred of unix(7): process, user, group."""


def peer_credentials(connected: socket.socket) -> PeerIdentity:
    """Whom the kernel says is at the other end of a Unix socket: as it was when it connected or listened."""
    pid, uid, gid = _UCRED.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return PeerIdentity(f"process {pid} of user {uid}", uid=uid, gid=gid, pid=pid)


@contextlib.contextmanager
def listening_socket(path: Path) -> Iterator[socket.socket]:
    """Listen on a socket file, mode 0600, for as long as the context lasts; the file is gone afterwards.

    The folder is made (0700) if it is not there. A lock file beside the socket decides who may listen: while it is
    held, a socket file that nobody answers on is stale and is replaced. Connecting to see would decide nothing, as two
    that start together would both find it stale, and each remove the other's.

    Raises:
        AddressInUse: another process listens there; the message names it.
        TransportError: others may write into the folder, or the path is something else than a socket.
    """
    _check_folder(path.parent)
    with _locked(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        _remove_stale(path)
        listening.setblocking(False)
        # Linux makes the file with the mode of the socket's inode, so that it is never wider than this.
        os.fchmod(listening.fileno(), 0o600)
        try:
            listening.bind(str(path))
        except OSError as problem:
            raise TransportError(f"it is not possible to listen at {path}: {problem.strerror}") from problem
        made = path.lstat().st_ino
        try:
            listening.listen(BACKLOG)
            yield listening
        finally:
            with contextlib.suppress(FileNotFoundError):
                if path.lstat().st_ino == made:  # not one that somebody put there in its place
                    path.unlink()


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as problem:
        raise TransportError(f"the socket's folder {folder} cannot be used: {problem.strerror}") from problem
    if found.st_uid not in (os.getuid(), 0):
        raise TransportError(f"the socket's folder {folder} belongs to user {found.st_uid}; use one of your own")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TransportError(
            f"the socket's folder {folder} has mode {stat.S_IMODE(found.st_mode):04o}, so that others could put "
            "a socket of theirs there; expected one that only its owner may write to (chmod go-w)"
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(f"{path.name}.lock")
    held = _lock(lock, path)
    try:
        os.truncate(held, 0)
        os.pwrite(held, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()  # while it is held: who waits for this file sees that it is no longer the one at the path
        os.close(held)


def _lock(lock: Path, path: Path) -> int:
    """The descriptor of the lock file, locked, and still the file of that name."""
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as problem:
            raise TransportError(f"the lock file {lock} cannot be opened: {problem.strerror}") from problem
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, lock):
                return descriptor
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise AddressInUse(
                f"process {holder or '(starting)'} listens at {path} already; stop it or use another path"
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _remove_stale(path: Path) -> None:
    """Make place at the path, which is ours by the lock. Only a program that knows no lock can be alive there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise TransportError(f"{path} is there already and is no socket; remove it or use another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            raise AddressInUse(f"another program listens at {path} already, and its queue is full") from None
        except OSError as problem:
            raise TransportError(f"{path} is there already and cannot be used: {problem.strerror}") from problem
        raise AddressInUse(f"{peer_credentials(probe).name} listens at {path} already; stop it or use another path")

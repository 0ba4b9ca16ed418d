"""The record of what a key has signed: a file of fixed size, written before each signature.

A block of 128 bytes says whose it is; behind it each number has its place, by its remainder of 16,384. So the file
never grows, and a write is one sector.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alphapulse.durable_file import sync_folder
from alphapulse.errors import SigningRecordError
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.signing.signed_entry import SIZE, SignedEntry, sealed
from alphapulse.rules.signing.signing_history import MOST_NONCES

_HEAD = struct.Struct(">8sQ20s")
MAGIC = b"APSIGN1\n"
FILE_SIZE = (MOST_NONCES + 1) * SIZE


def record_path(folder: Path, chain_id: int, address: bytes) -> Path:
    """Where the record of an account lies."""
    return folder / f"signed-{chain_id}-{address.hex()}.record"


class SigningRecord:
    """The record of one account on one chain, locked: nobody else signs by it meanwhile. All of it blocks."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def entries(self) -> Iterator[SignedEntry]:
        """What was signed, in no order.

        Raises:
            SigningRecordError: something in it is not what was written.
        """
        data = os.pread(self._descriptor, FILE_SIZE, 0)
        for at in range(SIZE, FILE_SIZE, SIZE):
            try:
                entry = SignedEntry.unpacked(data[at : at + SIZE])
            except ValueError as error:
                raise SigningRecordError(f"{self.path}, byte {at}: {error}; {_ADVICE}") from error
            if entry is not None:
                yield entry

    def write(self, entry: SignedEntry) -> None:
        """Put it in the place of what was there. When it returns, a `kill -9` does not undo it; takes microseconds.

        Raises:
            SigningRecordError: the file system refused. Whether it is there is not known.
        """
        try:
            written = os.pwrite(self._descriptor, entry.packed(), SIZE * (1 + entry.nonce % MOST_NONCES))
            if written != SIZE:
                raise SigningRecordError(f"{self.path}: expected to write {SIZE} bytes, found room for {written}")
        except OSError as error:
            raise self._not_written(error) from error

    def sync(self) -> None:
        """When it returns, a power cut undoes nothing of what was written. Raises SigningRecordError as `write`."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> SigningRecordError:
        return SigningRecordError(f"{self.path} was not written: {error.strerror}; see to the disk")


_ADVICE = "find out why it changed; what was signed before is not known any more"


@contextmanager
def open_record(path: Path, chain_id: int, address: bytes) -> Iterator[SigningRecord]:
    """The record at `path`, made if there is none. Blocking.

    Raises:
        SigningRecordError: another process signs by it, it is another account's, or not what was written.
    """
    head = sealed(_HEAD.pack(MAGIC, chain_id, address))
    try:
        if not path.exists():
            _make(path, head)
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise SigningRecordError(f"{path} cannot be opened: {error.strerror}; make it readable and writable") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            whose = checksum_address(address)
            raise SigningRecordError(
                f"another process signs for {whose} by {path} already; stop it, or give it a wallet of its own"
            ) from None
        if os.fstat(descriptor).st_size != FILE_SIZE or os.pread(descriptor, SIZE, 0) != head:
            raise SigningRecordError(
                f"{path}: expected the record of {checksum_address(address)} on chain {chain_id}, found another file; "
                f"{_ADVICE}"
            )
        record = SigningRecord(path, descriptor)
        try:
            yield record
        finally:
            with suppress(SigningRecordError):  # what had to be on the disk was waited for where it was written
                record.sync()
    finally:
        os.close(descriptor)


def _make(path: Path, head: bytes) -> None:
    """A whole empty record, or none: it gets its name when it is on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, FILE_SIZE)
        os.pwrite(descriptor, head, 0)
        os.fsync(descriptor)
        os.link(temporary, path)
    except FileExistsError:
        return  # another process was faster; the lock decides
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)

"""The pools of a chain that were found and verified, kept in a file over restarts.

The file is a row of Protocol V2 frames: a `PoolCacheHeader`, whose frame bears the version of the form as its
sequence, then one `PoolInfo` a frame. It is written beside itself, synced and renamed, so that at any moment of a crash
the old one or the new one is there, whole. What is wrong with it is told, kept aside, and found anew on the chain.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from alphapulse.data.pool_cache import PoolCacheHeader, PoolInfo
from alphapulse.data.wire import Domain, Source
from alphapulse.durable_file import replace_synced
from alphapulse.errors import PoolCacheError, ProtocolError
from alphapulse.journal.frame_file import FrameFile
from alphapulse.rules.wire.codec import decode_frame, encode_message
from alphapulse.rules.wire.header import Header

FORM = 1
"""The version of the form; a file of another one is not read."""

MAX_BYTES = 1 << 28
"""Some two million pools."""


@attrs.frozen
class CachedPools:
    """What a cache file held. `problem` is empty if it was sound, or was not there.

    From a damaged file these are the pools whose own frames are whole; a file of another version or chain gives none.
    """

    pools: tuple[PoolInfo, ...]
    problem: str


class PoolCache:
    """The file at `path` with the pools of one chain. Blocking: for a thread."""

    def __init__(self, path: Path, chain_id: int) -> None:
        self._path = path
        self._chain_id = chain_id

    @property
    def aside(self) -> Path:
        """Where a file goes that could not be used as it was; the one before it there is given up."""
        return self._path.with_name(self._path.name + ".aside")

    def load(self) -> CachedPools:
        """The pools in the file. One that is damaged or of another version or chain is put aside first.

        Raises:
            PoolCacheError: the file cannot be opened, or cannot be put aside.
        """
        try:
            with self._path.open("rb") as file:
                pools, problem = self._read(file)
            if problem:
                self._path.replace(self.aside)
        except FileNotFoundError:
            return CachedPools((), "")
        except OSError as error:
            raise PoolCacheError(f"expected a pool cache that can be read at {self._path}, found: {error}") from error
        if problem:
            problem = f"the pool cache {self._path} {problem}; it is kept as {self.aside.name} and made again"
        return CachedPools(pools, problem)

    def save(self, pools: Sequence[PoolInfo], now_ns: int) -> None:
        """Put these pools in the place of what the file holds; `now_ns` is the wall clock.

        Raises:
            PoolCacheError: it was not written; the file is as it was before.
        """
        frames = b"".join(
            encode_message(pool, source=Source.EVM, sequence=number, timestamp_ns=now_ns)
            for number, pool in enumerate(pools, 1)
        )
        header = PoolCacheHeader(self._chain_id, len(pools), hashlib.sha256(frames).digest(), now_ns)
        head = encode_message(header, source=Source.EVM, sequence=FORM, timestamp_ns=now_ns)
        try:
            replace_synced(self._path, head + frames)
        except OSError as error:
            raise PoolCacheError(
                f"expected a pool cache that can be written at {self._path}, found: {error}; the old one is still there"
            ) from error

    def _read(self, file: BinaryIO) -> tuple[tuple[PoolInfo, ...], str]:
        """The pools, and what is wrong with the file."""
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            return (), f"has {size} bytes, at most {MAX_BYTES} were expected"
        pieces = FrameFile(file).pieces()
        first = next(pieces, None)
        if first is None:
            return (), "is empty"
        form, header = _header(first.data) if first.whole else (FORM, None)
        problem = self._foreign(form, header)
        if problem:
            return (), problem
        pools = tuple(_sound(piece.data for piece in pieces if piece.whole))
        if header is None:
            return pools, f"is damaged at its beginning; {len(pools)} pools in it are whole"
        file.seek(len(first.data))
        whole = hashlib.sha256(file.read()).digest() == header.digest and len(pools) == header.pools
        return pools, "" if whole else f"is damaged; {len(pools)} of {header.pools} pools in it are whole"

    def _foreign(self, form: int, header: PoolCacheHeader | None) -> str:
        """Why nothing in the file can be used; empty if it can."""
        if form != FORM:
            return f"is of form {form}, {FORM} was expected"
        if header is not None and header.chain_id != self._chain_id:
            return f"is of chain {header.chain_id}, {self._chain_id} was expected"
        return ""


def _header(frame: bytes) -> tuple[int, PoolCacheHeader | None]:
    """The version of the form, and the header; None if the frame holds none that this version can read."""
    form = FORM
    try:
        form = Header.unpack(frame).sequence
        messages = decode_frame(frame, domain=Domain.MARKET_DATA).messages
    except ProtocolError:
        return form, None
    return form, messages[0] if len(messages) == 1 and isinstance(messages[0], PoolCacheHeader) else None


def _sound(frames: Iterator[bytes]) -> Iterator[PoolInfo]:
    for frame in frames:
        try:
            messages = decode_frame(frame, domain=Domain.MARKET_DATA).messages
        except ProtocolError:
            continue
        for message in messages:
            if isinstance(message, PoolInfo):
                yield message

"""A signer in a process of its own, asked over its Unix socket."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from alphapulse.errors import BadTransaction, SignerUnreachable, SigningRecordError, SigningRefused
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction, read_signed
from alphapulse.safety.control_socket import reachable
from alphapulse.signing.frames import VERSION, Ask, Failed, Refused, Signed, Welcome, receive_frame, send_frame
from alphapulse.signing.signer import SignerKind

DEADLINE_S = 2.0
"""For one signature, with the wait for others and one more connection. A signer needs a millisecond."""


class RemoteSigner:
    """A `Signer` over a socket. The connection is kept, and made anew when it is gone.

    What comes back is believed only if it is the transaction that was asked for, signed by the account's key.

    Args:
        path: the socket of `alphapulse signer`.
        address: the account that must answer.
        chain_id: the chain for which it must sign.
        deadline_s: for one signature.
    """

    def __init__(self, path: Path, address: bytes, chain_id: int, *, deadline_s: float = DEADLINE_S) -> None:
        self._path = path
        self._address = address
        self._chain_id = chain_id
        self._deadline_s = deadline_s
        self._stream: trio.SocketStream | None = None
        self._one_at_a_time = trio.Lock()

    @property
    def address(self) -> bytes:
        """The account."""
        return self._address

    @property
    def kind(self) -> SignerKind:
        """Elsewhere."""
        return SignerKind.REMOTE

    async def check(self) -> None:
        """Raises SignerUnreachable unless the signer is there and signs for the account on the chain."""
        async with self._in_time():
            if self._stream is None:
                await self._connect()

    async def sign(self, transaction: DynamicFeeTransaction, *, halt_epoch: int) -> SignedTransaction:
        """As `Signer.sign`."""
        ask = Ask(transaction.unsigned, halt_epoch)
        async with self._in_time():
            is_kept = self._stream is not None
            try:
                answer = await self._ask(ask)
            except SignerUnreachable:
                if not is_kept:
                    raise
                # It was started anew since the last time. Asking twice is safe: the same bytes come back.
                answer = await self._ask(ask)
            return self._believed(transaction, answer)

    def close(self) -> None:
        """End the connection at once."""
        if self._stream is not None:
            self._stream.socket.close()
            self._stream = None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Alone, and within the deadline. A connection on which an answer may still come is not used again."""
        try:
            with trio.fail_after(self._deadline_s):
                async with self._one_at_a_time:
                    try:
                        yield
                    except BaseException as error:
                        if not isinstance(error, SigningRefused | SigningRecordError):
                            self.close()
                        raise
        except trio.TooSlowError:
            raise self._unreachable(f"no answer within {self._deadline_s:g} s") from None

    async def _ask(self, ask: Ask) -> Signed | Refused | Failed:
        try:
            stream = self._stream or await self._connect()
            await send_frame(stream, ask)
            answer = await receive_frame(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self.close()
            raise self._unreachable("the connection broke off") from error
        except SignerUnreachable:
            self.close()
            raise
        if isinstance(answer, Signed | Refused | Failed):
            return answer
        self.close()
        raise self._unreachable("it hung up" if answer is None else "expected an answer, found another frame")

    async def _connect(self) -> trio.SocketStream:
        connection = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            try:
                with reachable(self._path) as name:
                    await connection.connect(name)
            except OSError as error:
                problem = f"nobody answers ({error.strerror}); start it with `alphapulse signer`"
                raise self._unreachable(problem) from error
            stream = trio.SocketStream(connection)
            try:
                self._check_welcome(await receive_frame(stream))
            except trio.BrokenResourceError as error:
                raise self._unreachable("the connection broke off before it had said who it is") from error
        except BaseException:
            connection.close()
            raise
        self._stream = stream
        return stream

    def _check_welcome(self, welcome: object) -> None:
        if isinstance(welcome, Failed):
            raise self._unreachable(welcome.text)
        if not isinstance(welcome, Welcome):
            raise self._unreachable("expected a welcome, found none; see its log")
        if welcome.version != VERSION:
            raise self._unreachable(f"expected version {VERSION}, found {welcome.version}; start it from this release")
        if (welcome.chain_id, welcome.address) != (self._chain_id, self._address):
            found = f"{checksum_address(welcome.address)} on chain {welcome.chain_id}"
            raise self._unreachable(
                f"expected it to sign for {checksum_address(self._address)} on chain {self._chain_id}, found {found}"
            )

    def _believed(self, transaction: DynamicFeeTransaction, answer: Signed | Refused | Failed) -> SignedTransaction:
        if isinstance(answer, Refused):
            raise SigningRefused(answer.rule, answer.found, answer.allowed)
        if isinstance(answer, Failed):
            raise SigningRecordError(answer.text) if answer.is_record else self._unreachable(answer.text)
        try:
            signed, sender = read_signed(answer.raw)
        except BadTransaction as error:
            raise self._unreachable(f"expected a signed transaction, found other bytes: {error}") from error
        if signed.transaction != transaction or sender != self._address:
            raise self._unreachable("expected the transaction that was asked for, signed by its key, found another")
        return signed

    def _unreachable(self, problem: str) -> SignerUnreachable:
        return SignerUnreachable(f"the signer at {self._path}: {problem}")

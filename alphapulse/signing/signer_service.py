"""The signer as a process of its own: it holds the key, and enforces by itself what may be signed."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

import attrs
import trio

from alphapulse.errors import BadTransaction, SignerUnreachable, SigningRecordError, SigningRefused
from alphapulse.journal.blocking import RunBlocking
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import read_unsigned
from alphapulse.safety.control_socket import peer_user
from alphapulse.signing.frames import VERSION, Ask, Failed, Refused, Signed, Welcome, receive_frame, send_frame
from alphapulse.signing.guarded_key import GuardedKey
from alphapulse.transport.socket_file import listening_socket

MOST_CONNECTIONS = 16
"""One of them is the daemon's. Who comes beyond is turned away; who is in stays."""
SEND_S = 2.0
"""A client that does not take its answer for so long is gone."""


@attrs.frozen
class Clients:
    """Who may ask beside this user and root: users, by their numbers, who are in a group that may open the socket."""

    users: frozenset[int] = frozenset()
    group: int | None = None


class SignerService:
    """Signs for who connects to its socket: this user, or root, as the kernel says. A service.

    Args:
        path: the socket file, made with mode 0600, or 0660 for a group of clients.
        key: signs, or refuses.
        chain_id: told to who connects.
        clients: who else may.
        run_blocking: for the signatures, one at a time.
        logger: is told of every signature and refusal.
    """

    def __init__(
        self,
        path: Path,
        key: GuardedKey,
        chain_id: int,
        *,
        clients: Clients,
        run_blocking: RunBlocking,
        logger: logging.Logger,
    ) -> None:
        self._path = path
        self._key = key
        self._chain_id = chain_id
        self._clients = clients
        self._run_blocking = run_blocking
        self._logger = logger
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._open = 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; the socket file is gone then.

        Raises:
            TransportError: another process listens there, or the file cannot be made.
        """
        with listening_socket(self._path) as listening:
            if self._clients.group is not None:
                os.chown(self._path, -1, self._clients.group)
                self._path.chmod(0o660)
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
            async with trio.open_nursery() as nursery:
                await nursery.start(partial(trio.serve_listeners, self._serve, [listener], handler_nursery=nursery))
                task_status.started()

    async def _serve(self, stream: trio.SocketStream) -> None:
        user = peer_user(stream.socket)
        async with stream:
            why = ""
            if user not in {os.geteuid(), 0, *self._clients.users}:
                why = f"user {user} is not among those whom it serves (`clients`)"
            elif self._open >= MOST_CONNECTIONS:
                why = f"it serves {self._open} others already, and no more"
            self._open += 1
            try:
                if why:
                    self._logger.warning("turned away: %s", why)
                    with trio.fail_after(SEND_S):
                        await send_frame(stream, Failed(why, is_record=False))
                else:
                    await self._converse(stream)
            except (trio.BrokenResourceError, trio.TooSlowError, SignerUnreachable) as error:
                self._logger.warning("a connection of user %s ended: %s", user, str(error) or type(error).__name__)
            finally:
                self._open -= 1

    async def _converse(self, stream: trio.SocketStream) -> None:
        with trio.fail_after(SEND_S):
            await send_frame(stream, Welcome(VERSION, self._chain_id, self._key.address))
        while (ask := await receive_frame(stream)) is not None:
            if not isinstance(ask, Ask):
                raise SignerUnreachable("expected a wish, found another frame")
            answer = await self._answer(ask)
            with trio.fail_after(SEND_S):
                await send_frame(stream, answer)

    async def _answer(self, ask: Ask) -> Signed | Refused | Failed:
        try:
            transaction = read_unsigned(ask.unsigned)
        except BadTransaction as error:
            return Refused("transaction", str(error), "an EIP-1559 transaction without access list")
        what = f"number {transaction.nonce} to {checksum_address(transaction.to) if transaction.to else 'nobody'}"
        try:
            signed = await self._run_blocking(self._key.sign, transaction, ask.halt_epoch, limiter=self._one_at_a_time)
        except SigningRefused as error:
            self._logger.warning("refused: %s: %s", what, error)
            return Refused(error.rule, error.found, error.allowed)
        except SigningRecordError as error:
            self._logger.error("cannot sign: %s: %s", what, error)  # noqa: TRY400 - it says all there is
            return Failed(str(error), is_record=True)
        except Exception as error:
            self._logger.exception("cannot sign: %s", what)
            return Failed(f"a fault in the signer, see its log: {type(error).__name__}", is_record=False)
        self._logger.info("signed: %s, hash 0x%s", what, signed.hash.hex())
        return Signed(signed.raw)

"""A connected socket, plain or TLS, as a Trio stream whose sends have a limit on standing still."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable

import trio

from alphapulse.errors import LinkStalled

READ_BYTES = 65_536


class SocketStream(trio.abc.Stream):
    """A non-blocking socket. A send may take as long as it likes while the other side takes bytes.

    Trio's own streams have no such limit, and a scope around every send costs more than most sends: here the scope is
    opened only when the socket's buffer is full. Trio's SSLStream also keeps the alert to itself that tells the other
    side what is wrong with its certificate; OpenSSL on the socket sends it.
    """

    def __init__(self, connected: socket.socket, write_stall_s: float) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._write_stall_s = write_stall_s

    async def handshake(self) -> None:
        """Agree on TLS. Raises ssl.SSLError and other OSErrors as they are; the caller bounds the time."""
        if not isinstance(self._socket, ssl.SSLSocket):
            raise TypeError("expected a TLS socket, was a plain one")
        await trio.lowlevel.checkpoint()
        while True:
            try:
                self._socket.do_handshake()
            except ssl.SSLWantReadError:
                await trio.lowlevel.wait_readable(self._socket)
            except ssl.SSLWantWriteError:
                await trio.lowlevel.wait_writable(self._socket)
            else:
                return

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything.

        Raises:
            LinkStalled: the other side took nothing for `write_stall_s`.
            trio.BrokenResourceError: the connection is gone.
            trio.ClosedResourceError: it was closed here.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        waited = False
        with memoryview(data) as whole:
            sent, total = 0, whole.nbytes
            while sent < total:
                try:
                    # OpenSSL wants an unfinished write repeated with the same bytes, and this is what happens here.
                    sent += self._socket.send(whole[sent:])
                except (BlockingIOError, ssl.SSLWantWriteError):
                    waited = True
                    await self._within_limit(trio.lowlevel.wait_writable)
                except ssl.SSLWantReadError:
                    waited = True
                    await self._within_limit(trio.lowlevel.wait_readable)
                except OSError as problem:
                    raise self._ended() from problem
        if not waited:
            await trio.lowlevel.cancel_shielded_checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        """Return when the socket takes bytes."""
        await trio.lowlevel.wait_writable(self._socket)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Some bytes; `b""` at the end of the stream."""
        await trio.lowlevel.checkpoint_if_cancelled()
        waited = False
        while True:
            try:
                data = self._socket.recv(max_bytes or READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                waited = True
                await trio.lowlevel.wait_readable(self._socket)
            except ssl.SSLWantWriteError:
                waited = True
                await trio.lowlevel.wait_writable(self._socket)
            except OSError as problem:
                raise self._ended() from problem
            else:
                if not waited:
                    await trio.lowlevel.cancel_shielded_checkpoint()
                return data

    def close(self) -> None:
        """Close at once; tasks that wait for the socket get trio.ClosedResourceError."""
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    async def aclose(self) -> None:
        """Close, also in a cancelled scope. TLS says goodbye if the socket takes it at once, and does not wait."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.fileno() != -1:
            with contextlib.suppress(OSError, ValueError):  # gone, or never agreed on: nobody to say goodbye to
                self._socket.unwrap()
        self.close()
        await trio.lowlevel.checkpoint()

    async def _within_limit(self, wait: Callable[[socket.socket], Awaitable[None]]) -> None:
        with trio.move_on_after(self._write_stall_s):
            await wait(self._socket)
            return
        raise LinkStalled(f"the other side took nothing for {self._write_stall_s:g} s")

    def _ended(self) -> trio.BrokenResourceError | trio.ClosedResourceError:
        if self._socket.fileno() == -1:
            return trio.ClosedResourceError("the socket was closed here")
        return trio.BrokenResourceError("the connection broke off")

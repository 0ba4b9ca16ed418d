"""Starts the node anvil, and ends it with whoever started it."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import attrs
import trio

from alphapulse.devnet.rpc import NodeRpc
from alphapulse.errors import DevnetError

CHAIN_ID = 137
GAS_LIMIT = 1_000_000_000
BASE_FEE_WEI = 30_000_000_000
BALANCE_COINS = 1_000_000_000_000
Order = Literal["fifo", "fees"]
"""In which order transactions come into a block: as they were sent, or by what they pay for each unit of gas."""
KEPT_STATES = 600
"""Of so many newest blocks the node knows the state; older ones are not written to the disk."""
START_LIMIT_S = 20.0
TRIES = 5
"""Another process may take a free port before the node does."""
POLL_S = 0.005
SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


@attrs.frozen
class Node:
    """A running node: its addresses, and a connection to it."""

    port: int
    chain_id: int
    process: subprocess.Popen[bytes]
    rpc: NodeRpc

    @property
    def http_url(self) -> str:
        """Where it answers JSON-RPC."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where it takes subscriptions: the same port."""
        return f"ws://127.0.0.1:{self.port}"


@asynccontextmanager
async def open_node(
    anvil: Path, *, port: int = 0, chain_id: int = CHAIN_ID, genesis_s: int, accounts: int = 24, order: Order = "fifo"
) -> AsyncIterator[Node]:
    """A node that mines when it is told to.

    `port` 0 takes a free one. With the same `genesis_s` (Unix time) the same acts give the same block hashes. Call
    it from the main thread: the node dies with the thread that started it.

    Raises:
        DevnetError: it does not start, or somebody else listens at the port.
    """
    command = [
        str(anvil), "--quiet", "--host", "127.0.0.1", "--chain-id", str(chain_id), "--no-mining", "--order", order,
        "--accounts", str(accounts), "--balance", str(BALANCE_COINS), "--gas-limit", str(GAS_LIMIT),
        "--block-base-fee-per-gas", str(BASE_FEE_WEI), "--prune-history", str(KEPT_STATES), "--no-request-size-limit",
        "--timestamp", str(genesis_s),
    ]  # fmt: skip
    for _ in range(TRIES):
        chosen = _free_port(port)
        process = _start([*command, "--port", str(chosen)])
        try:
            if await _is_listening(process, chosen):
                rpc = NodeRpc(f"http://127.0.0.1:{chosen}")
                try:
                    yield Node(chosen, chain_id, process, rpc)
                finally:
                    with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                        await rpc.aclose()
                return
        finally:
            process.kill()
            process.wait()
        if port:
            break
    raise DevnetError(
        f"expected {anvil} to listen on 127.0.0.1:{port or 'a free port'}, found that it ended; start it by hand"
    )


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    library = ctypes.CDLL(None, use_errno=True)
    return subprocess.Popen(  # noqa: S603 - the node that the user has installed, its arguments as a list
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us: we end the node when we are done
        # After the fork only one call of an open library: no lock that another thread held can be in its way.
        preexec_fn=functools.partial(_die_with_parent, library, os.getpid()),  # noqa: PLW1509
    )


def _die_with_parent(library: ctypes.CDLL, parent: int) -> None:
    library.prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os.kill(os.getpid(), signal.SIGKILL)


def _free_port(wanted: int) -> int:
    """That port, or any if it is 0. Raises DevnetError if it is taken: what listens there is not our chain."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise DevnetError(
                f"expected a free port at 127.0.0.1:{wanted}, found: {error.strerror}; choose another by --port"
            ) from error
        return int(probe.getsockname()[1])


async def _is_listening(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it listens; False if it ended instead."""
    with trio.move_on_after(START_LIMIT_S):
        while process.poll() is None:
            try:
                stream = await trio.open_tcp_stream("127.0.0.1", port)
            except OSError:
                await trio.sleep(POLL_S)
            else:
                await stream.aclose()
                return process.poll() is None
    return False

"""`alphapulsed` as a child of a Trio program: started, asked over its socket, killed, started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio

from alphapulse.cli.local_socket import ask_socket
from alphapulse.composition.environment import DataPaths
from alphapulse.data.execution import Mode
from alphapulse.data.halts import GLOBAL, Level
from alphapulse.errors import HaltError

PROGRAM = (sys.executable, "-c", "from alphapulse.cli.daemon import main; main()")
PATIENCE_S = 60.0
"""More than anything may take, even on a busy machine."""
ASK_S = 6.0
POLL_S = 0.02


class DaemonProcess:
    """A daemon's process; its output goes to a file beside its configuration."""

    def __init__(self, config: Path, environ: Mapping[str, str], phrase: Path) -> None:
        self.config = config
        self.paths = DataPaths.in_folder(config.parent / "data", Mode.LIVE)
        self.starts = 0
        self._environ = {
            "PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"], "HOME": str(config.parent), **environ
        }  # fmt: skip
        self._options = ("--live", "--phrase-file", str(phrase))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has said, all starts together."""
        return (self.config.parent / "said.txt").read_text("utf-8", "replace")

    async def start(self) -> None:
        """Start it, and return when its socket answers."""
        self._process = self._launched()
        self.starts += 1
        with trio.fail_after(PATIENCE_S):
            while await self.level() is None:
                if not self.is_running:
                    raise RuntimeError(f"the daemon ended: {self.log[-2_000:]}")
                await trio.sleep(POLL_S)

    def _launched(self) -> subprocess.Popen[bytes]:
        with (self.config.parent / "said.txt").open("ab") as said:
            return subprocess.Popen(
                [*PROGRAM, "--config", str(self.config), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self._environ,
            )

    async def level(self) -> Level | None:
        """Of everything; None while nobody answers."""
        with suppress(OSError, HaltError):
            levels = await self.ask("levels")
            return Level[levels[GLOBAL].upper()] if GLOBAL in levels else None
        return None

    async def ask(self, act: str, **wish: str) -> Any:
        """What it answers over its socket."""
        asked = partial(ask_socket, self.paths.folder, act, ASK_S, **wish)
        return await trio.to_thread.run_sync(asked, abandon_on_cancel=True)

    async def resume(self) -> None:
        """Challenge and phrase, asked again until everything is ready for it."""
        refusal = ""
        with trio.move_on_after(PATIENCE_S):
            while True:
                try:
                    challenge = await self.ask("challenge", scope=GLOBAL)
                    typed = {name: challenge[name] for name in ("nonce", "phrase")}
                    await self.ask("resume", scope=GLOBAL, reason="the proof goes on", **typed)
                except (OSError, HaltError) as error:
                    refusal = str(error)
                    await trio.sleep(POLL_S)
                else:
                    return
        raise RuntimeError(f"expected to be able to resume within {PATIENCE_S:.0f} s, found: {refusal}")

    async def wait_stopped(self) -> None:
        """Return when it says that nothing is traded."""
        with trio.fail_after(PATIENCE_S):
            while (level := await self.level()) is None or not level.stopped:  # noqa: ASYNC110
                await trio.sleep(POLL_S)

    async def kill(self) -> None:
        """What the kernel does to a process that has no time left."""
        if self._process is not None:
            self._process.kill()
            await trio.to_thread.run_sync(self._process.wait)

    async def stop(self) -> int:
        """Tell it to end: its exit code."""
        if self._process is None:
            raise RuntimeError("it was never started")
        self._process.send_signal(signal.SIGTERM)
        return await trio.to_thread.run_sync(partial(self._process.wait, PATIENCE_S))

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        if self._process is not None:
            self._process.send_signal(number)

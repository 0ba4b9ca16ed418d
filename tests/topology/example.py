"""The examples, run as their READMEs say, in a folder of the test: at full speed, and all ends with the recording."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from alphapulse.cli.process_file import ProcessFile, read_process
from alphapulse.composition.topology import Topology
from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import load_config

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_S = 300
"""More than anything may take, even on a busy machine."""
COMMAND = f"""
from alphapulse.cli import launcher
from alphapulse.cli.main import main
launcher.READY_S = launcher.STOP_S = {PATIENCE_S / 2}
main()
"""
UNHURRIED = """
[limits]
loop_stall_s = 600
loop_exit_s = 1_200

[breakers]
max_loop_lag_ms = 600_000
"""
"""How fast a test machine is must not decide anything."""


class Example:
    """One example in a folder of its own. What still runs when the test leaves is stopped."""

    def __init__(self, name: str, folder: Path, *, at_end: str = "stop", speed: str = "0", more: str = "") -> None:
        self.folder = folder / name
        shutil.copytree(EXAMPLES / name, self.folder, ignore=shutil.ignore_patterns("data", "run"))
        self.config = self.folder / "config.toml"
        text = self.config.read_text()
        assert 'at_end = "hold"' in text
        text = text.replace('at_end = "hold"', f'at_end = "{at_end}"').replace("speed = 0", f"speed = {speed}")
        self.config.write_text(f"{text}\n[web]\nenabled = false\n{UNHURRIED}{more}")
        self.data = self.folder / "data"
        self.program = (sys.executable, "-c", COMMAND)
        self.environment = {"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"], "HOME": str(self.folder)}

    def replace(self, before: str, after: str) -> None:
        """Change the configuration."""
        text = self.config.read_text()
        assert before in text
        self.config.write_text(text.replace(before, after))

    def run(self, *arguments: str, code: int = 0) -> str:
        """An `alphapulse` command, from another folder. Its output and its errors."""
        return self._run(*self.program, *arguments, code=code)

    def alphapulsed(self, *arguments: str, code: int = 0) -> str:
        """`alphapulsed` with this example's configuration, to its end."""
        program = (sys.executable, "-m", "alphapulse.cli.daemon")
        return self._run(*program, "--config", str(self.config), *arguments, code=code)

    def _run(self, *arguments: str, code: int) -> str:
        done = subprocess.run(
            arguments,
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == code, done.stdout + done.stderr + self.logs()
        return done.stdout + done.stderr

    def command(self, name: str, *arguments: str, code: int = 0) -> str:
        return self.run(name, "--config", str(self.config), *arguments, code=code)

    @property
    def topology(self) -> Topology:
        found = read_topology(load_config(self.config))
        assert found is not None
        return found

    @property
    def services(self) -> list[str]:
        """The processes in the order of their start."""
        return [one.service for one in self.topology.in_order()]

    def process(self, service: str) -> ProcessFile:
        process = read_process(self.data, service)
        assert process is not None
        return process

    def states(self) -> dict[str, str]:
        return {service: self.process(service).shown_state for service in self.services}

    def wait_for(self, state: str, *services: str) -> None:
        """Return when these processes, or all, are in a state."""
        deadline = time.monotonic() + PATIENCE_S
        while {self.process(service).shown_state for service in services or self.services} != {state}:
            assert time.monotonic() < deadline, f"{self.states()}\n{self.logs()}"
            time.sleep(0.05)

    def logs(self) -> str:
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in sorted(self.data.glob("logs/*.log")))

    def digest(self) -> str:
        """Of the decisions in the journal."""
        return self.run("decisions", str(self.data / "paper.journal"), "--digest")

    def digest_of_one_process(self) -> str:
        """Of a replay of the same configuration in one process."""
        books = self.folder / "one"
        self.command("replay", "--database", str(books))
        return self.run("decisions", f"{books}.journal", "--digest")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if any(self.data.glob("services/*.json")):
            self.command("down")

"""`alphapulse up`, `down`, `restart`, `logs` and `status`: the processes of a topology on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from alphapulse.cli.process_file import ProcessFile, process_path
from tests.topology.example import Example

pytestmark = [pytest.mark.slow, pytest.mark.real_io]

SERVICES = ["relays", "execution", "strategy", "collector"]


def words(output: str) -> list[list[str]]:
    return [line.split()[:2] for line in output.splitlines()]


def test_a_topology_is_started_looked_at_and_stopped(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold") as example:
        assert words(example.command("up")) == [[name, "ready,"] for name in SERVICES]
        first = {name: example.process(name).pid for name in SERVICES}

        again = example.command("up")
        assert words(again) == [[name, "runs"] for name in SERVICES]
        assert {name: example.process(name).pid for name in SERVICES} == first

        shown = example.command("status", code=1)  # this example has no control plane here
        assert words(shown)[:4] == [[name, "ready"] for name in SERVICES]

        assert words(example.command("restart", "strategy")) == [["strategy", "stopped"], ["strategy", "ready,"]]
        assert example.process("strategy").pid != first["strategy"]

        assert "link to the relay market_data" in example.command("logs", "execution", "-n", "50")
        assert "execution | " in example.command("logs")
        assert words(example.command("down")) == [[name, "stopped"] for name in reversed(SERVICES)]
        assert set(example.states().values()) == {"ended"}
        assert words(example.command("down")) == [[name, "not"] for name in reversed(SERVICES)]
        assert not list((example.folder / "run").glob("*.sock"))


def test_a_process_that_died_is_shown_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold") as example:
        example.command("up")
        os.kill(example.process("collector").pid, signal.SIGKILL)
        example.wait_for("died", "collector")
        shown = example.command("status", code=1)
        assert "collector  died" in shown
        assert words(example.command("up"))[-1] == ["collector", "ready,"]


def test_a_number_that_another_process_has_by_now_is_never_signalled(tmp_path: Path) -> None:
    with Example("distributed", tmp_path) as example, subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            path = process_path(example.data, "collector")
            path.parent.mkdir(parents=True)
            path.write_bytes(msgspec.json.encode(ProcessFile(stranger.pid, 1, "ready", 0)))
            assert ["collector", "not"] in words(example.command("down"))
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_one_that_cannot_start_takes_back_what_was_begun(tmp_path: Path) -> None:
    with Example("distributed", tmp_path) as example:
        (example.data / "paper.journal").parent.mkdir(mode=0o700)
        (example.data / "paper.journal").write_bytes(b"no journal" * 10)
        told = example.command("up", code=1)
        assert "execution ended with exit code 1" in told
        assert "the journal" in told
        assert ["relays", "stopped"] in words(told)


def test_a_process_of_one_name_runs_once(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold") as example:
        example.command("up")
        assert "only strategy of" in example.alphapulsed("--service", "strategy", code=1)


def test_mistakes_are_one_clear_line(tmp_path: Path) -> None:
    with Example("distributed", tmp_path) as example:
        assert "relays, execution, strategy, collector" in example.command("restart", "colector", code=2)
        assert "start with `alphapulse up`" in example.command("logs", code=1)
        assert "unknown name 'x'" in example.alphapulsed("--service", "x", code=78)


def test_without_a_topology_the_one_process_runs_in_the_background(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold") as example:
        text = example.config.read_text()
        head, web = text.split("[topology.services]")[0], text[text.index("[web]") :]
        example.config.write_text(head + web)
        assert words(example.command("up")) == [["alphapulsed", "ready,"]]
        assert words(example.command("up")) == [["alphapulsed", "runs"]]
        assert words(example.command("down")) == [["alphapulsed", "stopped"]]


def test_logs_are_followed_as_they_grow(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold") as example:
        example.command("up")
        with subprocess.Popen(
            [*example.program, "logs", "-f", "-n", "1", "--config", str(example.config)],
            env=example.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as following:
            try:
                assert following.stdout is not None
                assert following.stdout.readline()
                os.kill(example.process("strategy").pid, signal.SIGTERM)
                line = next(line for line in following.stdout if "stopping" in line)
                assert line.startswith("strategy")
                following.send_signal(signal.SIGINT)
                assert following.wait(300) == 0
            finally:
                following.kill()

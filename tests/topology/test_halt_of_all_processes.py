"""A halt reaches the strategies of other processes, and its report says whether they are gone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from alphapulse.data.halts import KillReport
from alphapulse.data.runs import RunStarted
from tests.daemon.books import records
from tests.topology.example import PATIENCE_S, Example

pytestmark = [pytest.mark.slow, pytest.mark.real_io]

HALTING = "[halting]\nprobation_s = 0\n"


def wait_for_log(example: Example, service: str, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while words not in (example.data / "logs" / f"{service}.log").read_text():
        assert time.monotonic() < deadline, example.logs()
        time.sleep(0.05)


def newest_report(example: Example, halts: int) -> KillReport:
    """The complete report of the halt of that number, from the journal."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = [one for one in records(example.data / "paper.journal", KillReport) if one.halt_id == halts]
        if found:
            return found[-1]
        assert time.monotonic() < deadline, example.logs()
        time.sleep(0.05)


def gone(report: KillReport) -> tuple[bool, str]:
    (step,) = [step for step in report.steps if step.name == "strategies and engine gone"]
    return step.done, step.text


def halted_and_resumed(example: Example, number: int) -> bool:
    """Whether the report of the halt of that number says that all are gone."""
    example.command("kill", "--reason", "a drill")
    found = gone(newest_report(example, number))
    wait_for_log(example, "strategy", f"global is halted by halt {number}")
    example.command("resume", "--reason", "it is over", "--phrase", f"resume all trading after halt {number}")
    wait_for_log(example, "strategy", f"global is active by halt {number}")
    return found == (True, "all tasks of the scope have ended")


def test_strategies_of_another_process_are_stopped_and_started_and_the_report_knows(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold", speed="600", more=HALTING) as example:
        example.command("up")
        wait_for_log(example, "strategy", "global is active")
        halts = 1
        while not halted_and_resumed(example, halts):  # a machine may be too busy for the second that a report waits
            assert halts < 5, example.logs()
            halts += 1

        strategy = example.process("strategy").pid
        os.kill(strategy, signal.SIGSTOP)
        try:
            example.command("kill", "--reason", "another drill")
            done, text = gone(newest_report(example, halts + 1))
            assert not done
            assert "strategies of other processes" in text
        finally:
            os.kill(strategy, signal.SIGCONT)
        wait_for_log(example, "strategy", f"global is halted by halt {halts + 1}")


def test_books_that_start_anew_find_the_stream_that_is_under_way(tmp_path: Path) -> None:
    with Example("distributed", tmp_path, at_end="hold", speed="60") as example:
        example.command("up")
        wait_for_log(example, "strategy", "global is active")
        example.command("restart", "execution")
        deadline = time.monotonic() + PATIENCE_S
        while len(runs := records(example.data / "paper.journal", RunStarted)) < 2:
            assert time.monotonic() < deadline, example.logs()
            time.sleep(0.05)
        assert runs[1].reason == "the stream uniswap_v3_day was under way"

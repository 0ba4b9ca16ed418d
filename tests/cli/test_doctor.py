"""`alphapulse doctor`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from alphapulse import __version__
from alphapulse.cli import doctor as module
from alphapulse.cli.main import main
from alphapulse.data.registry import MESSAGES
from alphapulse.data.trades import Trade
from alphapulse.rules.arbitrage import trade_core
from alphapulse.rules.events import swap_core
from tests.daemon.day_config import Day


class OldCore:
    """A core that was built before the class of a trade changed."""

    @staticmethod
    def served() -> frozenset[type]:
        return frozenset(MESSAGES.values()) - {Trade}


def doctor(folder: Path) -> str:
    config = Day().write(folder)
    result = CliRunner().invoke(main, ["doctor", "--config", str(config)])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_doctor_tells_versions_codec_and_files(tmp_path: Path) -> None:
    told = doctor(tmp_path)
    assert told.startswith(f"alphapulse     {__version__}, in ")
    assert "\nwire codec     " in told
    assert "\nswap logs      " in told
    assert "\npython         CPython " in told


def test_the_doctor_tells_what_the_data_folder_holds(tmp_path: Path) -> None:
    assert dict(module.data_state(tmp_path / "none")) == {
        "data folder": f"{tmp_path / 'none'}: not there yet, the first start makes it"
    }
    (tmp_path / "paper.journal").write_bytes(bytes(1234))
    told = dict(module.data_state(tmp_path))
    assert told["paper.journal"] == "1,234 bytes"
    assert told["daemon"] == "does not run"
    assert f"{tmp_path}: writable, " in told["data folder"]


def test_the_doctor_tells_which_codec_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CORE", None)
    monkeypatch.setattr(module, "ABSENCE", "never built")
    assert module.codec_state() == "pure Python; the compiled core is missing, `make core` builds it (never built)"
    monkeypatch.setattr(module, "CORE", OldCore)
    count = len(MESSAGES)
    assert module.codec_state() == f"compiled core, {count - 1} of {count} messages; older than Trade: run `make core`"


@pytest.mark.parametrize(("name", "part"), [("swap logs", swap_core), ("sizing", trade_core)])
def test_the_doctor_tells_who_reads_swap_logs_and_who_sizes(
    name: str, part: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "CORE", None)
    monkeypatch.setattr(part, "ABSENCE", "never built")
    missing = "pure Python; the compiled core is missing, `make core` builds it (never built)"
    assert dict(module.installation())[name] == missing
    monkeypatch.setattr(part, "CORE", OldCore)
    assert dict(module.installation())[name] == "compiled core"


def test_the_doctor_asks_the_nodes_of_a_live_chain(tmp_path: Path) -> None:
    """One that nobody serves is not well, by its label and no word of its address; the command then ends with 1."""
    config = tmp_path / "config.toml"
    key = "k3y-0123456789abcdef"
    config.write_text(
        '[daemon]\ndata_folder = "data"\n[collectors.polygon]\nkind = "evm"\nchain_id = 137\nblock_time_ms = 2000\n'
        f'[[collectors.polygon.nodes]]\nlabel = "mine"\nhttp = "http://127.0.0.1:1/{key}"\nws = "ws://127.0.0.1:1/{key}"\n'
        '[strategies.flash_arbitrage]\nevaluate = "block"\n'
    )
    result = CliRunner().invoke(main, ["doctor", "--config", str(config)])
    assert result.exit_code == 1, result.output
    assert "node mine      NOT WELL: no connection: connection refused" in result.stdout
    assert key not in result.output
    assert "127.0.0.1" not in result.output

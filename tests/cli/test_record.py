"""`alphapulse record`, and captures as recordings."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.collectors.recorded.recording import frame_of
from tests.daemon.day_config import RECORDING, Day
from tests.journal.capture_samples import scanned

DAY_FILE = Path(str(files("alphapulse").joinpath(RECORDING.removeprefix("package:"))))
FIRST_HOURS = Day(end="2024-01-05T03:00:00Z")


def alphapulse(*arguments: str | Path) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, [*map(str, arguments)])


def recorded(output: Path, *sources: Path) -> Path:
    """A capture of recordings."""
    result = alphapulse("record", "--output", output, *(part for path in sources for part in ("--from", path)))
    assert result.exit_code == 0, result.stderr
    return output


def replayed(day: Day, folder: Path, code: int = 0) -> tuple[dict[str, Any], bytes]:
    """What a replay prints, without its speed, and its states file."""
    states = folder / "states.jsonl"
    result = alphapulse("replay", "--config", day.write(folder), "--json", "--states", states)
    assert result.exit_code == code, result.stderr
    return {**json.loads(result.stdout), "logs_per_second": 0}, states.read_bytes()


def lines() -> list[bytes]:
    return gzip.decompress(DAY_FILE.read_bytes()).splitlines()


def frames(path: Path) -> list[bytes]:
    return [one.data for one in scanned(path)[0]]


@pytest.mark.slow
def test_the_half_day_as_a_capture_gives_the_same_result_and_the_same_states(tmp_path: Path) -> None:
    recorded(tmp_path / "day.apcap", DAY_FILE)
    assert replayed(Day(logs="day.apcap"), tmp_path) == replayed(Day(), tmp_path)


def test_a_capture_holds_the_frames_of_all_logs_in_order(tmp_path: Path) -> None:
    result = alphapulse("record", "--from", DAY_FILE, "--output", tmp_path / "day.apcap")
    assert (result.exit_code, result.stderr) == (0, "")
    size_bytes = (tmp_path / "day.apcap").stat().st_size
    assert result.stdout == f"{tmp_path / 'day.apcap'}: 3121 inputs, {size_bytes} bytes\n"
    inputs, damage, _ = scanned(tmp_path / "day.apcap")
    assert damage is None
    assert [one.data for one in inputs] == [frame_of(line) for line in lines()]
    assert {(one.source, one.received_ns) for one in inputs} == {("usdc_weth_2024-01-05_h00-12", 0)}


def test_a_capture_is_sound_as_inspect_sees_it(tmp_path: Path) -> None:
    path = recorded(tmp_path / "day.apcap", DAY_FILE)
    shown = [json.loads(line) for line in alphapulse("inspect", path, "--json").stdout.splitlines()]
    assert {one["error"] for one in shown} == {None}
    assert [one["header"]["sequence"] for one in shown] == list(range(1, 3122))
    assert [bytes.fromhex(one["tlvs"][0]["fields"]["data"][2:]) for one in shown] == frames(path)


def test_without_a_source_the_configured_recording_is_taken_whole(tmp_path: Path) -> None:
    result = alphapulse("record", "--config", FIRST_HOURS.write(tmp_path), "--output", tmp_path / "day.apcap")
    assert result.exit_code == 0
    inputs, _, _ = scanned(tmp_path / "day.apcap")
    assert len(inputs) == 3121
    assert {one.source for one in inputs} == {"day"}


def test_several_recordings_become_one_in_chain_order(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_bytes(b"\n".join(lines()[:400][1::2]))
    (tmp_path / "even.jsonl").write_bytes(b"\n".join(lines()[:400][::2]))
    first = recorded(tmp_path / "first.apcap", tmp_path / "odd.jsonl")
    both = recorded(tmp_path / "both.apcap", first, tmp_path / "even.jsonl")
    assert frames(both) == [frame_of(line) for line in lines()[:400]]


def test_captures_and_lines_are_replayed_together(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_bytes(b"\n".join(lines()[:700][1::2]))
    (tmp_path / "even.jsonl").write_bytes(b"\n".join(lines()[:700][::2]))
    (tmp_path / "all.jsonl").write_bytes(b"\n".join(lines()[:700]))
    recorded(tmp_path / "odd.apcap", tmp_path / "odd.jsonl")
    together = replayed(Day(logs='odd.apcap", "even.jsonl'), tmp_path)
    assert together == replayed(Day(logs="all.jsonl"), tmp_path)
    assert together[0]["logs"] == 700


def test_start_and_end_of_the_configuration_hold_for_captures_too(tmp_path: Path) -> None:
    recorded(tmp_path / "day.apcap", DAY_FILE)
    as_capture = Day(logs="day.apcap", start="2024-01-05T01:15:00Z", end="2024-01-05T03:00:00Z")
    as_lines = Day(start="2024-01-05T01:15:00Z", end="2024-01-05T03:00:00Z")
    assert replayed(as_capture, tmp_path) == replayed(as_lines, tmp_path)


def test_a_log_that_was_received_out_of_order_stays_so_in_a_capture(tmp_path: Path) -> None:
    """Only files of lines are put in order: a capture says what came when."""
    swapped = [*lines()[:10], lines()[30], *lines()[10:30], *lines()[31:60]]
    (tmp_path / "lines.jsonl").write_bytes(b"\n".join(swapped))
    ordered = recorded(tmp_path / "ordered.apcap", tmp_path / "lines.jsonl")
    assert frames(ordered) == [frame_of(line) for line in lines()[:60]]


def test_a_file_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "day.apcap").write_bytes(b"somebody's")
    result = alphapulse("record", "--from", DAY_FILE, "--output", tmp_path / "day.apcap")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"found that {tmp_path / 'day.apcap'} is there" in result.stderr
    assert (tmp_path / "day.apcap").read_bytes() == b"somebody's"


def test_a_recording_that_is_cut_off_is_captured_up_to_there_and_told(tmp_path: Path) -> None:
    packed = gzip.compress(b"\n".join(lines()[:600]))
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) * 2 // 3])
    result = alphapulse("record", "--from", tmp_path / "cut.gz", "--output", tmp_path / "day.apcap")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"alphapulse: {tmp_path / 'cut.gz'} is cut off or damaged")
    held = frames(tmp_path / "day.apcap")
    assert held == [frame_of(line) for line in lines()[: len(held)]]
    assert 0 < len(held) < 600


def test_what_holds_no_log_is_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_bytes(b"\n".join([lines()[0], b"{}", b"\xff", lines()[1], b"[1"]))
    result = alphapulse("record", "--from", tmp_path / "odd.jsonl", "--output", tmp_path / "day.apcap")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "left out: 2 that hold no log (not_a_log)",
        "left out: 1 that hold no log (not_json)",
    ]
    assert len(frames(tmp_path / "day.apcap")) == 2


def test_a_torn_tail_is_counted_and_ends_a_replay_without_failing_it(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_bytes(b"\n".join(lines()[:300]))
    path = recorded(tmp_path / "day.apcap", tmp_path / "lines.jsonl")
    path.write_bytes(path.read_bytes()[:-1])
    shown, _ = replayed(Day(logs="day.apcap"), tmp_path)
    assert (shown["logs"], shown["refused"]) == (299, {"torn_tail": 1})


def test_rot_in_a_capture_fails_a_replay_with_its_offset_and_gives_what_stands_before(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_bytes(b"\n".join(lines()[:300]))
    path = recorded(tmp_path / "day.apcap", tmp_path / "lines.jsonl")
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2] ^= 4
    path.write_bytes(broken)
    result = alphapulse("replay", "--config", Day(logs="day.apcap").write(tmp_path), "--json")
    assert result.exit_code == 1
    assert 0 < json.loads(result.stdout)["logs"] < 300
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"alphapulse: the capture {path} is damaged at byte ")
    offset = int(last.split("at byte ")[1].split(":")[0])
    faults = [one for one in map(json.loads, alphapulse("inspect", path, "--json").stdout.splitlines()) if one["error"]]
    assert [one["error"]["kind"] for one in faults] == ["checksum_mismatch"]
    assert faults[0]["error"]["offset"] == offset + 28


def test_a_capture_that_would_be_its_own_source_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "day.apcap", DAY_FILE)
    (tmp_path / "config.toml").write_text(
        Day(logs="day.apcap").toml() + '\n[capture]\nenabled = true\nfile = "day.apcap"\n'
    )
    result = alphapulse("replay", "--config", tmp_path / "config.toml")
    assert result.exit_code == 78
    assert "capture.file: expected another file than those of collectors.day.logs" in result.stderr


def test_a_replay_writes_no_capture(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(FIRST_HOURS.toml() + '\n[capture]\nenabled = true\nfile = "day.apcap"\n')
    result = alphapulse("replay", "--config", tmp_path / "config.toml")
    assert result.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]

"""Known answers of real data: found to the last one, under any name, and missed where one is changed."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from alphapulse.errors import EvidenceError
from alphapulse.scoring.evidence import Form, read_evidence
from alphapulse.scoring.score import Score
from alphapulse.scoring.scorer import score_paths_given

VECTORS = Path(__file__).parents[1] / "vectors"
KNOWN = VECTORS / "score"
DAY = Path(str(files("alphapulse").joinpath("demo/uniswap_v3_day")))


def scored(*paths: Path) -> dict[str, Score]:
    """Scores by form; nothing may have failed."""
    scores, failures, _ = score_paths_given(paths)
    assert failures == []
    return {one.form: one for one in scores}


def counts(score: Score) -> list[tuple[int, int, int]]:
    return [(one.expected, one.found, one.right) for one in score.measures]


def test_the_cut_data_is_scored_whole() -> None:
    """Each form of data without a recording: all answers, and what has none is counted."""
    found = scored(KNOWN)
    assert {form: counts(score) for form, score in found.items()} == {
        "cross pool states": [(11, 11, 11), (3, 3, 3), (3, 3, 3)],
        "realized cycles": [(2, 2, 2)],
        "listed arbitrages": [(6, 6, 6), (8, 8, 8), (8, 8, 8), (8, 7, 7)],
        "simulated paths": [(3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)],
        "trigger distances": [(11, 11, 11)],
        "pool snapshot": [],
        "net positive pairs": [(8, 8, 8), (8, 8, 8)],
        "spot gaps": [(3, 3, 3), (0, 0, 0), (0, 0, 0)],
        "pair swaps": [(14, 14, 14)],
        "traced answers": [(2, 2, 2), (51, 51, 51)],
    }
    assert all(score.passed for score in found.values())
    assert found["listed arbitrages"].measures[3].why_not == {
        "it closes, but its own swaps lost a token: just what another cycle of its transaction gained, as one "
        "trade that passes a token twice was cut in two": 1
    }
    facts = found["pool snapshot"].facts
    assert facts["of them open between pools of 10000 USD and more"] == 2
    assert facts["survivors"] == "WETH/USDT 5293 ppm after fees"


@pytest.mark.slow
def test_a_day_of_two_pools_is_scored_log_by_log(tmp_path: Path) -> None:
    """Under other names and in another folder: 2,863 gaps, 29 states through the whole daemon, none at block ends."""
    for number, path in enumerate(sorted((*DAY.iterdir(), *(VECTORS / "arbitrage").iterdir()))):
        shutil.copy(path, tmp_path / f"part-{number}")
    found = scored(tmp_path)
    assert counts(found["gap states"]) == [(2863, 2863, 2863), (29, 29, 29)]
    assert counts(found["net positive states"]) == [(29, 29, 29), (29, 29, 29)]
    assert found["net positive states"].facts["states at block ends"] == 0
    assert found["gap states"].facts["gross gaps above 10 bps"] == 1800


def test_a_day_that_begins_in_its_middle_rests_on_the_file_for_what_came_before(tmp_path: Path) -> None:
    """Half a day alone: a pool that has not traded yet begins as the answers say, all gaps follow, and it is told."""
    from_block = 18_939_000
    with gzip.open(DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz", "rt") as file:
        later = [line for line in file if int(json.loads(line)["blockNumber"], 16) >= from_block]
    (tmp_path / "logs").write_text("".join(later))
    shutil.copy(DAY / "pools.json", tmp_path)
    with gzip.open(VECTORS / "arbitrage" / "gap_states_h00-12.csv.gz", "rt") as file:
        head, *rows = file
    (tmp_path / "gaps").write_text("".join([head, *(row for row in rows if int(row.split(",")[0]) >= from_block)]))
    (score,) = scored(tmp_path).values()
    assert counts(score) == [(1444, 1444, 1444), (17, 17, 17)]
    assert score.notes[0].startswith("130 states rest on the file's own word for one pool")


def test_other_chains_are_scored_alike_and_logs_without_a_time_are_named(tmp_path: Path) -> None:
    """A state of the day, as if it were of Base, of whose price for data nothing is known; then logs of no time."""
    last = 18_937_762
    with gzip.open(DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz", "rt") as file:
        logs = [log for log in map(json.loads, file) if last - 30 <= int(log["blockNumber"], 16) <= last]
    pools = json.loads((DAY / "pools.json").read_text())
    (tmp_path / "pools").write_text(json.dumps({**pools, "chainId": 8453}))
    head, first, *_ = (VECTORS / "arbitrage" / "net_positive_states_h00-12.csv").read_text().splitlines()
    (tmp_path / "states").write_text(f"{head}\n{first}\n")
    (tmp_path / "logs").write_text("\n".join(map(json.dumps, logs)))
    (score,) = scored(tmp_path).values()
    assert (counts(score), score.facts["blocks"]) == ([(1, 1, 1), (1, 1, 1)], 1)
    timeless = [{name: value for name, value in log.items() if name != "blockTimestamp"} for log in logs]
    (tmp_path / "logs").write_text("\n".join(map(json.dumps, timeless)))
    _, (failure,), _ = score_paths_given([tmp_path])
    assert "expected a blockTimestamp, found none" in failure.problem


def test_of_several_recordings_that_of_the_answers_is_taken(tmp_path: Path) -> None:
    """Another pool's day tells nothing; of two halves of one day the first tells what was before the second."""
    _, failures, _ = score_paths_given([VECTORS / "arbitrage" / "gap_states_h00-12.csv.gz", VECTORS / "recordings"])
    assert "expected logs of 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640 and" in failures[0].problem
    half = 18_939_000
    with gzip.open(DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz", "rt") as file:
        lines = [(int(json.loads(line)["blockNumber"], 16) >= half, line) for line in file]
    for number, wanted in enumerate((False, True)):
        (tmp_path / f"logs-{number}").write_text("".join(line for later, line in lines if later is wanted))
    shutil.copy(DAY / "pools.json", tmp_path)
    with gzip.open(VECTORS / "arbitrage" / "gap_states_h00-12.csv.gz", "rt") as file:
        head, *rows = file
    (tmp_path / "gaps").write_text("".join([head, *(row for row in rows if int(row.split(",")[0]) >= half)]))
    (score,) = scored(tmp_path).values()
    assert (counts(score), score.notes) == ([(1444, 1444, 1444), (17, 17, 17)], ())


def test_quotes_of_every_kind_of_pool_are_those_of_the_contracts() -> None:
    """The vectors of the pool mathematics: V2, V3 across hundreds of ticks, Balancer, Curve, TickMath."""
    scores, failures, _ = score_paths_given([VECTORS / "amm"])
    assert failures == []
    found = {Path(one.file).name.split(".")[0]: counts(one) for one in scores if one.form != "swap steps"}
    assert found == {
        "balancer_v2_usdc_weth_query_swap": [(18, 18, 18)],
        "balancer_v2_weth_bal_query_swap": [(18, 18, 18)],
        "curve_tripool_get_dy": [(18, 18, 18)],
        "pancakeswap_v2_base_46875151": [(24, 24, 24)],
        "polygon_v2_router_quotes": [(22, 22, 22)],
        "tickmath_uniswap_v3_core": [(41, 41, 41)],
        "uniswap_v3_wbtc_weth_24407242": [(80, 80, 80)],
        "v2_swap_vectors": [(437, 437, 437)],
    }


def test_quotes_without_the_pools_state_are_named(tmp_path: Path) -> None:
    """A quoter's answers follow from the pool's whole state, which must lie beside them."""
    shutil.copy(VECTORS / "amm" / "uniswap_v3_wbtc_weth_24407242.quotes.csv", tmp_path)
    shutil.copy(VECTORS / "amm" / "curve_tripool_get_dy.quotes.json.gz", tmp_path)
    scores, failures, _ = score_paths_given([tmp_path])
    assert scores == []
    assert all("expected the pools' whole states beside it" in one.problem for one in failures)
    shutil.copy(VECTORS / "amm" / "balancer_weighted_usdc_weth.state.json.gz", tmp_path)
    _, failures, _ = score_paths_given([tmp_path])
    assert all("beside it, found none" in one.problem for one in failures)


def test_an_answer_that_was_changed_is_missed(tmp_path: Path) -> None:
    """The score is no formality: one gap more or less in the file is one answer that is different."""
    folder = tmp_path / "x"
    shutil.copytree(KNOWN / "states", folder)
    path = folder / "gaps.csv"
    path.write_text(path.read_text().replace(",1012,-2490,0", ",1013,-2490,0"))
    (score,) = scored(folder).values()
    assert counts(score) == [(3, 3, 2), (0, 0, 0), (0, 0, 0)]
    assert score.measures[0].why_not == {"different": 1}
    assert not score.passed


def test_answers_without_what_they_follow_from_are_named(tmp_path: Path) -> None:
    """A file of answers alone cannot be scored, and the line says what is missing."""
    shutil.copy(KNOWN / "blocks" / "gaps.csv", tmp_path)
    shutil.copy(VECTORS / "arbitrage" / "net_positive_states_h00-12.csv", tmp_path)
    scores, failures, _ = score_paths_given([tmp_path])
    assert scores == []
    assert sorted(one.problem.split(": ", 1)[1] for one in failures) == [
        "expected a table of the pools beside it, found none; give its folder too",
        "expected the recorded logs beside it, found none; give its folder too",
    ]


def test_a_block_that_was_not_given_excuses_its_answers(tmp_path: Path) -> None:
    """What cannot be found for want of a block is counted under that reason, and is no pass."""
    shutil.copytree(KNOWN / "blocks", tmp_path / "b")
    (tmp_path / "b" / "polygon.json.gz").unlink()
    score = scored(tmp_path)["cross pool states"]
    assert score.measures[0].why_not == {"the block's logs are not among the files": 1}
    assert score.notes == ("1 blocks that the answers name are not among the files",)
    assert not score.passed


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (gzip.compress(b"pool,fee_ppm,token0,token1,version\n")[:-9], "cut off or damaged"),
        (b"pool,fee_ppm,token0,token1,version\n0x1,2\n", "expected 5 columns"),
        (b'{"tx_hash":"0x1","arbitrages":[]}\n[1]\n', "line 2: expected a JSON object"),
    ],
    ids=["cut", "short row", "no object"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    """Cut, torn and half tables: one clear line each."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=problem):
        read_evidence(path)


def test_documents_with_the_keys_of_a_form_and_nothing_behind_them_are_named(tmp_path: Path) -> None:
    """Each ends in a line of its own, and a pipe that nobody writes to is not waited for."""
    contents = {
        "traced": '{"block":5,"arbitrages":[{"tx":"0x1"}]}',
        "traces": '{"block_number":5,"traces":[{"type":"call","transaction_hash":"0x1","action":{}}]}',
        "paths": '{"profitable_non_conflicting_paths":[{"path":[]}]}\n',
        "quotes": "pool,function,zero_for_one,amount,onchain_result,reserve0,reserve1,fee_ppm\n0x1,f,1,x,5,1,1,1\n",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    os.mkfifo(tmp_path / "pipe")
    scores, failures, unknown = score_paths_given([tmp_path])
    assert (scores, unknown) == ([], [])
    assert [Path(one.file).name for one in failures] == ["paths", "quotes", "traced"]
    with pytest.raises(EvidenceError, match="found something else"):
        score_paths_given([tmp_path / "pipe"])


def test_rows_that_say_something_else_are_named(tmp_path: Path) -> None:
    """A number that is none and an address that is none name file, line and column."""
    path = tmp_path / "answers.csv"
    path.write_text("arb_block,trigger_block,distance_blocks\n12,ten,2\n")
    _, failures, _ = score_paths_given([path])
    assert failures[0].problem == f"{path}, line 2: expected a whole number under 'trigger_block', found 'ten'"


def test_files_are_recognised_by_what_stands_in_them(tmp_path: Path) -> None:
    """A name says nothing; what is nothing of ours is left alone in a folder, and refused if it was named."""
    path = tmp_path / "notes.txt"
    shutil.copy(KNOWN / "listed" / "triggers.csv", path)
    evidence = read_evidence(path)
    assert evidence is not None
    assert evidence.form is Form.TRIGGER_DISTANCES
    other = tmp_path / "README.md"
    other.write_text("# Read me\n")
    assert read_evidence(other) is None
    scores, failures, unknown = score_paths_given([tmp_path])
    assert (len(scores), failures, unknown) == (1, [], [other])
    _, failures, _ = score_paths_given([other])
    assert failures[0].problem.startswith("expected a file of a form that docs/score.md describes")
    with pytest.raises(EvidenceError, match="found nothing"):
        score_paths_given([tmp_path / "nowhere"])

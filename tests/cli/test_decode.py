"""`alphapulse decode`, as a user calls it: real blocks, forged logs in them, broken files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from alphapulse.cli.main import main
from alphapulse.rules.events.event_census import KINDS
from tests.collectors.evm.pool_tables import BLOCKS, listed, write_table

POLYGON, ETHEREUM = BLOCKS / "polygon-137_20000000.receipts.json.gz", BLOCKS / "ethereum-1_13000001.logs.json.gz"
CRONOS = BLOCKS / "cronos-25_6542.receipts.json.gz"
ALGEBRA = next(row for row in listed("polygon") if row["family"] == "algebra")
V3_SWAP = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
V2_SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
PAIR_CREATED = "0x0d3648bd0f6ba80134a33ba9275ac585d9d315f0ad8355cddefde31afa28d0e9"


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pools of all real blocks, and an Algebra pool."""
    return write_table(tmp_path_factory.mktemp("tables") / "pools.csv", [*listed("blocks"), _with_columns(ALGEBRA)])


def _with_columns(row: dict[str, str]) -> dict[str, str]:
    return {column: row[column] for column in listed("blocks")[0]}


def decode(pools: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["decode", *map(str, arguments), "--pools", str(pools)])


def counted(pools: Path, *files: Path, code: int = 0) -> list[dict[str, Any]]:
    result = decode(pools, *files, "--json")
    assert result.exit_code == code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def told(events: dict[str, Any]) -> dict[str, Any]:
    """The kinds of which there is any: (admitted, other), and the refused if there are."""
    found = {}
    for kind, one in events.items():
        assert list(one) == ["admitted", "other", "refused"]
        if one["admitted"] or one["other"] or one["refused"]:
            found[kind] = (one["admitted"], one["other"], *([one["refused"]] if one["refused"] else []))
    return found


def block(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return document


def test_real_blocks_are_counted_by_kind_and_emitter(pools: Path) -> None:
    """17 logs of the Polygon block have the signature of a V2 Mint; ten are of lending tokens."""
    polygon, ethereum, cronos = counted(pools, POLYGON, ETHEREUM, CRONOS)
    assert (polygon["chain"], polygon["block"], polygon["logs"]) == (137, 20_000_000, 686)
    assert list(polygon) == ["chain", "block", "logs", "events"]
    assert tuple(polygon["events"]) == KINDS
    assert told(polygon["events"]) == {"v2_swap": (12, 0), "v2_sync": (20, 0), "v2_mint": (7, 10), "v2_burn": (1, 0)}
    assert (ethereum["chain"], ethereum["block"], ethereum["logs"]) == (1, 13_000_001, 618)
    assert told(ethereum["events"]) == {
        "v2_swap": (52, 1),
        "v2_sync": (52, 2),
        "v2_mint": (0, 1),
        "v3_swap": (7, 0),
        "v3_burn": (1, 0),
        "v3_collect": (1, 0),
    }
    assert told(cronos["events"]) == {"v2_swap": (0, 3), "v2_sync": (0, 3), "v2_pair_created": (0, 1)}


def test_every_form_of_the_file_says_the_same(pools: Path, tmp_path: Path) -> None:
    """Plain or gzip, whatever the name; receipts or logs; the block by number or by head."""
    document = block(POLYGON)
    flat = {
        "chainId": "0x89",
        "block": 20_000_000,
        "logs": [log for one in document["receipts"] for log in one["logs"]],
    }
    forms = {"plain.json": json.dumps(document).encode(), "flat": gzip.compress(json.dumps(flat).encode())}
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
    first, *others = counted(pools, POLYGON, *(tmp_path / name for name in forms))
    assert others == [first] * 2


def forged(log: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (log | changes).items() if value is not ...}


def test_forged_logs_are_refused_by_reason_or_are_others(pools: Path, tmp_path: Path) -> None:
    logs = block(ETHEREUM)["logs"]
    believed = {row["pool"] for row in listed("blocks") if row["verified"] == "create2"}
    swap = next(log for log in logs if log["topics"][:1] == [V3_SWAP] and log["address"] in believed)
    sync = next(log for log in logs if log["topics"] == [V2_SYNC] and log["address"] in believed)
    topics, data = swap["topics"], swap["data"]
    made = [
        swap,
        forged(swap, address="0x" + "".join(swap["address"]).upper()[2:]),
        forged(swap, topics=[V3_SWAP.upper().replace("X", "x"), *topics[1:]]),
        forged(swap, address="0x" + "12" * 20),
        forged(swap, address=None),
        forged(swap, address=sync["address"]),
        forged(sync, address=swap["address"]),
        forged(swap, data=data[:-2]),
        forged(swap, data=data + "00" * 32),
        forged(swap, data="0x"),
        forged(swap, topics=topics[:2]),
        forged(swap, topics=[V3_SWAP]),
        forged(swap, topics=[*topics, topics[1]]),
        forged(swap, topics=[V3_SWAP, "0x01" + topics[1][4:], topics[2]]),
        forged(swap, data=data[:-1] + "z"),
        forged(swap, data=data[:-64] + "7f" + "00" * 31),
        forged(sync, data="0x" + "ff" * 64),
        forged(swap, removed=True),
        forged(swap, data=7),
        forged(swap, logIndex=...),
        forged(swap, topics=[]),
        forged(swap, topics=["0x" + "77" * 32]),
    ]
    path = tmp_path / "forged.json"
    path.write_text(json.dumps({"chainId": 1, "block": 13_000_001, "logs": made}))
    (found,) = counted(pools, path)
    refused = {"wrong_length": 3, "wrong_topics": 3, "out_of_range": 2, "not_hex": 1, "removed": 1, "not_a_log": 2}
    assert told(found["events"]) == {"v2_sync": (0, 1, {"out_of_range": 1}), "v3_swap": (3, 3, refused)}
    assert found["logs"] == len(made)


def test_a_swap_of_an_algebra_pool_is_no_v3_swap(pools: Path, tmp_path: Path) -> None:
    """Its log has the topic and the form of Uniswap's; only the emitter tells them apart. Other chains are others."""
    swap = next(log for log in block(ETHEREUM)["logs"] if log["topics"][:1] == [V3_SWAP])
    made = [{**swap, "address": ALGEBRA["pool"]}, swap]
    path = tmp_path / "algebra.json"
    path.write_text(
        json.dumps({"chainId": 137, "block": {"number": "0x1"}, "receipts": [{"logs": made}, {"logs": []}]})
    )
    (found,) = counted(pools, path)
    assert told(found["events"]) == {"v3_swap": (0, 2)}


def test_a_factory_of_the_table_is_believed_about_the_address_that_it_gives(pools: Path, tmp_path: Path) -> None:
    pair = next(row for row in listed("blocks") if row["dex"] == "Uniswap V2")
    words = {side: "0x" + "00" * 12 + pair[side][2:] for side in ("token0", "token1", "pool")}
    log = {
        **block(ETHEREUM)["logs"][0],
        "address": pair["factory_or_deployer"],
        "topics": [PAIR_CREATED, words["token0"], words["token1"]],
        "data": words["pool"] + "00" * 31 + "07",
    }
    elsewhere = {**log, "data": "0x" + "00" * 12 + "12" * 20 + "00" * 32}
    path = tmp_path / "created.json"
    path.write_text(json.dumps({"chainId": 1, "block": 1, "logs": [log, elsewhere, {**log, "address": pair["pool"]}]}))
    (found,) = counted(pools, path)
    assert told(found["events"]) == {"v2_pair_created": (1, 1, {"wrong_address": 1})}


def test_what_cannot_be_read_is_told_and_the_rest_is_counted(pools: Path, tmp_path: Path) -> None:
    whole = POLYGON.read_bytes()
    broken = {
        "cut.json.gz": (whole[: len(whole) // 2], "cut off or damaged"),
        "bent.json.gz": (whole[:2000] + b"\0\0\0\0" + whole[2004:], "cut off or damaged|no block's logs"),
        "gzip.json": (b"\x1f\x8b" + b"no", "cut off or damaged"),
        "empty.json": (b"", "no block's logs"),
        "text.json": (b"hello", "no block's logs"),
        "deep.json": (b"[" * 100_000, "no block's logs"),
        "bytes.json": (b'{"chainId": 1, "block": 1, "logs": ["\xff"]}', "no block's logs"),
        "list.json": (b"[]", "no block's logs"),
        "none.json": (b'{"chainId": 1, "block": 1}', "found neither"),
        "both.json": (b'{"chainId": 1, "block": 1, "logs": [], "receipts": []}', "found both"),
        "chain.json": (b'{"chainId": "one", "block": 1, "logs": []}', "chainId: expected a number"),
        "large.json": (b'{"chainId": 1, "block": "0x1' + b"0" * 16 + b'", "logs": []}', "block: expected a number"),
        "huge.json": (b'{"chainId": 1, "block": "' + b"9" * 5_000 + b'", "logs": []}', "block: expected a number"),
        "block.json": (b'{"chainId": 1, "block": -1, "logs": []}', "block: expected a number"),
    }
    for name, (data, _) in broken.items():
        (tmp_path / name).write_bytes(data)
    result = decode(pools, *(tmp_path / name for name in broken), tmp_path / "missing", tmp_path, POLYGON, "--json")
    assert result.exit_code == 1
    (found,) = (json.loads(line) for line in result.stdout.splitlines())
    assert found["logs"] == 686
    problems = result.stderr.splitlines()
    assert len(problems) == len(broken) + 2
    for (name, (_, expected)), problem in zip(broken.items(), problems, strict=False):
        assert name in problem
        assert any(one in problem for one in expected.split("|")), problem
    assert "No such file" in problems[-2]
    assert "Is a directory" in problems[-1]


def test_logs_that_are_no_logs_are_counted_and_told(pools: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"chainId": 1, "block": 1, "logs": [None, 7, {}, {"topics": V3_SWAP}, {"topics": [1]}]}))
    result = decode(pools, path, "--json")
    assert (result.exit_code, json.loads(result.stdout)["logs"]) == (1, 5)
    assert "5 of 5 logs are no log objects" in result.stderr


def test_a_table_that_cannot_be_used_ends_it_and_a_wrong_pool_is_told(pools: Path, tmp_path: Path) -> None:
    result = decode(tmp_path / "none.csv", POLYGON, "--json")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "expected a table at" in result.stderr
    rows = [dict(row) for row in listed("blocks")]
    believed = next(row for row in rows if row["chain_id"] == "137" and row["dex"] == "QuickSwap V2")
    believed["token0"] = "0x" + "00" * 19 + "01"
    table = write_table(tmp_path / "wrong.csv", rows)
    result = decode(table, POLYGON, "--json")
    assert result.exit_code == 1
    assert "expected the pool at 0x" in result.stderr
    assert sum(one["other"] for one in json.loads(result.stdout)["events"].values()) > 10


def test_people_get_a_table(pools: Path) -> None:
    result = decode(pools, POLYGON, CRONOS)
    assert result.exit_code == 0
    assert "chain 137, block 20000000: 686 logs" in result.stdout
    assert all(result.stdout.count(kind) == 2 for kind in KINDS)

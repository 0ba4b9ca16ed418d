"""The configuration: every key is known, documented and bounded, and every mistake is named by its path."""

from __future__ import annotations

import datetime
import hashlib
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.config import Config, load_config, parse_config
from alphapulse.config_reading import FILLED_IN
from alphapulse.config_sections.collectors import EvmSection, FinalitySection, NodeSection, RecordedSection
from alphapulse.config_sections.own_keys import OwnKeySection
from alphapulse.config_sections.strategies import FlashArbitrageSection, SizingSection
from alphapulse.config_sections.values import SecretSource
from alphapulse.config_sections.wallets import WalletSection
from alphapulse.errors import ConfigError

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "config.toml"
LEAST = """
[collectors.day]
kind = "recorded"
logs = ["day.jsonl"]
[strategies.flash_arbitrage]
"""


def parse(text: str) -> Config:
    return parse_config(tomllib.loads(text), folder=Path("/there"))


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value


def with_line(table: str, line: str) -> str:
    """The least configuration with a line in a table."""
    if f"[{table}]" in LEAST:
        return LEAST.replace(f"[{table}]", f"[{table}]\n{line}")
    return f"{LEAST}\n[{table}]\n{line}"


def test_the_least_configuration_has_the_defaults() -> None:
    config = parse(LEAST)
    assert config == Config(
        collectors={"day": RecordedSection(kind="recorded", logs=("day.jsonl",))},
        strategies=config.strategies,
        folder="/there",
    )
    assert config.strategies.flash_arbitrage == FlashArbitrageSection()


# --- the shipped file ----------------------------------------------------------------------------------------------


def keys(section: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    return [field for field in msgspec.structs.fields(section) if field.name not in FILLED_IN]


def tables() -> dict[str, type[msgspec.Struct]]:
    """Every table that the shipped file must show, with its type."""
    plain = {
        field.name: field.type for field in keys(Config) if field.name not in ("collectors", "strategies", "wallets")
    }
    return plain | {"collectors.uniswap_v3_day": RecordedSection, "strategies.flash_arbitrage": FlashArbitrageSection}


def paragraphs() -> dict[str, dict[str, tuple[str, str]]]:
    """By table and key: the comment above the key or its neighbour, and the value as it is written."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    table, comment, used = "", "", False
    for line in SHIPPED.read_text().splitlines():
        if head := re.fullmatch(r"\[([\w.]+)\]", line):
            table = head[1]
            found[table] = {}
        elif pair := re.fullmatch(r"(?:# )?([a-z][a-z_0-9]*) = (.+)", line):
            found[table][pair[1]] = (comment, pair[2])
            used = True
        elif line.startswith("#"):
            comment = line if used else comment + line
            used = False
    return found


@pytest.mark.parametrize("table", tables())
def test_every_key_is_shown_and_commented(table: str) -> None:
    shown = paragraphs()[table]
    assert set(shown) == {field.name for field in keys(tables()[table])}
    assert [key for key, (comment, _) in shown.items() if len(comment) < 20] == []


@pytest.mark.parametrize("table", [name for name in tables() if "." not in name])
def test_values_are_the_defaults_unless_the_comment_says_otherwise(table: str) -> None:
    for field in keys(tables()[table]):
        comment, written = paragraphs()[table][field.name]
        if stated := re.search(r"\(Default:? ([^:;.)]+)", comment):
            if stated[1][0].isdigit():
                assert field.default == int(stated[1].replace("_", "")), f"{table}.{field.name}"
            continue
        value = getattr(getattr(parse(f"{LEAST}\n[{table}]\n{field.name} = {written}"), table), field.name)
        assert value == field.default, f"{table}.{field.name}"


@pytest.mark.parametrize(
    ("key", "default"), [("pools", "pools.json"), ("speed", 0), ("start", None), ("end", None), ("at_end", "hold")]
)
def test_defaults_of_a_collector_are_those_that_its_comments_state(key: str, default: object) -> None:
    assert getattr(parse(LEAST).collectors["day"], key) == default
    comment, _ = paragraphs()["collectors.uniswap_v3_day"][key]
    assert ("leave out" in comment) if default is None else re.search(rf'\(Default "?{default}"?\.\)', comment)


@pytest.mark.parametrize(
    ("key", "default", "stated"),
    [
        ("enabled", True, None),
        ("evaluate", "log", None),
        ("base_tokens", (), "(Default: none;"),
        ("min_net_profit", 0, "(Default 0.)"),
        ("max_trade_value", None, "(Default: no maximum.)"),
        ("max_hourly_volume", None, "(Default: none."),
        ("capital", None, "(Default: none.)"),
        ("max_daily_loss", None, "(Default: none.)"),
        ("max_drawdown", None, "(Default: none.)"),
        ("max_losing_streak", None, "(Default: none.)"),
        ("max_unfilled_repeats", None, "(Default: none.)"),
        ("sizing", SizingSection(), "(Default: the best size.)"),
        ("most_hops", 4, None),
        ("numeraire", None, "(Default: none;"),
        ("min_pool_value", None, "(Default: none.)"),
        ("max_leg_slippage_ppm", None, "(Default: none.)"),
        ("max_slippage_ppm", None, "(Default: none.)"),
        ("flash_loan", "stated", None),
        ("flash_fee_ppm", None, "(Default: none:"),
    ],
)
def test_defaults_of_the_strategy_are_the_values_shown_or_those_that_its_comments_state(
    key: str, default: object, stated: str | None
) -> None:
    comment, written = paragraphs()["strategies.flash_arbitrage"][key]
    assert getattr(parse(LEAST).strategies.flash_arbitrage, key) == default
    assert stated in comment if stated is not None else written == shown(default).replace("'", '"')


def test_the_shipped_file_is_read_and_names_shipped_files() -> None:
    config = load_config(SHIPPED)
    collector = config.collectors["uniswap_v3_day"]
    assert isinstance(collector, RecordedSection)
    assert [config.resolve(name).is_file() for name in (*collector.logs, collector.pools)] == [True, True]
    assert config.digest == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert config.folder == str(ROOT)
    assert config.data_folder == ROOT / "data"


# --- values ----------------------------------------------------------------------------------------------------------

EACH_KEY = [
    ("daemon", "data_folder", "books"),
    ("daemon", "mode", "live"),
    ("web", "enabled", False),
    ("web", "host", "0.0.0.0"),  # noqa: S104  # a value, nothing listens
    ("web", "port", 0),
    ("web", "port", 65535),
    ("web", "allow_other_hosts", True),
    ("web", "allowed_hosts", ["example.org:8443"]),
    ("collectors.day", "pools", "others.json"),
    ("collectors.day", "speed", 60),
    ("collectors.day", "speed", 0.5),
    ("collectors.day", "at_end", "stop"),
    ("collectors.day", "at_end", "repeat"),
    ("capture", "enabled", True),
    ("capture", "file", "day.apcap"),
    ("strategies.flash_arbitrage", "enabled", False),
    ("strategies.flash_arbitrage", "evaluate", "block"),
    ("strategies.flash_arbitrage", "base_tokens", ["USDC", "WETH"]),
    ("strategies.flash_arbitrage", "min_net_profit", 5),
    ("strategies.flash_arbitrage", "min_net_profit", "25.00"),
    ("strategies.flash_arbitrage", "max_trade_value", 10**30),
    ("strategies.flash_arbitrage", "max_hourly_volume", "1"),
    ("strategies.flash_arbitrage", "capital", "1"),
    ("strategies.flash_arbitrage", "max_daily_loss", 1),
    ("strategies.flash_arbitrage", "max_drawdown", 1),
    ("strategies.flash_arbitrage", "max_losing_streak", 1),
    ("strategies.flash_arbitrage", "max_unfilled_repeats", 1),
    ("strategies.flash_arbitrage", "flash_fee_ppm", 1_000_000),
    ("strategies.flash_arbitrage", "most_hops", 2),
    ("strategies.flash_arbitrage", "numeraire", "USDC"),
    ("strategies.flash_arbitrage", "min_pool_value", "10000"),
    ("strategies.flash_arbitrage", "max_leg_slippage_ppm", 5_000),
    ("strategies.flash_arbitrage", "max_slippage_ppm", 10_000),
    ("strategies.flash_arbitrage", "flash_loan", "swap"),
    ("costs", "gas_price_wei", 25_000_000_000),
    ("costs", "gas_price_wei", "live"),
    ("costs", "priority_fee_wei", 1),
    ("costs", "gas_units", 1),
    ("costs", "gas_overhead", 21_000),
    ("costs", "gas_by_kind", {"v3": 90_000}),
    ("costs", "l1_wei_per_byte", 1),
    ("costs", "l1_bytes", 500),
    ("costs.l1", "rule", "fjord"),
    ("costs.l1", "base_fee_wei", 30_000_000_000),
    ("costs.l1", "blob_base_fee_wei", 1),
    ("costs.l1", "base_fee_scalar", 5_227),
    ("costs.l1", "blob_base_fee_scalar", 2**32 - 1),
    ("costs", "wrapped_native", "WETH"),
    ("execution", "tip_floor_wei", 0),
    ("execution", "tip_cap_wei", 30_000_000_000),
    ("execution", "cap_wei", 10**18),
    ("execution", "bid_share_ppm", 500_000),
    ("execution", "deadline_blocks", 1),
    ("execution", "most_unmined", 64),
    ("execution", "resend_s", 1),
    ("execution", "bump_after_blocks", 1),
    ("execution", "at_halt", "replace"),
    ("execution", "balancer_vault", "0x" + "bA" * 20),
    ("execution", "aave_pool", "0x" + "11" * 20),
    ("web", "tls_certificate", "tls/web.pem"),
    ("web", "tls_key", "tls/web.key"),
    ("limits", "max_input_age_s", 1),
    ("limits", "max_signal_age_s", 86_400),
    ("limits", "approved_builds", ["0.1.0"]),
    ("limits", "max_gap_ppm", 0),
    ("limits", "max_instrument_exposure", "5.5"),
    ("limits", "max_venue_exposure", 5),
    ("limits", "max_gross_exposure", 10**30),
    ("limits", "max_net_exposure", 0),
    ("limits", "max_daily_loss", "5"),
    ("limits", "max_drawdown", "5"),
    ("limits", "max_gas_price_wei", 10**30),
    ("limits", "max_hourly_gas_wei", 1),
    ("limits", "max_hourly_reverts", 1),
    ("limits", "max_failures_in_row", 1),
    ("limits", "throttle_window_ms", 1),
    ("limits", "max_venue_intents", 1),
    ("limits", "max_strategy_intents", 1),
    ("limits", "max_intents", 1),
    ("breakers", "max_jump_ppm", 1),
    ("breakers", "max_failure_ppm", 0),
    ("breakers", "least_outcomes", 1),
    ("breakers", "max_unknown_orders", 0),
    ("breakers", "max_memory_mib", 64),
    ("breakers", "max_loop_lag_ms", 10),
    ("limits", "loop_stall_s", 5),
    ("limits", "loop_exit_s", 60),
    ("halting", "probation_s", 0),
    ("topology", "tls_folder", "certificates"),
]


def shown(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {shown(one)}' for key, one in value.items())} }}"
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.mark.parametrize(("table", "key", "value"), EACH_KEY)
def test_each_key_is_read(table: str, key: str, value: object) -> None:
    section: Any = parse(with_line(table, f"{key} = {shown(value)}"))
    for name in table.split("."):
        section = section[name] if isinstance(section, dict) else getattr(section, name)
    assert getattr(section, key) == (tuple(value) if isinstance(value, list) else value)


def test_every_key_is_among_those_tried() -> None:
    tried = {(table.replace(".day", ".uniswap_v3_day"), key) for table, key, _ in EACH_KEY}
    tried |= {("collectors.uniswap_v3_day", key) for key in ("kind", "logs", "start", "end")}
    tried |= {("execution", "latency")}
    tried |= {("execution", key) for key in ("send", "relay", "relay_identity")}  # below, among the wallets
    tried |= {("chain", key) for key in ("id", "name", "wrapped_native")}  # in tests/data/test_chains.py
    tried |= {("strategies.flash_arbitrage", "sizing")}  # in tests/composition/test_limits.py
    tried |= {("costs", "l1")}  # by its own keys
    tried -= {("costs.l1", key) for table, key in tried if table == "costs.l1"}
    tried |= {("topology", "services"), ("topology", "relays")}  # in tests/composition/test_topology_terms.py
    assert {(table, field.name) for table, section in tables().items() for field in keys(section)} == tried


@pytest.mark.parametrize(
    ("written", "logs", "blocks"), [("{ logs = 3 }", 3, None), ("{ blocks = 2 }", None, 2), ("{ blocks = 0 }", None, 0)]
)
def test_latency_is_in_logs_or_in_blocks(written: str, logs: int | None, blocks: int | None) -> None:
    latency = parse(with_line("execution", f"latency = {written}")).execution.latency
    assert (latency.logs, latency.blocks) == (logs, blocks)


@pytest.mark.parametrize("key", ["min_net_profit", "max_trade_value"])
def test_amounts_may_be_given_for_each_token(key: str) -> None:
    config = parse(with_line("strategies.flash_arbitrage", f'{key} = {{ USDC = "25.00", WETH = 7 }}'))
    assert getattr(config.strategies.flash_arbitrage, key) == {"USDC": "25.00", "WETH": 7}


NOON = datetime.datetime(2024, 1, 5, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-05T12:00:00Z",
        "2024-01-05T12:00:00",
        "2024-01-05 12:00:00",
        "2024-01-05T14:00:00+02:00",
        '"2024-01-05T12:00:00Z"',
        '"2024-01-05T12:00:00"',
        '"2024-01-05T14:00:00+02:00"',
    ],
)
@pytest.mark.parametrize("key", ["start", "end"])
def test_a_time_without_an_offset_is_utc_also_as_text(written: str, key: str) -> None:
    read = getattr(parse(with_line("collectors.day", f"{key} = {written}")).collectors["day"], key)
    assert read == NOON
    assert read.tzinfo is not None


@pytest.mark.parametrize("written", ["2024-01-05", '"2024-01-05"'])
def test_a_day_is_its_first_moment(written: str) -> None:
    collector = parse(with_line("collectors.day", f"start = {written}")).collectors["day"]
    assert isinstance(collector, RecordedSection)
    assert collector.start == datetime.datetime(2024, 1, 5, tzinfo=datetime.UTC)


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "key", "near"),
    [
        ("daemon", "data_foldr", "data_folder"),
        ("web", "allow_other_host", "allow_other_hosts"),
        ("collectors.day", "sped", "speed"),
        ("strategies.flash_arbitrage", "min_profit", "min_net_profit"),
        ("strategies", "flash_arbitrag", "flash_arbitrage"),
        ("costs", "gas_price", "gas_price_wei"),
        ("execution", "latencyy", "latency"),
        ("execution.latency", "log", "logs"),
        ("limits", "zzz", "throttle_window_ms"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(table: str, key: str, near: str) -> None:
    error = refusal(with_line(table, f"{key} = 1"))
    assert error.path == f"{table}.{key}"
    assert str(error) == f"{table}.{key}: unknown key; the nearest known one is `{near}`"


@pytest.mark.parametrize(("key", "near"), [("collector", "collectors"), ("webb", "web")])
def test_an_unknown_table_is_refused_too(key: str, near: str) -> None:
    error = refusal(f"{LEAST}\n[{key}]\n")
    assert error.path == key
    assert near in str(error)


@pytest.mark.parametrize("key", FILLED_IN)
def test_what_the_program_fills_in_is_no_key(key: str) -> None:
    assert refusal(f'{key} = "x"\n{LEAST}').path == key


@pytest.mark.parametrize(
    ("table", "line", "path", "problem"),
    [
        ("daemon", 'mode = "real"', "daemon.mode", "expected 'paper' or 'live', found the text 'real'"),
        ("daemon", "data_folder = 5", "daemon.data_folder", "expected text, found the whole number 5"),
        ("daemon", r'data_folder = "a\u0000b"', "daemon.data_folder", r"expected printable text, found 'a\x00b'"),
        ("web", 'port = "8321"', "web.port", "expected a whole number, found the text '8321'"),
        ("web", "port = 1.5", "web.port", "expected a whole number, found 1.5"),
        ("web", "port = true", "web.port", "expected a whole number, found true"),
        ("web", "port = -1", "web.port", "expected a whole number from 0 to 65535, found the whole number -1"),
        ("web", "port = 65536", "web.port", "expected a whole number from 0 to 65535, found the whole number 65536"),
        ("web", "enabled = 1", "web.enabled", "expected true or false, found the whole number 1"),
        ("web", 'allowed_hosts = "a"', "web.allowed_hosts", "expected a list, found the text 'a'"),
        ("web", 'allowed_hosts = ["a", 1]', "web.allowed_hosts[1]", "expected text, found the whole number 1"),
        (
            "collectors.day",
            "speed = -1",
            "collectors.day.speed",
            "expected 0 (full speed), or 0.001 to 1000000, found -1",
        ),
        (
            "collectors.day",
            "speed = 1e-9",
            "collectors.day.speed",
            "expected 0 (full speed), or 0.001 to 1000000, found 1e-09",
        ),
        (
            "collectors.day",
            "speed = nan",
            "collectors.day.speed",
            "expected 0 (full speed), or 0.001 to 1000000, found nan",
        ),
        (
            "collectors.day",
            "speed = inf",
            "collectors.day.speed",
            "expected 0 (full speed), or 0.001 to 1000000, found inf",
        ),
        ("collectors.day", "speed = true", "collectors.day.speed", "expected a number, found true"),
        (
            "collectors.day",
            'at_end = "loop"',
            "collectors.day.at_end",
            "expected 'stop' or 'hold' or 'repeat', found the text 'loop'",
        ),
        (
            "collectors.day",
            "at_end = 1",
            "collectors.day.at_end",
            "expected 'stop' or 'hold' or 'repeat', found the whole number 1",
        ),
        ("collectors.day", "start = 5", "collectors.day.start", "expected a date and time, found the whole number 5"),
        ("collectors.day", "start = 12:00:00", "collectors.day.start", "expected a date and time, found 12:00:00"),
        (
            "collectors.day",
            'start = "noon"',
            "collectors.day.start",
            "expected a date and time such as 2024-01-05T01:15:00Z, found 'noon'",
        ),
        ("collectors", "day2 = 5", "collectors.day2", "expected a table, found the whole number 5"),
        (
            "costs",
            "gas_price_wei = -1",
            "costs.gas_price_wei",
            f"expected a whole number from 0 to {10**18}, found the whole number -1",
        ),
        (
            "costs",
            f"gas_price_wei = {10**18 + 1}",
            "costs.gas_price_wei",
            f"expected a whole number from 0 to {10**18}, found the whole number {10**18 + 1}",
        ),
        (
            "costs",
            f"gas_units = 0x{'f' * 5000}",
            "costs.gas_units",
            f"expected a whole number from 0 to {10**9}, found a number of 20000 bits",
        ),
        ("costs", "wrapped_native = []", "costs.wrapped_native", "expected text, found a list"),
        ("execution", "latency = 0", "execution.latency", "expected a table, found the whole number 0"),
        (
            "limits",
            "loop_exit_s = 1",
            "limits.loop_exit_s",
            "expected a whole number from 2 to 86400, found the whole number 1",
        ),
        ("limits", "loop_stall_s = 10", "limits.loop_exit_s", "expected more than loop_stall_s, 10, found 10"),
        ("execution", "latency = {}", "execution.latency", "expected exactly one of `logs` and `blocks`, found none"),
        (
            "execution",
            "latency = { logs = 1, blocks = 1 }",
            "execution.latency",
            "expected exactly one of `logs` and `blocks`, found both",
        ),
        (
            "execution",
            "latency = { logs = -1 }",
            "execution.latency.logs",
            "expected a whole number from 0 to 1000000, found the whole number -1",
        ),
        (
            "limits",
            "max_input_age_s = 0",
            "limits.max_input_age_s",
            f"expected a whole number from 1 to {10**9}, found the whole number 0",
        ),
        (
            "strategies.flash_arbitrage",
            'evaluate = "logs"',
            "strategies.flash_arbitrage.evaluate",
            "expected 'log' or 'block', found the text 'logs'",
        ),
        (
            "strategies.flash_arbitrage",
            "base_tokens = {}",
            "strategies.flash_arbitrage.base_tokens",
            "expected a list, found a table",
        ),
        (
            "strategies.flash_arbitrage",
            "min_net_profit = 0.5",
            "strategies.flash_arbitrage.min_net_profit",
            "expected a whole number or text or a table, found 0.5",
        ),
        (
            "strategies.flash_arbitrage",
            "min_net_profit = true",
            "strategies.flash_arbitrage.min_net_profit",
            "expected a whole number or text or a table, found true",
        ),
        (
            "strategies.flash_arbitrage",
            "min_net_profit = -1",
            "strategies.flash_arbitrage.min_net_profit",
            "expected a whole number of at least 0, found the whole number -1",
        ),
        (
            "strategies.flash_arbitrage",
            "max_trade_value = { USDC = 2.5 }",
            "strategies.flash_arbitrage.max_trade_value.USDC",
            "expected a whole number or text, found 2.5",
        ),
        (
            "strategies.flash_arbitrage",
            "flash_fee_ppm = 1_000_001",
            "strategies.flash_arbitrage.flash_fee_ppm",
            "expected a whole number from 0 to 1000000, found the whole number 1000001",
        ),
    ],
)
def test_a_wrong_value_is_named_by_its_path_in_the_words_of_the_file(
    table: str, line: str, path: str, problem: str
) -> None:
    error = refusal(with_line(table, line))
    assert error.path == path
    assert str(error) == f"{path}: {problem}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "collectors: expected exactly one [collectors.NAME] table, found 0"),
        (
            LEAST + LEAST.split("[strategies", maxsplit=1)[0].replace("day]", "two]"),
            "collectors: expected exactly one [collectors.NAME] table, found 2",
        ),
        (
            LEAST.split("[strategies", maxsplit=1)[0],
            "strategies: expected [strategies.flash_arbitrage], found none: nothing would trade",
        ),
        (
            LEAST.replace('kind = "recorded"', ""),
            "collectors.day.kind: expected 'recorded' or 'evm', found no such key",
        ),
        (LEAST.replace('logs = ["day.jsonl"]', ""), "collectors.day.logs: expected a list, found no such key"),
        (
            LEAST.replace('["day.jsonl"]', "[]"),
            "collectors.day.logs: expected at least one file of logs, found an empty list",
        ),
        (
            LEAST.replace("collectors.day", 'collectors."a b"'),
            "collectors.a b: expected a name of 1 to 40 letters, digits, hyphens and underscores",
        ),
        (
            LEAST.replace("collectors.day", f"collectors.{'a' * 41}"),
            f"collectors.{'a' * 41}: expected a name of 1 to 40 letters, digits, hyphens and underscores",
        ),
        ("strategies = 5", "strategies: expected a table, found the whole number 5"),
        ("collectors = []", "collectors: expected a table, found a list"),
    ],
)
def test_what_is_missing_or_too_much_is_named(text: str, message: str) -> None:
    assert str(refusal(text)) == message


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-05T12:00:00Z", "2024-01-05T12:00:00Z"),
        ('"2024-01-05T12:00:00"', "2024-01-05T11:00:00Z"),
        ("2024-01-05T12:00:00", '"2024-01-05T12:00:00+01:00"'),
    ],
)
def test_the_end_lies_behind_the_start_however_both_are_written(start: str, end: str) -> None:
    error = refusal(with_line("collectors.day", f"start = {start}\nend = {end}"))
    assert error.path == "collectors.day.end"
    assert "expected a time after start" in str(error)


@pytest.mark.parametrize(
    "content", [b"[web", b"\xff", b"a = 1\na = 2", b"a = " + b"9" * 5000, b"a = " + b"[" * 5000, b"\0", b"= 1"]
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{path} is not valid TOML: "):
        load_config(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^expected a configuration file at {tmp_path}/no, found: No such file"):
        load_config(tmp_path / "no")
    with pytest.raises(ConfigError, match=f"^expected a configuration file at {tmp_path}, found: Is a directory"):
        load_config(tmp_path)


# --- files -----------------------------------------------------------------------------------------------------------


def test_names_start_at_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text(LEAST)
    monkeypatch.chdir(tmp_path.parent)
    config = load_config(Path(tmp_path.name) / "config.toml")
    assert config.resolve("a/b") == tmp_path / "a/b"
    assert config.resolve("/a/b") == Path("/a/b")
    assert config.data_folder == tmp_path / "data"
    elsewhere = load_config(tmp_path / "config.toml", folder=Path("/else"))
    assert elsewhere.data_folder == Path("/else/data")


def test_a_home_is_found_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    config = parse(LEAST)
    assert config.resolve("~/day") == Path("/home/me/day")
    with pytest.raises(ConfigError, match="expected a file name, found '~nobody-here/day'"):
        config.resolve("~nobody-here/day")


def test_names_of_the_package_lead_into_it() -> None:
    assert parse(LEAST).resolve("package:demo/uniswap_v3_day/pools.json").is_file()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.datetimes() | st.times(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["day", "flash_arbitrage", "logs", "kind", "latency", "speed", "x"]), inner)
    ),
    max_leaves=8,
)


@given(document=st.dictionaries(st.sampled_from([*Config.__struct_fields__, "x"]), ANYTHING))
def test_any_document_is_read_or_refused(document: dict[str, Any]) -> None:
    with suppress(ConfigError):
        parse_config(document, folder=Path("/there"))


# --- a live chain ----------------------------------------------------------------------------------------------------

LIVE = """
[collectors.polygon]
kind = "evm"
chain_id = 137
block_time_ms = 2000
nodes = [{ label = "one", http = "https://there.example", ws = { env = "THERE" } }]
[strategies.flash_arbitrage]
evaluate = "block"
"""


def test_the_example_of_a_live_chain_is_read() -> None:
    """It names a pool file that is there, and defaults where it says so."""
    config = load_config(ROOT / "examples" / "polygon.toml")
    collector = config.collectors["polygon"]
    assert isinstance(collector, EvmSection)
    assert config.resolve(collector.pools).is_file()
    assert collector.finality == FinalitySection()
    assert collector.verify_ppm == 100_000


def test_a_live_chain_has_the_defaults_and_takes_urls_from_elsewhere() -> None:
    """A URL may stand in the configuration, in the environment or in a file."""
    node = NodeSection(label="one", http="https://there.example", ws=SecretSource(env="THERE"))
    assert parse(LIVE).collectors["polygon"] == EvmSection(kind="evm", chain_id=137, block_time_ms=2000, nodes=(node,))


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ('kind = "evm"', 'kind = "emv"', "collectors.polygon.kind: expected 'recorded' or 'evm', found the text 'emv'"),
        ("chain_id = 137", "", "collectors.polygon.chain_id: expected a whole number, found no such key"),
        ("nodes = [", "nodes = [] # [", "collectors.polygon.nodes: expected at least one node, found an empty list"),
        (
            ', ws = { env = "THERE" }',
            "",
            "collectors.polygon.nodes: expected a node with `ws`, found none: nobody would",
        ),
        ('label = "one"', 'label = "a b"', "collectors.polygon.nodes[0].label: expected a label of 1 to 40 letters"),
        (
            'evaluate = "block"',
            "",
            'strategies.flash_arbitrage.evaluate: expected "block" with collectors.polygon of kind',
        ),
        (
            '[strategies.flash_arbitrage]\nevaluate = "block"',
            "pending = true\n[strategies.flash_arbitrage]",
            "execution.latency: expected { blocks = N } with evaluate",
        ),
    ],
)
def test_mistakes_of_a_live_chain_are_named(written: str, instead: str, message: str) -> None:
    """Each by its path; decisions after each mined log are refused, as nobody can act on them."""
    assert str(refusal(LIVE.replace(written, instead))).startswith(message)


# --- wallets, and how their transactions are sent -------------------------------------------------------------------

EXECUTOR, ACCOUNT = "0x" + "Ee" * 20, "0x" + "11" * 20


def wallets(**tables: str) -> str:
    return f"{LEAST}\n[wallets]\n" + "\n".join(f"{name} = {{ {table} }}" for name, table in tables.items())


def test_a_wallet_is_a_keystore_a_remote_signer_or_with_consent_a_variable() -> None:
    """Each of the three ways is read with what belongs to it."""
    config = parse(
        wallets(
            main=f'executor = "{EXECUTOR}", keystore = "main.json", password = {{ file = "word" }}',
            far=f'executor = "{ACCOUNT}", signer = "run/signer.sock", address = "{ACCOUNT}"',
            bare=f'executor = "0x{"22" * 20}", key_env = "KEY", accept_environment_key = true',
        )
    )
    assert config.wallets == {
        "main": WalletSection(executor=EXECUTOR, keystore="main.json", password=SecretSource(file="word")),
        "far": WalletSection(executor=ACCOUNT, signer="run/signer.sock", address=ACCOUNT),
        "bare": WalletSection(executor="0x" + "22" * 20, key_env="KEY", accept_environment_key=True),
    }


@pytest.mark.parametrize(
    ("written", "key", "problem"),
    [
        ("", "", "expected exactly one of keystore, signer, key_env, found none"),
        (', keystore = "a", signer = "b"', "", "expected exactly one of keystore, signer, key_env, found keystore and"),
        (', keystore = "a"', ".password", "expected it with keystore, and with nothing else"),
        (', signer = "a", password = { env = "B" }', ".password", "expected it with keystore, and with nothing else"),
        (', keystore = "a", password = {}', ".password", "expected exactly one of `env` and `file`, found neither"),
        (', keystore = "a", password = { env = "A", file = "b" }', ".password", "found both"),
        (', signer = "a"', ".address", "expected it with signer, and with nothing else"),
        (', signer = "a", address = "0x11"', ".address", "expected 0x and 40 hex digits, found '0x11'"),
        (', key_env = "A"', ".accept_environment_key", "expected true beside key_env"),
        (
            ', keystore = "a", password = { env = "A" }, accept_environment_key = true',
            ".accept_environment_key",
            "with",
        ),
    ],
)
def test_a_wallet_that_says_too_little_or_too_much_is_refused(written: str, key: str, problem: str) -> None:
    """The refusal names the key."""
    error = refusal(wallets(main=f'executor = "{EXECUTOR}"{written}'))
    assert str(error).startswith(f"wallets.main{key}: ")
    assert problem in str(error)


def test_two_wallets_never_share_a_contract_and_names_are_plain() -> None:
    """A contract obeys one owner, in whatever case its address is written."""
    key = 'key_env = "A", accept_environment_key = true'
    error = refusal(
        wallets(a=f'executor = "{EXECUTOR.lower()}", {key}', b=f'executor = "0x{EXECUTOR[2:].upper()}", {key}')
    )
    assert str(error).startswith("wallets.b.executor: expected a contract of its own")
    assert "wallets.main.executor: expected 0x" in str(refusal(wallets(main=f'executor = "0x12", {key}')))
    assert "wallets.a b: expected a name" in str(refusal(wallets(**{'"a b"': f'executor = "{EXECUTOR}", {key}'})))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('send = "private"', "execution.relay: expected it unless send is public, found none, send 'private'"),
        ('relay = "https://a.example"', "execution.relay: expected it unless send is public, found one, send 'public'"),
        ('send = "bundle"\nrelay = {}', "execution.relay: expected a URL, or exactly one of `env` and `file`"),
        ('relay_identity = { keystore = "a" }', "execution.relay_identity: expected it beside relay, found no relay"),
        (
            'send = "bundle"\nrelay = "https://a.example"\nrelay_identity = { keystore = "a" }',
            "execution.relay_identity.password: expected it with keystore",
        ),
        ("tip_floor_wei = 3\ntip_cap_wei = 2", "execution.tip_floor_wei: expected at most tip_cap_wei, 2, found 3"),
        ("tip_cap_wei = 3\ncap_wei = 2", "execution.tip_cap_wei: expected at most cap_wei, 2, found 3"),
        ('aave_pool = "0x1"', "execution.aave_pool: expected 0x and 40 hex digits, found '0x1'"),
    ],
)
def test_ways_and_fees_that_contradict_themselves_are_refused(written: str, problem: str) -> None:
    """Nothing of it is guessed at."""
    assert str(refusal(with_line("execution", written))).startswith(problem)
    config = parse(with_line("execution", 'send = "bundle"\nrelay = { env = "RELAY" }'))
    assert (config.execution.send, config.execution.relay) == ("bundle", SecretSource(env="RELAY"))
    identity = 'relay_identity = { key_env = "WHO", accept_environment_key = true }'
    config = parse(with_line("execution", f'send = "bundle"\nrelay = {{ env = "RELAY" }}\n{identity}'))
    assert config.execution.relay_identity == OwnKeySection(key_env="WHO", accept_environment_key=True)

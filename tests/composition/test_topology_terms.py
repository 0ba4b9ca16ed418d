"""`[topology]`: every part has one place, every mistake is named by its path."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from alphapulse.composition.topology import RelayPlace, Topology
from alphapulse.composition.topology_terms import read_topology
from alphapulse.config import parse_config
from alphapulse.data.instruments import Venue
from alphapulse.data.wire import Domain
from alphapulse.errors import ConfigError
from alphapulse.transport.address import TcpAddress, UnixAddress

PARTS = """
[collectors.day]
kind = "recorded"
logs = ["day.jsonl"]
[strategies.flash_arbitrage]
"""
SERVICES = """
[topology.services]
collector = ["collectors.day"]
strategy = ["strategies.flash_arbitrage"]
execution = ["execution"]
relays = ["relays.market_data", "relays.signals", "relays.execution"]
"""
RELAYS = """
[topology.relays]
market_data = { address = "unix:run/market_data.sock" }
signals = { address = "tcp:localhost:7001" }
execution = { address = "unix:/run/execution.sock" }
"""
SHARDS = """
[topology.relays]
one = { address = "unix:one.sock", carries = "market_data", venues = ["uniswap_v3"] }
two = { address = "unix:two.sock", carries = "market_data", venues = ["sushiswap", "uniswap_v2"] }
signals = { address = "unix:signals.sock" }
execution = { address = "unix:execution.sock" }
"""
SHARD_SERVICES = SERVICES.replace('"relays.market_data"', '"relays.one", "relays.two"')


def read(text: str) -> Topology | None:
    return read_topology(parse_config(tomllib.loads(text), folder=Path("/there")))


def topology(text: str) -> Topology:
    found = read(text)
    assert found is not None
    return found


def test_without_services_everything_is_one_process() -> None:
    assert read(PARTS) is None


def test_each_process_runs_its_parts_and_relays_are_where_the_file_says() -> None:
    found = topology(PARTS + SERVICES + RELAYS)
    assert {relay.name: relay.address for relay in found.relays} == {
        "market_data": UnixAddress(Path("/there/run/market_data.sock")),
        "signals": TcpAddress("localhost", 7001),
        "execution": UnixAddress(Path("/run/execution.sock")),
    }
    assert found.placement("collector").collectors == ("day",)
    assert found.placement("strategy").strategies == ("flash_arbitrage",)
    assert found.placement("execution").execution
    assert [relay.domain for relay in found.placement("relays").relays] == [
        Domain.MARKET_DATA,
        Domain.SIGNAL,
        Domain.EXECUTION,
    ]
    assert found.tls_folder == Path("/there/tls")


def test_they_start_from_the_relays_to_the_collectors() -> None:
    order = [one.service for one in topology(PARTS + SERVICES + RELAYS).in_order()]
    assert order == ["relays", "execution", "strategy", "collector"]


def test_a_relay_knows_who_reads_it_over_a_link() -> None:
    found = topology(PARTS + SERVICES + RELAYS)
    readers = {relay.name: found.consumers(relay) for relay in found.relays}
    assert readers == {
        "market_data": {"strategy", "execution"},
        "signals": {"execution"},
        "execution": {"strategy", "execution"},
    }


def test_who_has_a_relay_in_its_own_process_reads_it_there() -> None:
    apart = SERVICES.replace(', "relays.execution"]', "]").replace('["execution"]', '["execution", "relays.execution"]')
    found = topology(PARTS + apart + RELAYS)
    assert found.consumers(found.of_domain(Domain.EXECUTION)[0]) == {"strategy"}


def test_market_data_can_be_split_by_venue() -> None:
    found = topology(PARTS + SHARD_SERVICES + SHARDS)
    one, two = found.of_domain(Domain.MARKET_DATA)
    assert one == RelayPlace(
        "one", Domain.MARKET_DATA, UnixAddress(Path("/there/one.sock")), frozenset({Venue.UNISWAP_V3})
    )
    assert two.venues == {Venue.SUSHISWAP, Venue.UNISWAP_V2}


@pytest.mark.parametrize(
    ("before", "after", "path", "words"),
    [
        ('["collectors.day"]', '["collectors.dya"]', "services.collector[0]", "known one is `collectors.day`"),
        ('["collectors.day"]', "[]", "services.collector", "the parts that it runs"),
        ('collector = ["collectors.day"]', "", "services", "none for collectors.day"),
        ('["execution"]', '["execution", "collectors.day"]', "services.execution[1]", "in collector too"),
        ("collector =", '"The Collector" =', "services.The Collector", "expected a name"),
        ("unix:run/market_data.sock", "unix:", "relays.market_data.address", "absolute path"),
        ("unix:run/market_data.sock", "rdma:x", "relays.market_data.address", "not available"),
        ("unix:run/market_data.sock", "unix:/run/execution.sock", "relays.execution.address", "that of market_data"),
        ("market_data = {", "market = {", "relays.market.carries", "market_data, signals, execution"),
        (
            'signals = { address = "tcp:localhost:7001" }',
            'signals = { address = "unix:s", carries = "execution" }',
            "relays",
            "a relay that carries signals, found none",
        ),
        (
            "[topology.relays]",
            '[topology.relays]\nmore = { address = "unix:m", carries = "signals" }',
            "relays",
            "one relay that carries signals, found more, signals",
        ),
        (
            'market_data.sock" }',
            'market_data.sock", venues = ["ethereum"] }',
            "relays.market_data.venues",
            "none: it carries all",
        ),
        (
            'market_data.sock" }',
            'market_data.sock", venues = ["etherium"] }',
            "relays.market_data.venues[0]",
            "`ethereum`",
        ),
    ],
)
def test_mistakes_are_named(before: str, after: str, path: str, words: str) -> None:
    text = PARTS + SERVICES + RELAYS
    assert before in text
    with pytest.raises(ConfigError) as caught:
        read(text.replace(before, after, 1))
    assert caught.value.path == f"topology.{path}"
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "path", "words"),
    [
        (', venues = ["uniswap_v3"]', "", "relays.one.venues", "its venues"),
        ('["uniswap_v3"]', '["uniswap_v3", "sushiswap"]', "relays", "on several: sushiswap"),
        ('["execution"]', '["execution", "relays.one"]', "services.execution", "nothing but relays beside one"),
    ],
)
def test_mistakes_of_a_split_are_named(before: str, after: str, path: str, words: str) -> None:
    text = (PARTS + SHARD_SERVICES + SHARDS).replace('"relays.one", ', "", "relays.one" in after)
    with pytest.raises(ConfigError) as caught:
        read(text.replace(before, after, 1))
    assert caught.value.path == f"topology.{path}"
    assert words in str(caught.value)


def test_an_unknown_process_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="`collector`"):
        topology(PARTS + SERVICES + RELAYS).placement("colector")

"""What has to be asked of a live chain follows from the configuration, wherever its strategies run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from alphapulse.composition.cost_reading import cost_reader
from alphapulse.composition.environment import Environment
from alphapulse.composition.strategies import Strategies
from alphapulse.config import Config, parse_config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.errors import ConfigError
from alphapulse.relays.bus import Bus
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from tests.rules.arbitrage.market_samples import pool

AAVE = "0x" + "aa" * 20
NODE = {"label": "one", "http": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1"}
POOLS = [attrs.evolve(pool(1), id=InstrumentId.from_pool_address(b"\1" * 20, Venue.BASE))]


def configured(strategy: dict[str, Any], costs: dict[str, Any] | None = None, chain_id: int = 137) -> Config:
    chain = {
        "kind": "evm",
        "chain_id": chain_id,
        "block_time_ms": 2000,
        "nodes": [NODE],
    }
    document = {
        "collectors": {"chain": chain},
        "strategies": {"flash_arbitrage": {"evaluate": "block"} | strategy},
        "costs": costs or {},
        "execution": {"latency": {"blocks": 1}, "aave_pool": AAVE},
    }
    return parse_config(document, folder=Path("/"))


def is_read(config: Config) -> bool:
    (section,) = config.collectors.values()
    assert isinstance(section, EvmSection)
    return cost_reader(section, config, ChainCosts()) is not None


def test_lenders_and_prices_of_data_are_read_where_they_count_and_are_not_stated() -> None:
    """Optimism, Base and Arbitrum charge for data, Aave and Balancer for loans; a strategy that is off asks nobody."""
    l1 = {"rule": "arbitrum", "base_fee_wei": 1}
    for strategy, costs, chain_id, read in (
        ({}, {}, 137, False),
        ({}, {}, 10, True),
        ({}, {}, 8453, True),
        ({}, {}, 42161, True),
        ({}, {"l1": l1}, 42161, False),
        ({}, {"l1_wei_per_byte": 0}, 10, False),
        ({"flash_loan": "aave"}, {}, 137, True),
        ({"flash_loan": "balancer"}, {}, 137, True),
        ({"flash_loan": "swap"}, {}, 137, False),
        ({"flash_loan": "aave", "enabled": False}, {}, 137, False),
    ):
        assert is_read(configured(strategy, costs, chain_id)) is read, (strategy, costs, chain_id)


def test_aave_s_pool_has_to_be_named() -> None:
    without = parse_config(
        {
            "collectors": {"chain": {"kind": "evm", "chain_id": 137, "block_time_ms": 2000, "nodes": [NODE]}},
            "strategies": {"flash_arbitrage": {"evaluate": "block", "flash_loan": "aave"}},
            "execution": {"latency": {"blocks": 1}},
        },
        folder=Path("/"),
    )
    with pytest.raises(ConfigError) as caught:
        is_read(without)
    assert caught.value.path == "execution.aave_pool"


def test_a_process_of_strategies_without_a_collector_asks_by_itself() -> None:
    """A task of its own, with nodes of its own; where nothing has to be asked, or no strategy runs, there is none."""
    for strategy, here, tasks in (
        ({"flash_loan": "aave"}, ["flash_arbitrage"], ["chain costs"]),
        ({"flash_loan": "aave"}, [], []),
        ({}, ["flash_arbitrage"], []),
    ):
        strategies = Strategies(configured(strategy), POOLS, Bus(), here=here, run=lambda: 1, halt_epoch=lambda: 1)
        assert [one.name for one in strategies.cost_tasks(Environment())] == tasks

"""Who asks a live chain what trades cost there: beside its collector, or by itself where no collector runs."""

from __future__ import annotations

import trio

from alphapulse.collectors.evm.cost_reader import CostReader, CostTerms
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.costs import loan_terms
from alphapulse.composition.environment import Environment
from alphapulse.composition.live_chain import chain_terms_of, node_terms_of
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.errors import ConfigError
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.data_fee import DATA_RULES
from alphapulse.rules.arbitrage.flash_loan import ASKS_ON_CHAIN, LoanSource

BALANCER_VAULT = "0xBA12222222228d8Ba445958a75a0704d566BF2C8"
"""Where Balancer's vault stands on every chain that has one."""


def cost_reader(section: EvmSection, config: Config, costs: ChainCosts) -> CostReader | None:
    """What reads the chain's costs into `costs`; None if nothing has to be read.

    Raises:
        ConfigError: Aave is to lend, and nobody said where its pool is; or what the chain says is stated too.
    """
    stated = config.costs
    rule = DATA_RULES.get(section.chain_id)
    if stated.l1.rule is not None or stated.l1_wei_per_byte is not None:
        rule = None
    lender = _lender(config)
    if lender is None and rule is None:
        return None
    multicall = parse_address(section.multicall)
    return CostReader(CostTerms(section.chain_id, section.block_time_ms, multicall, lender, rule), costs)


def _lender(config: Config) -> tuple[LoanSource, bytes] | None:
    strategy = config.strategies.flash_arbitrage
    if strategy is None or not strategy.enabled:
        return None
    source = loan_terms(strategy, live=True).source
    if source not in ASKS_ON_CHAIN:
        return None
    text = config.execution.aave_pool
    if source is LoanSource.BALANCER:
        text = config.execution.balancer_vault or BALANCER_VAULT
    if text is None:
        raise ConfigError(
            "execution.aave_pool",
            'expected the address of Aave\'s pool, as flash_loan = "aave" asks it for its premium, found none',
        )
    return source, parse_address(text)


class CostService:
    """Reads the costs of the configured live chain where no collector runs, by a node pool of its own."""

    def __init__(
        self, name: str, section: EvmSection, config: Config, environment: Environment, reader: CostReader
    ) -> None:
        self._chain = chain_terms_of(name, section)
        self._nodes = node_terms_of(name, section, config)
        self._environment = environment
        self._reader = reader

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        async with open_node_pool(self._chain, self._nodes, self._environment) as nodes:
            task_status.started()
            await self._reader.begin(nodes)
            await self._reader.run(nodes)

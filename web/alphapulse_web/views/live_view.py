"""The control plane's consumer of the bus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.pools import Pool
from alphapulse.data.wire import Description, Domain
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting.outcome_table import OutcomeTable
from alphapulse_web.views.chains_view import ChainsView
from alphapulse_web.views.firehose_view import FirehoseView
from alphapulse_web.views.market_view import MarketView
from alphapulse_web.views.opportunity_view import OpportunityView
from alphapulse_web.views.pools_view import PoolsView
from alphapulse_web.views.transactions_view import TransactionsView


class LiveView:
    """Keeps the views of market, pools, chains, opportunities, outcomes, transactions and the firehose up to date."""

    def __init__(
        self, bus: Bus, pools: Sequence[Pool], quote_tokens: Sequence[bytes], now_ns: Callable[[], int]
    ) -> None:
        self._bus = bus
        self.market = MarketView(pools, quote_tokens)
        book = self.market.book
        self.pools = PoolsView(pools, state=book.state, trust=book.trust, quote_of=self.market.quote_of)
        self.chains = ChainsView(bus, pools, self.pools)
        self.opportunities = OpportunityView(pools)
        self.outcomes = OutcomeTable()
        self.transactions = TransactionsView()
        self.firehose = FirehoseView(now_ns)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        with self._bus.subscribe_to_all("control plane") as subscription:
            task_status.started()
            while True:
                messages = await subscription.receive()
                for message in messages:
                    self._apply(message)
                self.outcomes.take(messages)
                self.firehose.offer(messages)

    def _apply(self, message: object) -> None:
        if isinstance(message, StreamStatus) and message.state is StreamState.RESET:
            self.opportunities.begin_run()
        if _is_market_data(message):
            self.market.apply(message)
            self.pools.apply(message)
            self.chains.apply(message)
        else:
            self.opportunities.apply(message)
            self.transactions.apply(message)


def _is_market_data(message: object) -> bool:
    description: Description = message.DESCRIPTION  # type: ignore[attr-defined]  # relays carry nothing but messages
    return description.domain is Domain.MARKET_DATA

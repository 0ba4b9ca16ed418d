"""What became of each path in the present run, in the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool, Token
from alphapulse.rules.accounting.episode_record import EpisodeRecord
from alphapulse.rules.accounting.outcome_table import OutcomeTable, PathOutcome, Totals, by_pool, by_strategy
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse_web.api.study_shapes import Analytics, EpisodeView, OutcomeView, PathView
from alphapulse_web.views.amounts import amount, token_ref

EPISODES = 100


class AnalyticsView:
    """Shapes of an outcome table over these pools."""

    def __init__(self, table: OutcomeTable, pools: Sequence[Pool]) -> None:
        self._table = table
        directory = PoolDirectory.of(pools)
        self._pools: Mapping[InstrumentId, Pool] = directory.by_id
        self._names = {pool.id.name: pool.name for pool in pools}
        self._tokens = directory.tokens

    def analytics(self, run: int) -> Analytics:
        """By strategy, pool and path, those first that earned most, and the newest gaps."""
        self._table.settle()
        rows = sorted(self._table.paths.values(), key=lambda row: (-row.actual_net, -row.found))
        return Analytics(
            run=run,
            strategies=[self._outcome(one, one.name, []) for one in by_strategy(rows)],
            pools=[self._outcome(one, self._names[one.name], [one.name]) for one in by_pool(rows)],
            paths=[self._path(row) for row in rows],
            episodes=[self._episode(one) for one in islice(reversed(self._table.episodes), EPISODES)],
            unlisted=self._table.unlisted,
        )

    def _outcome(self, one: Totals, name: str, pools: list[str]) -> OutcomeView:
        token = self._tokens[one.profit_token]
        return OutcomeView(
            name=name,
            pools=pools,
            token=token_ref(token),
            found=one.found,
            episodes=one.episodes,
            taken=one.taken,
            won=one.won,
            lost=one.lost,
            expected=amount(one.expected_net, token),
            actual=amount(one.actual_net, token),
        )

    def _path(self, row: PathOutcome) -> PathView:
        token: Token = self._tokens[row.profit_token]
        return PathView(
            name=self._path_name(row.pools),
            pools=[pool.name for pool in row.pools],
            token=token_ref(token),
            found=row.found,
            episodes=row.episodes,
            taken=row.taken,
            won=row.won,
            lost=row.lost,
            expected=amount(row.expected_net, token),
            actual=amount(row.actual_net, token),
            strategy=row.strategy,
            refused=dict(sorted(row.refused.items())),
            cancelled=row.cancelled,
            closed_in_block=row.closed_in_block,
            closed_later=row.closed_later,
            logs_later=row.median_logs_later,
        )

    def _episode(self, one: EpisodeRecord) -> EpisodeView:
        closed = one.closed or (None, None)
        return EpisodeView(
            strategy=one.strategy,
            path=self._path_name(one.pools),
            states=one.states,
            best=amount(one.best_profit, self._tokens[one.profit_token]),
            opened_block=one.opened[0],
            opened_log=one.opened[1],
            closed_block=closed[0],
            closed_log=closed[1],
            closer="0x" + one.closer.hex() if one.closer is not None else None,
            closed_by_opener=one.closed_by_opener,
            logs_later=one.logs_later,
            taking=one.taking.value,
        )

    def _path_name(self, pools: Sequence[InstrumentId]) -> str:
        return " > ".join(self._pools[pool].name for pool in pools)

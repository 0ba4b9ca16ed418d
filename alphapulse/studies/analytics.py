"""The analytics of a recording: a replay whose relays are folded into an outcome table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alphapulse.composition.environment import DataPaths
from alphapulse.config import Config
from alphapulse.daemon import Daemon
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.errors import AlphaPulseError
from alphapulse.rules.accounting.episode_record import EpisodeRecord
from alphapulse.rules.accounting.outcome_table import OutcomeTable, PathOutcome, Totals, by_pool, by_strategy
from alphapulse.studies.headless import hex_text, replay_recording

CLOSERS = 5
"""Transactions that a row names as those to whom most was lost."""


async def analyse(config: Config, paths: DataPaths) -> tuple[dict[str, Any], AlphaPulseError | None]:
    """What the recording says of every path, and the problem that ended it early, if any did."""
    table = OutcomeTable()

    def read(daemon: Daemon) -> dict[str, Any]:
        table.settle()
        return analytics(table, {pool.id: pool for pool in daemon.pools})

    return await replay_recording(config, paths, read, listen=table.take)


def analytics(table: OutcomeTable, pools: Mapping[InstrumentId, Pool]) -> dict[str, Any]:
    """The table as integers and text; amounts are raw units of the row's token."""
    rows = sorted(table.paths.values(), key=lambda row: (-row.actual_net, -row.found))
    return {
        "strategies": [_totals(one) for one in by_strategy(rows)],
        "pools": [_totals(one) | {"pool": _name(one.name, pools)} for one in by_pool(rows)],
        "paths": [_path(one, pools) for one in rows],
        "episodes": [_episode(one, pools) for one in table.episodes],
        "unlisted": table.unlisted,
    }


def _totals(one: Totals) -> dict[str, Any]:
    return {
        "name": one.name,
        "token": hex_text(one.profit_token),
        "paths": one.paths,
        "found": one.found,
        "episodes": one.episodes,
        "taken": one.taken,
        "won": one.won,
        "lost": one.lost,
        "expected_net": one.expected_net,
        "actual_net": one.actual_net,
    }


def _path(row: PathOutcome, pools: Mapping[InstrumentId, Pool]) -> dict[str, Any]:
    return {
        "strategy": row.strategy,
        "pools": [pool.name for pool in row.pools],
        "names": [pools[pool].name for pool in row.pools],
        "token": hex_text(row.profit_token),
        "found": row.found,
        "episodes": row.episodes,
        "refused": dict(sorted(row.refused.items())),
        "taken": row.taken,
        "won": row.won,
        "lost": row.lost,
        "cancelled": row.cancelled,
        "expected_net": row.expected_net,
        "actual_net": row.actual_net,
        "closed_in_block": row.closed_in_block,
        "closed_later": row.closed_later,
        "median_logs_later": row.median_logs_later,
        "logs_later": {str(logs): count for logs, count in sorted(row.logs_later.items())},
        "lost_to": [{"transaction": hex_text(tx), "gaps": gaps} for tx, gaps in row.closers.most_common(CLOSERS)],
    }


def _episode(one: EpisodeRecord, pools: Mapping[InstrumentId, Pool]) -> dict[str, Any]:
    return {
        "strategy": one.strategy,
        "names": [pools[pool].name for pool in one.pools],
        "token": hex_text(one.profit_token),
        "opened": list(one.opened),
        "opener": hex_text(one.opener) if one.opener is not None else None,
        "states": one.states,
        "best_profit": one.best_profit,
        "best_net": one.best_net,
        "closed": list(one.closed) if one.closed is not None else None,
        "closer": hex_text(one.closer) if one.closer is not None else None,
        "closed_by_opener": one.closed_by_opener,
        "logs_later": one.logs_later,
        "blocks_later": one.blocks_later,
        "taking": one.taking.value,
    }


def _name(address: str, pools: Mapping[InstrumentId, Pool]) -> str:
    return next(pool.name for pool in pools.values() if pool.id.name == address)

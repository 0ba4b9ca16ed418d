"""Questions to the ledger, answered in a worker thread over connections that cannot write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs
import trio
from sqlalchemy import Row, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from alphapulse.data.execution import Fill, Mode
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.errors import LedgerError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.journal.database import reading_engine
from alphapulse.journal.ledger_rows import Result, books_of, token_bytes
from alphapulse.journal.schema import FILLS, OPPORTUNITIES, PNL, POSITIONS, RUNS
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss
from alphapulse.rules.wire.codec import decode_value

T = TypeVar("T")

CLOSE_TIMEOUT_S = 5.0
CONNECTIONS = 2


@attrs.frozen
class Page(Generic[T]):
    """Rows, newest first. `next_cursor` asks for the older ones; None if there are none."""

    rows: tuple[T, ...]
    next_cursor: str | None


@attrs.frozen
class Reason:
    """Why an opportunity was refused or failed: `code` in lower case, and what was found against what was allowed."""

    code: str
    text: str
    value: int | None
    limit: int | None
    unit: str


@attrs.frozen
class OpportunityRow:
    """A signal and what became of it. `actual_net` is raw profit token: of the trade, or minus the gas of a failure."""

    record: int
    signal: ArbitrageSignal
    result: Result
    reason: Reason | None
    actual_net: int | None


@attrs.frozen
class FillRow:
    """A fill and its journal record. `orphaned`: a reorganisation took its block, and it off the books."""

    record: int
    fill: Fill
    orphaned: bool


@attrs.frozen
class RunRow:
    """A run of the books; `ended_ns` and `end_reason` are None while it goes on, or after a crash. Wall clock, ns."""

    number: int
    mode: Mode
    source: str
    configuration: str
    reason: str
    started_ns: int
    ended_ns: int | None
    end_reason: str | None


@attrs.frozen
class PnlRow:
    """Profit and loss of a strategy on a market day (UTC, `2024-01-05`) in one token."""

    strategy: str
    day: str
    books: ProfitAndLoss


@attrs.frozen
class PositionRow:
    """A strategy's holding in raw units of `token`, and the gas in wei that its trades in that token have burnt."""

    strategy: str
    token: bytes
    amount: int
    gas_wei: int


class LedgerReader:
    """Reads the ledger at a database URL. Every method raises LedgerError if the database does not answer."""

    def __init__(self, url: str, *, run_blocking: RunBlocking) -> None:
        self._engine = reading_engine(url)
        self._run_blocking = run_blocking
        self._limiter = trio.CapacityLimiter(CONNECTIONS)

    async def aclose(self) -> None:
        """Lets go of the database, also when it is cancelled: nobody else would close its connections."""
        with trio.move_on_after(CLOSE_TIMEOUT_S, shield=True):
            await self._run_blocking(self._engine.dispose, limiter=self._limiter)

    async def opportunities(
        self, cursor: str | None = None, limit: int = 50, *, result: Result | None = None, run: int | None = None
    ) -> Page[OpportunityRow]:
        """Signals, newest first, behind `cursor`. Raises ValueError for a cursor that is none, or a limit below 1."""
        query = select(OPPORTUNITIES)
        if result is not None:
            query = query.where(OPPORTUNITIES.c.result == result.value)
        if run is not None:
            query = query.where(OPPORTUNITIES.c.run == run)
        rows = await self.page(query, OPPORTUNITIES.c.record, cursor, limit)
        return to_page([_opportunity(row) for row in rows], limit)

    async def fills(self, cursor: str | None = None, limit: int = 50, *, run: int | None = None) -> Page[FillRow]:
        """Fills, newest first, behind `cursor`. Raises ValueError for a cursor that is none, or a limit below 1."""
        query = select(FILLS.c.record, FILLS.c.value, FILLS.c.revoked)
        if run is not None:
            query = query.where(FILLS.c.run == run)
        rows = await self.page(query, FILLS.c.record, cursor, limit)
        found = [FillRow(row.record, decode_value(Fill, row.value), row.revoked is not None) for row in rows]
        return to_page(found, limit)

    async def runs(self) -> tuple[RunRow, ...]:
        """All runs, newest first."""
        return tuple(_run(row) for row in await self.rows(select(RUNS).order_by(RUNS.c.record.desc())))

    async def pnl(self, run: int) -> tuple[PnlRow, ...]:
        """A run's profit and loss by strategy, day and token."""
        rows = await self.rows(select(PNL).where(PNL.c.run == run).order_by(PNL.c.strategy, PNL.c.day, PNL.c.token))
        return tuple(PnlRow(row.strategy, row.day, books_of(dict(row._mapping))) for row in rows)

    async def positions(self, run: int) -> tuple[PositionRow, ...]:
        """A run's holdings by strategy and token."""
        table = POSITIONS
        rows = await self.rows(select(table).where(table.c.run == run).order_by(table.c.strategy, table.c.token))
        return tuple(
            PositionRow(row.strategy, token_bytes(row.token), int(row.amount), int(row.gas_wei)) for row in rows
        )

    async def opportunity_counts(self, run: int) -> dict[Result, int]:
        """How many of a run's opportunities had each result; their sum is how many were found."""
        result = OPPORTUNITIES.c.result
        counts = select(result, func.count().label("opportunities")).where(OPPORTUNITIES.c.run == run).group_by(result)
        rows = await self.rows(counts)
        return dict.fromkeys(Result, 0) | {Result(row.result): row.opportunities for row in rows}

    async def page(self, query: Select[Any], record: Any, cursor: str | None, limit: int) -> Sequence[Row[Any]]:
        """Rows, newest first, behind `cursor`: up to one more than `limit`, which tells whether there are older ones.

        Raises ValueError for a cursor that is none, or a limit below 1.
        """
        if limit < 1:
            raise ValueError(f"limit: expected at least 1, was {limit}")
        if cursor is not None:
            query = query.where(record < _record_of(cursor))
        return await self.rows(query.order_by(record.desc()).limit(limit + 1))

    async def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """What a query of the ledger's tables answers; for readers of subjects of their own."""
        return await self._run_blocking(self._select, query, limiter=self._limiter)

    def _select(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise LedgerError(f"the ledger's database did not answer: {error}") from error


def _record_of(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise ValueError(f"cursor: expected the next_cursor of an earlier page, was {cursor[:40]!r}")
    return int(cursor)


class Numbered(Protocol):
    """A row that knows its journal record."""

    @property
    def record(self) -> int:
        """The record's index."""


P = TypeVar("P", bound=Numbered)


def to_page(rows: list[P], limit: int) -> Page[P]:
    """The page that `rows` of `LedgerReader.page` make."""
    if len(rows) <= limit:
        return Page(tuple(rows), None)
    return Page(tuple(rows[:limit]), str(rows[limit - 1].record))


def _opportunity(row: Row[Any]) -> OpportunityRow:
    return OpportunityRow(
        record=row.record,
        signal=decode_value(ArbitrageSignal, row.value),
        result=Result(row.result),
        reason=None if row.reason_code is None else _reason(row),
        actual_net=_integer(row.actual_net),
    )


def _reason(row: Row[Any]) -> Reason:
    return Reason(
        code=row.reason_code,
        text=row.reason_text,
        value=_integer(row.reason_value),
        limit=_integer(row.reason_limit),
        unit=row.reason_unit,
    )


def _run(row: Row[Any]) -> RunRow:
    return RunRow(
        number=row.run,
        mode=Mode[row.mode],
        source=row.source,
        configuration=row.configuration,
        reason=row.reason,
        started_ns=row.started_ns,
        ended_ns=row.ended_ns,
        end_reason=row.end_reason,
    )


def _integer(text: str | None) -> int | None:
    return None if text is None else int(text)

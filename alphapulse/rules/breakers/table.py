"""The circuit breakers as data: what trips each, which scope it stops, how far, and how it ends."""

from __future__ import annotations

from typing import Final, NamedTuple

from alphapulse.data.halts import Level
from alphapulse.rules.breakers.breaker import PERSON, ResetRule

SECOND_NS: Final = 1_000_000_000

STALE_DATA = "stale_data"
PRICE_JUMP = "price_jump"
DAILY_LOSS = "daily_loss"
DRAWDOWN = "drawdown"
LOSING_STREAK = "losing_streak"
REJECT_STORM = "reject_storm"
REJECT_RATIO = "reject_ratio"
THROTTLE = "throttle"
REPEATED = "repeated"
RECONCILIATION = "reconciliation"
CHAIN_HEALTH = "chain_health"
REORGANISATION = "reorganisation"
QUARANTINE = "quarantine"
LOOP_LAG = "loop_lag"
MEMORY = "memory"
DISK_LOW = "disk_low"
DISK_FULL = "disk_full"


class BreakerRow(NamedTuple):
    """One breaker. `scope` is the kind of scope that it stops; `trip` and `ends` say in words when, and how it ends."""

    rule: str
    scope: str
    level: Level
    reset: ResetRule
    trip: str
    ends: str


BY_A_PERSON = "a person resumes the scope"

ROWS: tuple[BreakerRow, ...] = (
    BreakerRow(
        STALE_DATA, "strategy", Level.REDUCING, ResetRule(clean_ns=30 * SECOND_NS),
        "3 signals in a row on input that was too old, or from a stream in trouble",
        "after 30 s with a whole stream; the third time in an hour a person",
    ),
    BreakerRow(
        PRICE_JUMP, "instrument", Level.REDUCING, ResetRule(clean_ns=60 * SECOND_NS),
        "a pool's price moves by more than `max_jump_ppm` within 60 s",
        "after 60 s without such a move; the third time in an hour a person",
    ),
    BreakerRow(
        DAILY_LOSS, "strategy or global", Level.HALTED, PERSON,
        "a market day's loss reaches `max_daily_loss`", BY_A_PERSON,
    ),
    BreakerRow(
        DRAWDOWN, "strategy or global", Level.HALTED, PERSON,
        "the net profit has fallen by `max_drawdown` from its peak", BY_A_PERSON,
    ),
    BreakerRow(
        LOSING_STREAK, "strategy", Level.HALTED, PERSON,
        "`max_losing_streak` losing trades in a row", BY_A_PERSON,
    ),
    BreakerRow(
        REJECT_STORM, "venue", Level.HALTED, PERSON,
        "`max_failures_in_row` trades in a row were reverted or rejected", BY_A_PERSON,
    ),
    BreakerRow(
        REJECT_RATIO, "venue", Level.REDUCING, ResetRule(clean_ns=60 * SECOND_NS, probe=True),
        "of at least `least_outcomes` trades of 60 s more than `max_failure_ppm` failed",
        "after 60 s one probe, in a tenth of the limits: a fill closes it, anything else opens it again; the third "
        "time in an hour a person",
    ),
    BreakerRow(
        THROTTLE, "strategy", Level.HALTED, PERSON,
        "the gate refused a trade because of a pace (`max_venue_intents`, `max_strategy_intents`, `max_intents`)",
        BY_A_PERSON,
    ),
    BreakerRow(
        REPEATED, "strategy", Level.HALTED, PERSON,
        "`max_unfilled_repeats` trades of one path without a fill", BY_A_PERSON,
    ),
    BreakerRow(
        RECONCILIATION, "venue", Level.HALTED, PERSON,
        "3 rounds in a row in which our books and the venue's differ, or more than `max_unknown_orders` orders whose "
        "outcome is not known",
        "a clean round, then a person resumes the scope",
    ),
    BreakerRow(
        CHAIN_HEALTH, "venue", Level.REDUCING, ResetRule(clean_ns=1),
        "no block for 6 s or three block times, a reorganisation of more than 32 blocks, finality that stands still "
        "for 6 min or a hundred block times (each the longer of both), or no "
        "quorum of nodes; not in a replay",
        "after 64 clean blocks; the third time in an hour, and after a deep reorganisation, a person",
    ),
    BreakerRow(
        REORGANISATION, "venue", Level.HALTED, PERSON,
        "a reorganisation of more than 2,000 blocks: further back than the books of pools go", BY_A_PERSON,
    ),
    BreakerRow(
        QUARANTINE, "instrument", Level.REDUCING, ResetRule(clean_ns=1),
        "a pool's state was found to differ from the chain's",
        "when the pool is proved anew; the third time in an hour a person",
    ),
    BreakerRow(
        LOOP_LAG, "global", Level.HALTED, PERSON,
        "the loop comes round more than `max_loop_lag_ms` late for 3 s", BY_A_PERSON,
    ),
    BreakerRow(
        MEMORY, "global", Level.HALTED, PERSON,
        "the process holds more than 80% of `max_memory_mib`", "when it holds less, a person resumes",
    ),
    BreakerRow(
        DISK_LOW, "global", Level.REDUCING, PERSON,
        "less than 10% of the data folder's disk are free; at 20% it warns", "when more is free, a person resumes",
    ),
    BreakerRow(
        DISK_FULL, "global", Level.HALTED, PERSON,
        "less than 5% of the disk, or 256 MiB, are free", "when more is free, a person resumes",
    ),
)  # fmt: skip

ROW_OF: dict[str, BreakerRow] = {row.rule: row for row in ROWS}

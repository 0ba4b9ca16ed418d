"""What each record changes in the ledger."""

from __future__ import annotations

import json

import pytest

from alphapulse.data.execution import Check
from alphapulse.data.halts import Level
from alphapulse.data.registry import MESSAGES
from alphapulse.journal.ledger_changes import Account, Booking, Holding, Insert, Movement, Update, changes
from alphapulse.journal.schema import METADATA
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss
from alphapulse.rules.wire.codec import decode_value
from tests.journal.journal_samples import (
    USDC,
    audit,
    decision,
    fill,
    halt,
    halt_report,
    intent,
    report,
    run_ended,
    run_started,
    signal,
)
from tests.journal.transaction_samples import finding, signed, status, wallet_audit

ACCOUNT = Account(run=1, strategy="flash", day="2024-01-05", token=USDC)
SHOWN = [
    run_started(),
    signal(),
    decision(),
    intent(),
    fill(),
    report(),
    halt(),
    halt_report(),
    audit(),
    run_ended(),
    signed(),
    status(),
    finding(),
    wallet_audit(),
]


def test_signal_is_a_pending_opportunity_from_which_it_can_be_read_back() -> None:
    (change,) = changes(7, signal(gross=2**255 - 1))
    assert isinstance(change, Insert)
    assert change.table == "opportunities"
    assert (change.row["record"], change.row["result"]) == (7, "pending")
    assert change.row["gross"] == str(2**255 - 1)
    value = change.row["value"]
    assert isinstance(value, bytes)
    assert decode_value(type(signal()), value) == signal(gross=2**255 - 1)


def test_unpriced_gas_stays_unknown() -> None:
    (change,) = changes(1, signal(gas_cost=None))
    assert isinstance(change, Insert)
    assert (change.row["gas_cost"], change.row["net"]) == (None, None)


def test_legs_are_json_with_amounts_as_text() -> None:
    (change,) = changes(1, signal())
    assert isinstance(change, Insert)
    legs = json.loads(str(change.row["legs"]))
    assert [leg["amount_in"] for leg in legs] == ["1000000000", "1000000000"]
    assert legs[0]["token_in"] == "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


def test_refusal_tells_its_reason_and_is_counted() -> None:
    update, booking = changes(1, decision(failed=Check.MAX_TRADE_VALUE))
    assert isinstance(update, Update)
    assert (update.table, update.key) == ("opportunities", (1, 1))
    assert update.row == {
        "result": "refused",
        "reason_code": "max_trade_value",
        "reason_text": "the net profit is below the limit",
        "reason_value": "-5",
        "reason_limit": "100",
        "reason_unit": "raw USDC",
        "actual_net": None,
    }
    assert booking == Booking(ACCOUNT, ProfitAndLoss(USDC, refused=1))


def test_approval_changes_nothing_yet() -> None:
    assert changes(1, decision(failed=None)) == []


def test_fill_is_booked_and_moves_the_holding_by_profit_less_flash_fee() -> None:
    insert, update, booking, movement = changes(5, fill(gross=1_000))
    assert isinstance(insert, Insert)
    assert insert.table == "fills"
    assert isinstance(update, Update)
    assert (update.row["result"], update.row["actual_net"], update.row["reason_code"]) == ("traded", "560", None)
    assert booking == Booking(ACCOUNT, ProfitAndLoss(USDC).add_fill(fill(gross=1_000)))
    assert movement == Movement(Holding(1, "flash", USDC), 650, 4 * 10**15)


def test_failure_costs_gas_and_moves_nothing_else() -> None:
    insert, update, booking, movement = changes(5, report())
    assert isinstance(insert, Insert)
    assert insert.table == "reports"
    assert isinstance(update, Update)
    assert (update.row["result"], update.row["reason_code"], update.row["actual_net"]) == ("failed", "reverted", "-40")
    assert booking == Booking(ACCOUNT, ProfitAndLoss(USDC).add_failure(report()))
    assert movement == Movement(Holding(1, "flash", USDC), 0, 2 * 10**15)


def test_halt_report_goes_to_the_halt_and_not_to_the_resume() -> None:
    (inserted,) = changes(1, halt(3))
    (update,) = changes(2, halt_report(3))
    assert isinstance(inserted, Insert)
    assert isinstance(update, Update)
    assert update.key == (3, "global", Level.HALTED.name)
    assert (update.row["cancelled"], update.row["in_flight"]) == (2, 1)
    assert json.loads(str(update.row["kept_running"])) == ["collectors", "portfolio"]


def test_end_of_a_run_is_noted_on_the_run() -> None:
    (update,) = changes(9, run_ended(4))
    assert isinstance(update, Update)
    assert (update.table, update.key) == ("runs", (4,))


@pytest.mark.parametrize("record", SHOWN, ids=lambda record: type(record).__name__)
def test_rows_fill_exactly_the_columns_of_their_table(record: object) -> None:
    for change in changes(1, record):
        match change:
            case Insert(table, row):
                assert list(row.keys() ^ METADATA.tables[table].columns.keys()) == []
            case Update(table, _, row):
                assert row.keys() <= set(METADATA.tables[table].columns.keys())


def test_messages_of_other_kinds_change_nothing() -> None:
    shown = {type(record) for record in SHOWN}
    assert {cls.__name__ for cls in MESSAGES.values()} > {cls.__name__ for cls in shown}
    assert changes(1, object()) == []
    assert changes(1, None) == []

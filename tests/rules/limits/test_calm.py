"""The one look at all amounts says that no check speaks up exactly when none does, asked one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Mode
from alphapulse.rules.limits import amounts
from alphapulse.rules.limits.checks import ORDER
from alphapulse.rules.limits.facts import Facts
from alphapulse.rules.limits.limit_table import RAW, ROWS, LimitRow
from alphapulse.rules.limits.marks import Marks
from tests.execution.execution_fakes import evolved
from tests.execution.gate_bench import GateBench, flash
from tests.execution.test_gate import reverted
from tests.journal.journal_samples import DAY_NS, fill

SECOND = 10**9
SIGNAL = flash(99)
TRIES = st.lists(st.tuples(st.sampled_from(["open", "filled", "lost", "reverted"]), st.integers(0, 2)), max_size=6)


def most(row: LimitRow) -> int:
    """About as much as a few trades of the tests make of what the limit counts."""
    if row.unit == RAW:
        return 500 if "loss" in row.key or "drawdown" in row.key else 8 * SIGNAL.size
    return {"ppm": 20_000, "wei": 40 * 10**15}.get(row.unit, 8)


LIMITS = st.fixed_dictionaries({}, optional={(row.place, row.key): st.integers(1, 2 * most(row)) for row in ROWS})


def facts_after(tries: list[tuple[str, int]], limits: dict[tuple[object, str], int], mode: Mode = Mode.PAPER) -> Facts:
    """The facts of one more trade behind some that are open or have ended."""
    bench = GateBench(limits=limits, mode=mode)  # type: ignore[arg-type]
    gate = bench.gate()
    for number, (end, seconds) in enumerate(tries, 1):
        bench.market_ns = (bench.market_ns or 0) + seconds * SECOND
        bench.record.time.at(bench.market_ns)
        bench.record.approve(flash(number))
        if end == "reverted":
            bench.record.take(reverted(number))
        elif end != "open":
            net = {} if end == "filled" else {"net": -100}
            bench.record.take(evolved(fill(number, venue_time_ns=DAY_NS), **net))
    return gate._facts(SIGNAL)


@given(tries=TRIES, limits=LIMITS, mode=st.sampled_from(Mode))
def test_calm_is_what_all_checks_of_amounts_say_together(
    tries: list[tuple[str, int]], limits: dict[tuple[object, str], int], mode: Mode
) -> None:
    facts = facts_after(tries, limits, mode)
    found = [judge(facts) for judge in amounts.CHECKS]
    if amounts.calm(facts):
        assert found == [None] * len(found)
    elif mode is Mode.PAPER:  # with real money a limit that is not set speaks for itself
        assert any(found)


@given(LIMITS)
def test_each_mark_is_the_least_value_at_which_its_check_speaks(limits: dict[tuple[object, str], int]) -> None:
    ceilings = {row.field: limits[row.place, row.key] for row in ROWS if (row.place, row.key) in limits}
    marks = Marks.of(ceilings)
    assert marks.complete == (len(ceilings) == len(ROWS))
    for field, limit in ceilings.items():
        mark = getattr(marks, field)
        assert mark * 100 >= limit * 80 > (mark - 1) * 100


def test_calm_answers_for_every_check_of_its_module() -> None:
    of_module = {row.judge for row in ORDER if row.judge.__module__ == amounts.__name__}
    assert of_module == amounts.CHECKS

"""Re-arming: every role in every state with every precondition, against the one written table."""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path

import pytest

from alphapulse.data.halts import GLOBAL, HaltChange, Level, Via
from alphapulse.data.roles import Role
from alphapulse.errors import HaltError
from alphapulse.safety.halt_switch import HaltSwitch
from alphapulse.safety.latch import LatchRecord, write_latch
from alphapulse.safety.rearm import (
    ASKED_OUTSIDE,
    FLATTENERS,
    LOCKERS,
    PRECONDITIONS,
    REARMED_FROM,
    REARMERS,
    TRIPPERS,
    Answer,
    cooled_down,
    objections,
)

ALLOWED = {(role, level) for role in (Role.OPERATOR, Role.ADMIN) for level in (Level.HALTED, Level.REDUCING)}
"""Who may end what, if everything else holds."""
YES = dict.fromkeys(ASKED_OUTSIDE, Answer(True, "yes"))


def answers(holding: tuple[bool, ...]) -> dict[str, Answer]:
    return {name: Answer(holds, "as found") for name, holds in zip(ASKED_OUTSIDE, holding, strict=True)}


def test_the_table_is_what_it_is_meant_to_be() -> None:
    assert {Role.OPERATOR, Role.ADMIN} == REARMERS
    assert {Role.OPERATOR, Role.RISK, Role.ADMIN} == TRIPPERS == FLATTENERS
    assert {Role.RISK, Role.ADMIN} == LOCKERS
    assert {Level.HALTED, Level.REDUCING} == REARMED_FROM
    assert [one.name for one in PRECONDITIONS] == [
        *("role", "level", "challenge", "phrase", "reason", "carried out", "wider scope", "cool-down", "flatten"),
        *("halt file", "journal", "orders", "reconciliation", "clock", "venues", "machine", "foundation"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_the_allowed_set_equals_the_table(role: Role) -> None:
    """Every state, and every subset of the preconditions: it may end only where all hold."""
    for level in Level:
        for holding in product((True, False), repeat=len(ASKED_OUTSIDE)):
            allowed = not objections(role, level, answers(holding))
            assert allowed == ((role, level) in ALLOWED and all(holding)), (role, level, holding)


@pytest.mark.parametrize(("role", "level"), list(product(Role, Level)))
def test_each_precondition_alone_and_each_pair_forbid_it(role: Role, level: Level) -> None:
    """The same, for what fails alone or in pairs; each that fails is named, in the table's order."""
    for one, other in product(range(len(ASKED_OUTSIDE) + 1), repeat=2):
        failing = {ASKED_OUTSIDE[at] for at in (one, other) if at < len(ASKED_OUTSIDE)}
        found = objections(role, level, YES | {name: Answer(False, "no") for name in failing})
        named = [text.split(":")[0] for text in found]
        expected = failing | ({"role"} - ({"role"} if role in REARMERS else set()))
        expected |= set() if level in REARMED_FROM else {"level"}
        assert named == [row.name for row in PRECONDITIONS if row.name in expected]


def test_what_nobody_answers_counts_as_no() -> None:
    for name in ASKED_OUTSIDE:
        silent = {one: answer for one, answer in YES.items() if one != name}
        assert objections(Role.ADMIN, Level.HALTED, silent) == [f"{name}: nobody has answered"]


def test_a_question_that_is_not_in_the_table_can_forbid_it_too() -> None:
    """It is a mistake of ours, and must not open the gate."""
    assert objections(Role.ADMIN, Level.HALTED, YES | {"moon": Answer(False, "full")}) == ["moon: full"]


def switch_at(folder: Path, level: Level) -> HaltSwitch:
    """A real switch whose global scope has that level."""
    change = HaltChange(3, 7, GLOBAL, level, "dana", Via.DASHBOARD, "odd prices", 1)
    switch = HaltSwitch(
        latch_path=folder / "paper.halt",
        record=LatchRecord().after(change),
        now_ns=lambda: 2,
        clock_ns=lambda: 3,
        market_ns=lambda: None,
        on_change=lambda _: None,
        on_flatten=lambda _: None,
        kept_running=tuple,
        on_report=lambda _: None,
        logger=logging.getLogger("quiet"),
        probation_ns=0,
        write=write_latch,
    )
    switch._kills_when_opened = None if level.stopped else 0
    return switch


@pytest.mark.parametrize(("role", "level"), list(product(Role, Level)))
def test_the_switch_itself_keeps_to_the_table(tmp_path: Path, role: Role, level: Level) -> None:
    """A real latch: it says ACTIVE only where the table allows it, and with one answer missing never."""
    outside = [name for name in ASKED_OUTSIDE if name not in {"carried out", "wider scope", "cool-down", "flatten"}]
    for failing in (None, *outside):
        switch = switch_at(tmp_path, level)
        found = YES if failing is None else YES | {failing: Answer(False, "no")}
        allowed = (role, level) in ALLOWED and failing is None
        if allowed:
            change = switch.resume(GLOBAL, reason="r", actor="a", via=Via.API, role=role, answers=found)
            assert change.level is switch.level("any") is Level.ACTIVE
            continue
        with pytest.raises(HaltError) as refusal:
            switch.resume(GLOBAL, reason="r", actor="a", via=Via.API, role=role, answers=found)
        assert switch.level_of(GLOBAL) is level
        assert failing is None or any(str(text).startswith(f"{failing}: ") for text in refusal.value.args)


@pytest.mark.parametrize("via", Via)
def test_a_halt_that_nobody_asked_for_cools_down(via: Via) -> None:
    """10 s after an automatic halt; at once after a person's, or one from before the start."""
    automatic = via in {
        *(Via.SUPERVISOR, Via.JOURNAL, Via.RISK, Via.BREAKER, Via.WATCHDOG, Via.RECONCILIATION, Via.CLOCK),
    }
    assert cooled_down(via, None).holds
    assert cooled_down(via, 10_000_000_000).holds
    assert cooled_down(via, 9_999_999_999).holds is not automatic
    if automatic:
        assert cooled_down(via, 3_500_000_000).text.endswith("7 s more")

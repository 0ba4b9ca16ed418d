"""Re-arming: who may end a halt, and what must hold first. One table, pure."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from alphapulse.data.halts import Level, Via
from alphapulse.data.roles import Role

TRIPPERS = frozenset({Role.OPERATOR, Role.RISK, Role.ADMIN})
"""Who may stop. A viewer may not; nothing else ever stands before a stop."""
LOCKERS = frozenset({Role.RISK, Role.ADMIN})
"""Who may lock: ending a lock takes a person at the machine."""
FLATTENERS = frozenset({Role.OPERATOR, Role.RISK, Role.ADMIN})
"""Who may have sold what a halted scope holds."""
REARMERS = frozenset({Role.OPERATOR, Role.ADMIN})
"""Who may end a halt: who runs the system. Never a strategy, a timer, a restart or a change of the configuration."""
REARMED_FROM = frozenset({Level.HALTED, Level.REDUCING})
"""The levels that a resume ends. LOCKED is ended at the machine, while the daemon is down."""

AUTOMATIC = frozenset({Via.SUPERVISOR, Via.JOURNAL, Via.RISK, Via.BREAKER, Via.WATCHDOG, Via.RECONCILIATION, Via.CLOCK})
"""Paths of halts that no person asked for: they cool down for 10 s."""
COOL_DOWN_NS = 10_000_000_000


@attrs.frozen
class Answer:
    """What somebody found when he was asked: whether it holds, and what is the case in words."""

    holds: bool
    text: str


@attrs.frozen
class Precondition:
    """A question that must be answered with yes before a halt ends."""

    name: str
    question: str
    asked: str
    """Who answers it."""


PRECONDITIONS = (
    Precondition("role", "Is it an operator or an admin who asks?", "re-arm table"),
    Precondition("level", "Is the scope HALTED or REDUCING, and not LOCKED?", "re-arm table"),
    Precondition("challenge", "Is it 60 s old at most, unused, and for this halt and actor?", "challenges"),
    Precondition("phrase", "Was the phrase typed as it was shown?", "challenges"),
    Precondition("reason", "Was a reason given?", "challenges"),
    Precondition("carried out", "Is every step of the halt done, and its report complete?", "halt switch"),
    Precondition("wider scope", "Does no halt of the global scope hold the scope too?", "halt switch"),
    Precondition("cool-down", "Are 10 s over since a halt that no person asked for?", "halt switch"),
    Precondition("flatten", "Is no flatten under way?", "halt switch"),
    Precondition("halt file", "Is there no file HALT in the data folder?", "sentinel file"),
    Precondition("journal", "Can the journal be written?", "journal"),
    Precondition("orders", "Is every order settled, and none unknown?", "gateways"),
    Precondition("reconciliation", "Do journal, portfolio, ledger and gateways agree?", "reconciliation"),
    Precondition("clock", "Has the wall clock kept step with the monotonic one?", "clock watch"),
    Precondition("venues", "Was the last round of questions to each venue clean?", "breakers"),
    Precondition("machine", "Have disk and memory room?", "own health"),
    Precondition("foundation", "Does every part of the foundation run?", "tree of tasks"),
)
"""Every precondition, in the order in which failures are named. docs/halting.md shows this table."""

ASKED_OUTSIDE = tuple(one.name for one in PRECONDITIONS if one.asked != "re-arm table")


def objections(role: Role, level: Level, answers: Mapping[str, Answer]) -> list[str]:
    """What forbids to end a halt, in the order of the table; nothing if it may end.

    Args:
        role: of who asks.
        level: of the scope now.
        answers: to every question but the first two. One that is missing counts as no.
    """
    own = {
        "role": Answer(role in REARMERS, f"expected the role {_names(REARMERS)}, found {role.name.lower()}"),
        "level": Answer(level in REARMED_FROM, _level_text(level)),
    }
    found = own | {name: answers.get(name, Answer(False, "nobody has answered")) for name in ASKED_OUTSIDE}
    # One that is asked but not in the table is a mistake of ours; it must not open the gate.
    names = [*(one.name for one in PRECONDITIONS), *(name for name in answers if name not in found)]
    found = dict(answers) | found
    return [f"{name}: {found[name].text}" for name in names if not found[name].holds]


def cooled_down(via: Via, age_ns: int | None) -> Answer:
    """The answer to `cool-down` for a halt by that path, so old; None: from before the start, which is long enough."""
    left_ns = COOL_DOWN_NS - age_ns if age_ns is not None and via in AUTOMATIC else 0
    return Answer(left_ns <= 0, f"nobody asked for this halt: look why it came, {-(-left_ns // 1_000_000_000)} s more")


def _level_text(level: Level) -> str:
    if level is Level.LOCKED:
        return (
            "the scope is locked: stop the daemon, unlock it at the machine (`alphapulse halt unlock`), start it again"
        )
    return f"expected a scope that is halted or reducing, found {level.name.lower()}: there is nothing to resume"


def _names(roles: frozenset[Role]) -> str:
    return " or ".join(role.name.lower() for role in sorted(roles))

"""What depends on each task of the daemon: what stops when its restarts are used up. One table, as data.

A task that the table does not know stops everything: nobody has said what may go on without it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.policy import RestartPolicy


class Escalation(enum.Enum):
    """What stops; the value is the text to show."""

    SHOWN = "nothing: it is shown as failed"
    REDUCE_VENUES = "the venues that it brings data of are REDUCING"
    REDUCE_ALL = "everything is REDUCING"
    HALT_STRATEGY = "its strategy is HALTED"
    HALT_ALL = "everything is HALTED"


@attrs.frozen
class ServiceTerms:
    """How one kind of task is kept running, and what its end means."""

    policy: RestartPolicy
    given_up: Escalation
    why: str

    @property
    def restartable(self) -> bool:
        """True if a fresh life knows all that it must know."""
        return self.policy.budget > 0

    @property
    def leaves(self) -> bool:
        """True if only another process can go on: what cannot be restarted here keeps trading halted for ever."""
        return self.given_up is Escalation.HALT_ALL and not self.policy.budget


STOPPABLE = frozenset({"engine", "strategy", "collector", "ledger"})
"""Rows of tasks that an operator may stop. The others guard, or are his own way in: these he may restart at most."""

SERVICES: Mapping[str, ServiceTerms] = {
    # What keeps the books and carries out halts: a fresh life would not know what the old one knew.
    "journal": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "nothing may happen that is not written down"),
    "portfolio": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "limits count what it knows"),
    "settlements": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "the gate counts what it is told of"),
    "gateway": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "what is on its way would be forgotten"),
    "sender": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "nobody would follow what a wallet has sent"),
    "halt switch": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "the next halt would not be carried out"),
    "breakers": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "what they have counted would be forgotten"),
    "runs": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "the books would belong to no run"),
    # What looks for trouble: without it trouble is not seen.
    "watchdog": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "a loop that stands still would not be noticed"),
    "own health": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "a full disk would not be noticed"),
    "clock watch": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "a clock that steps would not be noticed"),
    "wallet audit": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "a wallet that is robbed would not be noticed"),
    "forensics": ServiceTerms(RESTARTS, Escalation.SHOWN, "why trades fail is not found out, but they are booked"),
    "chain nodes": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "nothing could be sent, and nothing sent be followed"),
    "reconciliation": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "books that part would not be noticed"),
    # What decides.
    "engine": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "nothing is judged"),
    "strategy": ServiceTerms(RESTARTS, Escalation.HALT_STRATEGY, "the others go on"),
    # What brings data and shows them.
    "collector": ServiceTerms(RESTARTS, Escalation.REDUCE_VENUES, "what it brought is no longer fresh"),
    "relay": ServiceTerms(RESTARTS, Escalation.REDUCE_ALL, "other processes are cut off"),
    "link": ServiceTerms(RESTARTS, Escalation.REDUCE_ALL, "another process is cut off"),
    "shards": ServiceTerms(RESTARTS, Escalation.REDUCE_ALL, "blocks are no longer put together"),
    "control plane": ServiceTerms(RESTARTS, Escalation.REDUCE_ALL, "nobody sees what is going on"),
    # What nobody trades by: halts have other ways, views are made again.
    "ledger": ServiceTerms(RESTARTS, Escalation.SHOWN, "the journal has it all, and the ledger is made again"),
    "chain costs": ServiceTerms(RESTARTS, Escalation.SHOWN, "costs are unknown then, and what is unknown refuses"),
    "capture": ServiceTerms(NO_RESTART, Escalation.SHOWN, "nothing depends on it"),
    "control socket": ServiceTerms(RESTARTS, Escalation.SHOWN, "halts have other ways"),
    "halt file": ServiceTerms(RESTARTS, Escalation.SHOWN, "halts have other ways"),
    "service manager": ServiceTerms(RESTARTS, Escalation.SHOWN, "its own watchdog notices the silence"),
    "link notices": ServiceTerms(RESTARTS, Escalation.SHOWN, "what happens to links is only in the log"),
    "link audit": ServiceTerms(RESTARTS, Escalation.SHOWN, "what happens to links is not in the audit"),
    "given up elsewhere": ServiceTerms(RESTARTS, Escalation.HALT_ALL, "what fails elsewhere would not be noticed"),
    "departure": ServiceTerms(NO_RESTART, Escalation.SHOWN, "the process has to be stopped by hand"),
    "leaving": ServiceTerms(NO_RESTART, Escalation.SHOWN, "the process has to be stopped by hand"),
    "group": ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "a supervisor does not fail by itself"),
}
"""By kind of task, or by its name where the kind is `service`."""

UNKNOWN = ServiceTerms(NO_RESTART, Escalation.HALT_ALL, "nobody has said what may go on without it")


def row_of(spec: ChildSpec) -> str:
    """The key of a task's row."""
    return spec.name if spec.kind == "service" else spec.kind


def terms_of(spec: ChildSpec) -> ServiceTerms:
    """The row of a task."""
    return SERVICES.get(row_of(spec), UNKNOWN)

"""Who waits for whom across processes, so that a replay knows when nothing is on its way anywhere.

The rule is that of Dijkstra and Scholten ("Termination detection for diffusing computations", 1980). What a process
sends while it works for somebody is counted; what it receives is returned at once, save the first batch that set it to
work, which it returns when everything that came of it is done and has itself been returned.
"""

from __future__ import annotations

from typing import Protocol

from alphapulse.relays.flow import Flow


class Employer(Protocol):
    """The end of a link by which a counted batch came."""

    def release(self) -> None:
        """What came of the batch is done."""


class Engagement:
    """For whom this process works. One per process, over its one flow.

    `leads`: this process waits for others (its collector replays a recording). It works for itself, and never makes
    others wait for it.
    """

    def __init__(self, flow: Flow, *, leads: bool = False) -> None:
        self.flow = flow
        self._leads = leads
        self._employer: Employer | None = None
        flow.watch(self.settle)

    @property
    def counts(self) -> bool:
        """True if somebody waits for what this process sends now."""
        return self._leads or self._employer is not None

    def engage(self, employer: Employer) -> bool:
        """A counted batch came by `employer`. True if it is the one that is returned only when the work is done."""
        if self._leads or self._employer is not None:
            return False
        self._employer = employer
        return True

    def settle(self) -> None:
        """Return the batch that set this process to work, if nothing is on its way any more."""
        if not self.flow.pending and self._employer is not None:
            employer, self._employer = self._employer, None
            employer.release()

    def leave(self, employer: Employer) -> None:
        """The link by which the work came is gone: nobody waits for it."""
        if self._employer is employer:
            self._employer = None


class Unit:
    """One thing on its way, as far as a flow is concerned: open or not."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.is_open = False

    def set(self, is_open: bool) -> None:
        """Open or close it; a second time does nothing."""
        if is_open is not self.is_open:
            self.is_open = is_open
            if is_open:
                self._flow.begin()
            else:
                self._flow.finish()

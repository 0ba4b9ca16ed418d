"""What the engine needs of an executor, and what a halt needs of a gateway."""

from __future__ import annotations

from typing import Protocol

from alphapulse.data.execution import OrderRequest


class Executor(Protocol):
    """Takes intents that are durable in the journal. The engine is its only caller."""

    def submit(self, intents: list[OrderRequest]) -> None:
        """Take intents over, in order. Never waits; every intent ends in a fill or an execution report."""
        ...

"""One transaction of ours: what was signed, and how it stands. Pure."""

from __future__ import annotations

from typing import Self

import attrs

from alphapulse.data.transactions import TransactionSigned, TransactionState, TransactionStatus
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_states import Observation, after


@attrs.frozen
class TransactionRecord:
    """A signed transaction and its state. `sends` counts how often its bytes were sent."""

    signed: TransactionSigned
    state: TransactionState = TransactionState.SIGNED
    sends: int = 0
    block_number: int | None = None
    block_hash: bytes | None = None
    gas_used: int | None = None
    gas_price_wei: int | None = None
    text: str = ""
    changed_ns: int = 0

    @classmethod
    def of(cls, signed: TransactionSigned) -> Self:
        """As it stands when it was signed."""
        return cls(signed, text="signed", changed_ns=signed.signed_ns)

    @property
    def hash(self) -> bytes:
        """Of the signed bytes."""
        return self.signed.hash

    @property
    def nonce(self) -> int:
        """Its number in the wallet."""
        return self.signed.nonce

    @property
    def waits(self) -> bool:
        """Whether it may still come into a block and is in none."""
        return not self.state.ended and self.state is not TransactionState.MINED

    def sent_once_more(self) -> TransactionRecord:
        """Its bytes leave now."""
        return attrs.evolve(self, sends=self.sends + 1)

    def seen_as(
        self, observation: Observation, text: str, *, now_ns: int, receipt: Receipt | None = None
    ) -> TransactionRecord:
        """As it stands behind an observation; the same object if that changes nothing of it.

        That all have refused it leaves its state as it is, but is worth another text.
        `receipt` belongs to RECEIPT. A transaction that is in no block any more has neither gas nor price.
        """
        state = after(self.state, observation)
        if receipt is not None and state is TransactionState.MINED:
            if state is self.state and receipt.block_hash == self.block_hash:
                return self
            return attrs.evolve(
                self,
                state=state,
                block_number=receipt.block_number,
                block_hash=receipt.block_hash,
                gas_used=receipt.gas_used,
                gas_price_wei=receipt.gas_price_wei,
                text=text,
                changed_ns=now_ns,
            )
        if state is self.state:
            refused = observation is Observation.REFUSED and self.waits and text != self.text
            return attrs.evolve(self, text=text, changed_ns=now_ns) if refused else self
        if state in (TransactionState.SETTLED, TransactionState.MINED):
            return attrs.evolve(self, state=state, text=text, changed_ns=now_ns)
        return attrs.evolve(
            self,
            state=state,
            block_number=None,
            block_hash=None,
            gas_used=None,
            gas_price_wei=None,
            text=text,
            changed_ns=now_ns,
        )

    def status(self, run: int) -> TransactionStatus:
        """What is told of it, in the run of that number."""
        return TransactionStatus(
            run=run,
            wallet=self.signed.wallet,
            chain_id=self.signed.chain_id,
            nonce=self.nonce,
            hash=self.hash,
            state=self.state,
            sends=self.sends,
            block_number=self.block_number,
            block_hash=self.block_hash,
            gas_used=self.gas_used,
            gas_price_wei=self.gas_price_wei,
            text=self.text,
            changed_ns=self.changed_ns,
        )

    def told(self, status: TransactionStatus) -> TransactionRecord:
        """As a journal says that it stands."""
        return attrs.evolve(
            self,
            state=status.state,
            sends=status.sends,
            block_number=status.block_number,
            block_hash=status.block_hash,
            gas_used=status.gas_used,
            gas_price_wei=status.gas_price_wei,
            text=status.text,
            changed_ns=status.changed_ns,
        )

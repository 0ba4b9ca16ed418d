"""The numbers of one wallet: which are taken, by what, and which comes next. Folded from the journal's messages. Pure.

A number is taken by writing the record of the transaction that has it: there is no counter beside the records that
could have been raised without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alphapulse.data.transactions import TransactionSigned, TransactionState, TransactionStatus
from alphapulse.errors import SendRefused
from alphapulse.rules.transactions.fees import Fees
from alphapulse.rules.transactions.transaction_record import TransactionRecord

ENDED_KEPT: Final = 1_024
"""Transactions that have ended and can still be asked for; the oldest are forgotten first."""


class NonceBook:
    """A wallet's transactions on one chain: all that are not ended, the newest that are, and what follows for numbers.

    `mined` is how many transactions of the wallet the chain has, as a quorum says; None until that is known. It never
    falls by itself: a node that lags says less, and that means nothing.
    """

    def __init__(self) -> None:
        self.mined: int | None = None
        self._open: dict[bytes, TransactionRecord] = {}
        self._ended: dict[bytes, TransactionRecord] = {}
        self._attempts: dict[int, list[bytes]] = {}
        """Number to the hashes that have it and were not dropped, oldest first; of settled ones only the newest."""
        self._offered: dict[int, Fees] = {}
        """Number to the most that was ever signed for it, also of what was dropped."""
        self._behind = 0
        """All numbers below are of transactions that are final."""
        self._first: int | None = None

    # Records

    def __len__(self) -> int:
        """How many are not ended."""
        return len(self._open)

    def __iter__(self) -> Iterator[TransactionRecord]:
        """Those that are not ended, in order of their numbers, of one number the oldest first."""
        for nonce in sorted(self._attempts):
            for known in tuple(self._attempts[nonce]):
                if known in self._open:
                    yield self._open[known]

    def find(self, transaction_hash: bytes) -> TransactionRecord | None:
        """The transaction of that hash; None if there is none, or it has ended long ago."""
        return self._open.get(transaction_hash) or self._ended.get(transaction_hash)

    @property
    def waiting(self) -> list[TransactionRecord]:
        """Those that may still come into a block and are in none, in order of their numbers."""
        return [record for record in self if record.waits]

    def at(self, nonce: int) -> list[TransactionRecord]:
        """All attempts of a number that are not dropped, oldest first."""
        found = (self.find(known) for known in self._attempts.get(nonce, ()))
        return [record for record in found if record is not None]

    def newest_at(self, nonce: int) -> TransactionRecord | None:
        """The newest attempt of a number: the one that pays most, and that a replacement has to outbid."""
        return next(reversed(self.at(nonce)), None)

    # Fold

    def sign(self, signed: TransactionSigned) -> TransactionRecord:
        """A transaction is signed and in the journal: its number is taken in the same step."""
        record = TransactionRecord.of(signed)
        self._open[signed.hash] = record
        self._attempts.setdefault(signed.nonce, []).append(signed.hash)
        self._first = signed.nonce if self._first is None else min(self._first, signed.nonce)
        self.burn(signed.nonce, Fees(signed.tip_wei, signed.cap_wei))
        return record

    def tell(self, status: TransactionStatus) -> None:
        """A journal says how a transaction stands. One that it did not sign before is passed over."""
        record = self._open.get(status.hash)
        if record is not None:
            self.put(record.told(status))

    def put(self, record: TransactionRecord) -> None:
        """A transaction stands otherwise than before."""
        if not record.state.ended:
            self._open[record.hash] = record
            return
        self._open.pop(record.hash, None)
        self._ended[record.hash] = record
        if record.state is TransactionState.DROPPED:
            self._drop(record)
        else:
            self._behind = max(self._behind, record.nonce + 1)
            self._offered = {nonce: fees for nonce, fees in self._offered.items() if nonce >= self._behind}
        self._forget()

    # Numbers

    @property
    def floor(self) -> int:
        """All numbers below are used up on the chain."""
        return max(self.mined or 0, self._behind)

    def count(self, mined: int) -> None:
        """A quorum says that so many transactions of the wallet are in the chain.

        Less than before is believed only as far as one of ours waits there: nodes that had not heard of a
        reorganisation may have counted it.
        """
        if self.mined is None or mined >= self.mined:
            self.mined = mined
        else:
            self.mined = min((one.nonce for one in self.waiting if mined <= one.nonce < self.mined), default=self.mined)

    def undo(self, nonce: int) -> None:
        """The transaction of that number is in no block any more: its number is used up no longer."""
        self.mined = None if self.mined is None else min(self.mined, nonce)

    @property
    def next_nonce(self) -> int:
        """The lowest number that nothing has: a gap before anything new."""
        nonce = self.floor
        while self._attempts.get(nonce):
            nonce += 1
        return nonce

    @property
    def gaps(self) -> list[int]:
        """Numbers that nothing has, though later ones are taken: what is behind them cannot be mined."""
        taken = [nonce for nonce, known in self._attempts.items() if known and nonce >= self.floor]
        return [nonce for nonce in range(self.floor, max(taken, default=0)) if not self._attempts.get(nonce)]

    @property
    def unmined(self) -> int:
        """How many numbers are taken by transactions none of which is in a block."""
        waiting = {record.nonce for record in self._open.values() if record.waits}
        return len(waiting.difference(record.nonce for record in self._open.values() if not record.waits))

    def allocate(self, most_unmined: int) -> int:
        """The number for a new transaction. It is taken once `sign` is told of that.

        Raises:
            SendRefused: `nonce_unknown` before a quorum has told the chain's count, `too_many_unmined` when so many are
                under way already.
        """
        if self.mined is None:
            raise SendRefused("nonce_unknown", "no quorum of nodes has told how many transactions the wallet has")
        if (unmined := self.unmined) >= most_unmined:
            raise SendRefused("too_many_unmined", f"{unmined} are not mined, and {most_unmined} may be")
        return self.next_nonce

    def burn(self, nonce: int, fees: Fees) -> None:
        """Something was signed for the number with such fees, or may have been: a signer signs no less for it again."""
        self._offered[nonce] = fees.or_more(self._offered.get(nonce, fees))

    def offered(self, nonce: int) -> Fees | None:
        """The most that was offered for the number so far, which whatever comes next at it has to outbid."""
        return self._offered.get(nonce)

    def strangers(self, mined: int) -> list[int]:
        """Numbers that the chain has used up, if it has `mined` in all, and that no transaction of ours had.

        Only numbers since the first one of ours are looked at: what the wallet did before is its owner's business.
        """
        if self._first is None:
            return []
        begin = max(self._first, self.floor)
        return [nonce for nonce in range(begin, mined) if not self._attempts.get(nonce)]

    def overtaken(self, mined: int) -> list[int]:
        """Numbers that the chain has used up, if it has `mined` in all, while all of ours that had them wait."""
        waiting = {record.nonce for record in self._open.values() if record.waits and record.nonce < mined}
        return sorted(nonce for nonce in waiting if all(record.waits for record in self.at(nonce)))

    def _drop(self, record: TransactionRecord) -> None:
        known = self._attempts.get(record.nonce, [])
        if record.hash in known:
            known.remove(record.hash)
        if not known:
            self._attempts.pop(record.nonce, None)

    def _forget(self) -> None:
        while len(self._ended) > ENDED_KEPT:
            forgotten = self._ended.pop(next(iter(self._ended)))
            self._drop(forgotten)

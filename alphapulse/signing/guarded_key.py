"""A key behind its limits: what is signed is allowed, is not halted, and stands in the record first."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.errors import SigningRecordError
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.rules.signing.halt_standing import HaltStanding
from alphapulse.rules.signing.signed_entry import SignedEntry
from alphapulse.rules.signing.signing_history import SigningHistory
from alphapulse.rules.signing.signing_policy import SigningPolicy, check_halt
from alphapulse.signing.signing_key import SigningKey
from alphapulse.signing.signing_record import SigningRecord


class GuardedKey:
    """The only user of a key. All of it blocks: one thread at a time.

    Args:
        key: what signs.
        policy: what it may sign.
        record: what it has signed.
        is_synced: each signature waits for the disk, as it leaves the process at once. In the daemon it leaves behind
            the journal's own sync.
        standing: how trading stands now.
        now_ns: the wall clock.

    Raises:
        SigningRecordError: the record is not what was written.
    """

    def __init__(
        self,
        key: SigningKey,
        policy: SigningPolicy,
        record: SigningRecord,
        *,
        is_synced: bool,
        standing: Callable[[], HaltStanding],
        now_ns: Callable[[], int],
    ) -> None:
        self.address = key.address
        self._key = key
        self._policy = policy
        self._record = record
        self._is_synced = is_synced
        self._standing = standing
        self._now_ns = now_ns
        self._history = SigningHistory(policy, key.address, record.entries())
        self._unwritten = ""

    def sign(self, transaction: DynamicFeeTransaction, halt_epoch: int) -> SignedTransaction:
        """As `Signer.sign`."""
        self._policy.check(transaction, self.address)
        entry = self._history.checked(transaction, self._now_ns())
        check_halt(self._standing(), transaction, self.address, halt_epoch)
        if entry is not None:
            self._write_down(entry)
            # Once more: the disk may have taken its time, and a halt must not be overtaken. Refused here, the number
            # is used up for a process that begins anew, not for this one, which knows that nothing was signed.
            check_halt(self._standing(), transaction, self.address, halt_epoch)
            self._history.take(entry)
        elif self._unwritten:
            raise SigningRecordError(self._unwritten)
        return self._key.sign(transaction)

    def _write_down(self, entry: SignedEntry) -> None:
        """A record that could not be written once is not trusted again: what it holds is not known."""
        if not self._unwritten:
            try:
                self._record.write(entry)
                if self._is_synced:
                    self._record.sync()
            except SigningRecordError as error:
                self._unwritten = f"{error}; nothing is signed any more, start the signer anew"
        if self._unwritten:
            raise SigningRecordError(self._unwritten)

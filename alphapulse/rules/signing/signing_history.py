"""What a key has signed: no number twice for different things, and not too much in a while.

Like the protection of validators against being slashed: whoever asks may have lost his books, be told lies, or be two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from alphapulse.errors import SigningRefused
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.signing.signed_entry import SignedEntry
from alphapulse.rules.signing.signing_policy import SigningPolicy

MOST_NONCES = 16_384
"""Numbers that are remembered. Of those below, none is signed any more."""
MOST_AHEAD = 64
"""How far a number may lie above the highest that was signed: beyond, somebody wants a gap that never closes."""
MINUTE_NS = 60 * 10**9
DAY_MINUTES = 24 * 60


class SigningHistory:
    """The newest 16,384 numbers of one account on one chain, the times of a window, the sums of 1,440 minutes."""

    def __init__(self, policy: SigningPolicy, own: bytes, entries: Iterable[SignedEntry]) -> None:
        self._policy = policy
        self._own = own
        self._entries: dict[int, SignedEntry] = {}
        self._highest = -1
        self._newest: dict[bool, deque[int]] = {
            is_cancel: deque(maxlen=policy.most_per_window) for is_cancel in (False, True)
        }
        """When the newest signatures were made, by whether they move nothing."""
        self._minutes: dict[int, dict[bool, int]] = {}
        """What was signed in each minute can cost, in wei."""
        known = sorted(entries, key=lambda one: one.signed_ns)
        highest = max((one.nonce for one in known), default=-1)
        for entry in known:
            if entry.nonce > highest - MOST_NONCES:
                self._take(entry, times=entry.signatures)

    def checked(self, transaction: DynamicFeeTransaction, now_ns: int) -> SignedEntry | None:
        """The entry to take before the transaction is signed; None if it was signed already, and may be again.

        Raises:
            SigningRefused: its number was signed for something else, or too much was signed of late.
        """
        before = self._entries.get(transaction.nonce)
        if before is not None and before.digest == transaction.digest:
            return None
        self._check_nonce(transaction, before)
        entry = SignedEntry.of(transaction, self._own, now_ns, before)
        self._check_rate(entry)
        self._check_day(entry, before)
        return entry

    def take(self, entry: SignedEntry) -> None:
        """It is about to be signed."""
        self._take(entry, times=1)

    def _take(self, entry: SignedEntry, times: int) -> None:
        newest = self._newest[entry.is_cancel]
        newest.extend([entry.signed_ns] * min(times, self._policy.most_per_window))
        this_minute = entry.signed_ns // MINUTE_NS
        for old in [minute for minute in self._minutes if minute < this_minute - DAY_MINUTES]:
            del self._minutes[old]
        sums = self._minutes.setdefault(this_minute, {False: 0, True: 0})
        sums[entry.is_cancel] += _added_wei(entry, self._entries.get(entry.nonce))
        known, self._highest = self._highest, max(self._highest, entry.nonce)
        self._entries[entry.nonce] = entry
        if known >= 0:
            for nonce in range(known - MOST_NONCES + 1, self._highest - MOST_NONCES + 1):
                self._entries.pop(nonce, None)

    def _check_nonce(self, transaction: DynamicFeeTransaction, before: SignedEntry | None) -> None:
        nonce, found = transaction.nonce, f"number {transaction.nonce}"
        if before is not None:
            if not before.may_be_replaced_by(transaction):
                raise SigningRefused(
                    "nonce",
                    f"tip {transaction.tip_wei} and cap {transaction.cap_wei} wei for number {nonce}",
                    f"the same transaction as before, or a tenth more than its tip {before.tip_wei} and its cap "
                    f"{before.cap_wei} wei",
                )
        elif self._entries and nonce > self._highest + MOST_AHEAD:
            raise SigningRefused(
                "nonce", found, f"at most {self._highest + MOST_AHEAD}, {MOST_AHEAD} above the highest"
            )
        elif nonce <= self._highest - MOST_NONCES:
            raise SigningRefused(
                "nonce", found, f"more than {self._highest - MOST_NONCES}, as lower ones are forgotten"
            )

    def _check_rate(self, entry: SignedEntry) -> None:
        policy, newest = self._policy, self._newest[entry.is_cancel]
        if len(newest) == policy.most_per_window and entry.signed_ns - newest[0] < policy.window_ns:
            window = f"{policy.window_ns // 10**6} ms"
            raise SigningRefused(
                "rate", f"one more than {len(newest)} in {window}", f"at most {policy.most_per_window} in {window}"
            )

    def _check_day(self, entry: SignedEntry, before: SignedEntry | None) -> None:
        if self._policy.most_daily_wei is None:
            return
        oldest = entry.signed_ns // MINUTE_NS - DAY_MINUTES
        signed_wei = sum(sums[entry.is_cancel] for minute, sums in self._minutes.items() if minute >= oldest)
        found = signed_wei + _added_wei(entry, before)
        if found > self._policy.most_daily_wei:
            raise SigningRefused(
                "daily_gas", f"{found} wei of gas in 24 hours", f"at most {self._policy.most_daily_wei} wei"
            )


def _added_wei(entry: SignedEntry, before: SignedEntry | None) -> int:
    """Of two transactions of one number only one can be mined: what the newer can cost beyond the older."""
    counted = before.most_wei if before is not None and before.is_cancel == entry.is_cancel else 0
    return max(entry.most_wei - counted, 0)

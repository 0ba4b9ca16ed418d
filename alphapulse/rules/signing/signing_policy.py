"""What may be signed at all: one chain, known destinations, no value, bounded gas. Each rule refuses by its name."""

from __future__ import annotations

import attrs

from alphapulse.errors import SigningRefused
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.signing.halt_standing import HaltStanding, Stop

MOST_GAS_LIMIT = 10_000_000
"""For a whole transaction. The longest path of the executor needs a third of it; only a mistake needs more."""


@attrs.frozen(kw_only=True)
class SigningPolicy:
    """The limits of a key, whatever it is asked to sign.

    Raises:
        ValueError: a limit allows nothing.
    """

    chain_id: int
    destinations: frozenset[bytes]
    """Contracts that it may call. A transfer of nothing to ourselves is always allowed."""
    most_gas_limit: int
    most_cap_wei: int
    """Per gas."""
    most_per_window: int
    """Signatures in `window_ns`. Those that only use a number up are counted by themselves, up to as many."""
    window_ns: int
    most_daily_wei: int | None
    """What all that was signed in 24 hours may cost together if it takes all of its gas at its cap; None: no limit."""

    def __attrs_post_init__(self) -> None:
        for name in ("chain_id", "most_gas_limit", "most_cap_wei", "most_per_window", "window_ns"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, found {getattr(self, name)}")

    def check(self, transaction: DynamicFeeTransaction, own: bytes) -> None:
        """Raises SigningRefused if the key of `own` never signs this."""
        if transaction.chain_id != self.chain_id:
            raise SigningRefused("chain", f"chain {transaction.chain_id}", f"chain {self.chain_id}")
        if transaction.value_wei:
            raise SigningRefused("value", f"{transaction.value_wei} wei", "no value")
        if transaction.to == own:
            if transaction.data:
                raise SigningRefused("destination", "data for our own account", "data for contracts only")
        elif transaction.to not in self.destinations:
            found = checksum_address(transaction.to) if transaction.to else "a new contract"
            allowed = ", ".join(map(checksum_address, sorted(self.destinations)))
            raise SigningRefused("destination", found, f"{allowed}, or nothing to ourselves")
        if transaction.gas_limit > self.most_gas_limit:
            raise SigningRefused("gas_limit", f"{transaction.gas_limit} gas", f"at most {self.most_gas_limit} gas")
        if transaction.cap_wei > self.most_cap_wei:
            raise SigningRefused(
                "cap", f"{transaction.cap_wei} wei per gas", f"at most {self.most_cap_wei} wei per gas"
            )


def check_halt(standing: HaltStanding, transaction: DynamicFeeTransaction, own: bytes, halt_epoch: int) -> None:
    """Raises SigningRefused if what was decided under `halt_epoch` must not be signed as trading stands now."""
    if standing.stop is Stop.LOCKED:
        raise SigningRefused("locked", standing.text, "a signer that is not locked")
    if transaction.is_cancel(own):
        return
    if standing.stop is Stop.HALTED:
        raise SigningRefused("halted", standing.text, "trading, or a transfer of nothing to ourselves")
    if halt_epoch < standing.epoch:
        raise SigningRefused(
            "epoch", f"epoch {halt_epoch}", f"the epoch of the newest halt or resume, {standing.epoch}"
        )

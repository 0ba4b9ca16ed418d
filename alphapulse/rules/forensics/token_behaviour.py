"""What tokens did in a transaction: whether balances moved by what was transferred. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from alphapulse.rules.evm.executor_path import WORD
from alphapulse.rules.forensics.call_frames import Frame

TRANSFER = bytes.fromhex("a9059cbb")
TRANSFER_FROM = bytes.fromhex("23b872dd")
BALANCE_OF = bytes.fromhex("70a08231")
GET_RESERVES = bytes.fromhex("0902f1ac")
SELECTOR = 4
ADDRESS = 20

Place = tuple[bytes, bytes]
"""Token and holder."""


@attrs.frozen
class OddToken:
    """A token that did not do what was asked: `missing` raw units of what was sent did not arrive, or none was sent."""

    token: bytes
    holder: bytes
    missing: int

    @property
    def refused(self) -> bool:
        """Whether it made no transfer at all, although its sender had enough."""
        return not self.missing


@attrs.frozen
class _Transfer:
    token: bytes
    sender: bytes
    receiver: bytes
    amount: int


def odd_token(trace: Frame, tokens: Collection[bytes], pairs: Mapping[bytes, tuple[bytes, bytes]]) -> OddToken | None:
    """The first of `tokens` that kept something of a transfer to itself, or refused one that its sender could pay.

    Balances are known from what the contracts asked for themselves in that transaction (`balanceOf`), and of V2 pairs
    from their reserves; `pairs` names each pair's two tokens. A balance that nobody asked for is not judged.
    """
    watch = _Watch(tokens, pairs)
    watch.walk(trace)
    return watch.found


class _Watch:
    """Balances as they must be by the transfers so far, wherever they are known."""

    def __init__(self, tokens: Collection[bytes], pairs: Mapping[bytes, tuple[bytes, bytes]]) -> None:
        self._tokens = tokens
        self._pairs = pairs
        self._known: dict[Place, int] = {}
        self._moved: dict[Place, int] = {}
        self.found: OddToken | None = None

    def walk(self, frame: Frame) -> None:
        before = dict(self._known), dict(self._moved)
        for call in frame.calls:
            self.walk(call)
        if frame.is_delegated:
            return
        if frame.error:
            self._known, self._moved = before
            self._refused(frame)
        elif (transfer := _transfer(frame)) is not None and transfer.token in self._tokens:
            self._transferred(transfer, accepted=not frame.output or any(frame.output))
        elif frame.target in self._tokens and frame.data[:SELECTOR] == BALANCE_OF and len(frame.output) >= WORD:
            self._told((frame.target, _address(frame.data, 0)), int.from_bytes(frame.output[:WORD], "big"))
        elif frame.target in self._pairs and frame.data[:SELECTOR] == GET_RESERVES and len(frame.output) >= 2 * WORD:
            for at, token in enumerate(self._pairs[frame.target]):
                self._reserve((token, frame.target), int.from_bytes(frame.output[WORD * at : WORD * (at + 1)], "big"))

    def _told(self, place: Place, balance: int) -> None:
        expected = self._known.get(place)
        if expected is not None and balance < expected and self.found is None:
            self.found = OddToken(*place, missing=expected - balance)
        self._known[place] = balance

    def _reserve(self, place: Place, reserve: int) -> None:
        """A pair has what it noted at its last trade, and what was sent to it since, at least."""
        if place not in self._known:
            self._known[place] = reserve + self._moved.get(place, 0)

    def _transferred(self, transfer: _Transfer, *, accepted: bool) -> None:
        if not accepted:
            self._judge(transfer)
            return
        for holder, change in ((transfer.sender, -transfer.amount), (transfer.receiver, transfer.amount)):
            place = transfer.token, holder
            self._moved[place] = self._moved.get(place, 0) + change
            if place in self._known:
                self._known[place] += change

    def _refused(self, frame: Frame) -> None:
        transfer = _transfer(frame)
        if transfer is not None and transfer.token in self._tokens:
            self._judge(transfer)

    def _judge(self, transfer: _Transfer) -> None:
        """A transfer was not made; that is the token's doing only if its sender is known to have had enough."""
        held = self._known.get((transfer.token, transfer.sender))
        if held is not None and held >= transfer.amount and self.found is None:
            self.found = OddToken(transfer.token, transfer.receiver, missing=0)


def _transfer(frame: Frame) -> _Transfer | None:
    data = frame.data
    if data[:SELECTOR] == TRANSFER and len(data) >= SELECTOR + 2 * WORD:
        return _Transfer(frame.target, frame.caller, _address(data, 0), _number(data, 1))
    if data[:SELECTOR] == TRANSFER_FROM and len(data) >= SELECTOR + 3 * WORD:
        return _Transfer(frame.target, _address(data, 0), _address(data, 1), _number(data, 2))
    return None


def _number(data: bytes, word: int) -> int:
    return int.from_bytes(data[SELECTOR + WORD * word : SELECTOR + WORD * (word + 1)], "big")


def _address(data: bytes, word: int) -> bytes:
    end = SELECTOR + WORD * (word + 1)
    return data[end - ADDRESS : end]

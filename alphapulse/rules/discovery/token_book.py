"""Tokens that were judged: those that are believed, and those in quarantine."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from alphapulse.data.pools import Pool, Token
from alphapulse.rules.discovery.token_rules import plain

MOST_QUARANTINED = 100_000
"""The oldest are forgotten, and may be judged again."""


class TokenBook:
    """Each token once. Of tokens with one symbol the first that is believed keeps it."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self.taken: dict[str, bytes] = {}
        """Symbols of believed tokens, as `plain` writes them, with whose they are."""
        self._believed: dict[bytes, Token] = {}
        self._quarantined: OrderedDict[bytes, tuple[str, int]] = OrderedDict()
        for token in tokens:
            self.believe(token)

    def learn(self, pools: Iterable[Pool]) -> None:
        """Believe the tokens of pools that are believed, save those in quarantine."""
        for pool in pools:
            for token in pool.tokens:
                if token.address not in self._believed and token.address not in self._quarantined:
                    self.believe(token)

    def believe(self, token: Token) -> None:
        """The token may be traded."""
        self._believed[token.address] = token
        self._quarantined.pop(token.address, None)
        if token.symbol:
            self.taken.setdefault(plain(token.symbol), token.address)

    def quarantine(self, token: bytes, reason: str, again: int) -> None:
        """The token must not be traded; from block `again` on it may be judged anew."""
        self._believed.pop(token, None)
        self._quarantined[token] = reason, again
        self._quarantined.move_to_end(token)
        while len(self._quarantined) > MOST_QUARANTINED:
            self._quarantined.popitem(last=False)

    def believed(self, token: bytes) -> Token | None:
        """The token, None if it is not believed."""
        return self._believed.get(token)

    def problem(self, token: bytes, block_number: int) -> str:
        """Why it is in quarantine; empty if it is not, or may be judged anew."""
        reason, again = self._quarantined.get(token, ("", 0))
        return reason if block_number < again else ""

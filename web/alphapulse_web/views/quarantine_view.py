"""Tokens and pools that are not believed, as the page shows them."""

from __future__ import annotations

from collections import OrderedDict

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.verdicts import PoolVerdict, TokenVerdict
from alphapulse_web.api.chain_shapes import Quarantined

MOST_KEPT = 1_000
"""The oldest are forgotten: of a whole chain's contracts most are no pools."""

MOST_SHOWN = 20


class QuarantineView:
    """The newest verdict on each token and pool of which one was said, if it speaks against it.

    A stream that begins anew changes nothing: what was found out of a contract holds.
    """

    def __init__(self) -> None:
        self._refused: OrderedDict[InstrumentId, Quarantined] = OrderedDict()

    def apply(self, message: object) -> None:
        """Take one message of the market-data relay in."""
        match message:
            case PoolVerdict():
                self._take(message.pool, "pool", "", message)
            case TokenVerdict():
                self._take(message.token, "token", message.symbol, message)

    def of_chain(self, chain_id: int) -> list[Quarantined]:
        """Those of a chain, newest first, at most 20; tokens first, as their pools follow from them."""
        newest = [shape for id_, shape in reversed(self._refused.items()) if id_.chain_id == chain_id]
        return sorted(newest, key=lambda shape: shape.kind != "token")[:MOST_SHOWN]

    def _take(self, id_: InstrumentId, kind: str, symbol: str, verdict: PoolVerdict | TokenVerdict) -> None:
        self._refused.pop(id_, None)
        if verdict.admitted:
            return
        shape = Quarantined(
            kind="token" if kind == "token" else "pool", address=id_.name, symbol=symbol, reason=verdict.reason
        )
        self._refused[id_] = shape
        if len(self._refused) > MOST_KEPT:
            self._refused.popitem(last=False)

"""Tokens, amounts and prices in the shapes of the API: exact integers, no float."""

from __future__ import annotations

from functools import partial

from alphapulse.data.pools import Token
from alphapulse.rules.amm.price import ratio_text
from alphapulse_web.api.schemas import Amount, TokenRef

PLACES, DIGITS, FINEST_PLACES = 6, 7, 60


def token_ref(token: Token) -> TokenRef:
    """A token in the API's shape."""
    return TokenRef(address="0x" + token.address.hex(), symbol=token.symbol, decimals=token.decimals)


def amount(raw: int, token: Token) -> Amount:
    """Raw units of a token in the API's shape."""
    return Amount(raw=str(raw), decimals=token.decimals, symbol=token.symbol, token="0x" + token.address.hex())


def fraction_text(numerator: int, denominator: int) -> str:
    """A fraction above zero as decimal text, rounded half up: six places, below one as many as show seven digits."""
    text = partial(ratio_text, (numerator, denominator), 0, 0, inverted=False)
    shown = text(places=PLACES)
    if not shown.startswith("0."):
        return shown
    fraction = text(places=FINEST_PLACES).partition(".")[2]
    zeros = len(fraction) - len(fraction.lstrip("0"))
    return text(places=min(zeros + DIGITS, FINEST_PLACES))

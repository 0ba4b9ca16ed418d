"""Which tokens are believed: those that do with a transfer what pools and their mathematics expect."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import attrs

from alphapulse.rules.discovery.contract_answers import MAX_DECIMALS


@attrs.frozen
class Trial:
    """A transfer out of a pool, and half of it back, tried without doing it: balances before, between and behind.

    `returned` is what both transfers returned; None for one that failed. `amount` is raw and even.
    """

    amount: int
    returned: tuple[bytes | None, bytes | None]
    pool_balances: tuple[int | None, int | None, int | None]
    other_balances: tuple[int | None, int | None, int | None]


@attrs.frozen
class TokenReading:
    """What was read of a token: symbol and decimals at several blocks, a trial, and its balances over some blocks.

    `trial` is None if no transfer could be tried. `unmoved` is how much a pool's balance changed between two blocks
    beside what its transfers tell; None if that could not be read.
    """

    address: bytes
    symbols: Sequence[str]
    decimals: Sequence[int | None]
    trial: Trial | None
    unmoved: int | None


def problem_of(token: TokenReading, taken: Mapping[str, bytes], *, trusted: bool) -> str:
    """Why the token is quarantined; empty if nothing speaks against it.

    `taken` are the symbols of tokens that are believed, as `plain` writes them. A `trusted` token was named by the
    operator: it may have another's symbol, none at all, or return nothing. Nobody's word makes good for amounts that do
    not arrive.
    """
    problems = (*_terms_problems(token, taken, trusted), *_trial_problems(token.trial, trusted), *_unmoved(token))
    return next(iter(problems), "")


def evidence_against(token: TokenReading) -> str:
    """What speaks against a token of pools that somebody has named; empty if nothing was found, or nothing found out.

    One look at a balance is not enough: whoever lacks a log sees the same as with a token that rebases.
    """
    return "" if token.trial is None else next(_trial_problems(token.trial, trusted=True), "")


def plain(symbol: str) -> str:
    """A symbol as people take it in: what looks alike is alike."""
    return "".join(unicodedata.normalize("NFKC", symbol).casefold().split())


def _terms_problems(token: TokenReading, taken: Mapping[str, bytes], trusted: bool) -> Iterator[str]:
    decimals, symbol = token.decimals[0], token.symbols[0]
    if len(set(token.decimals)) > 1 or len(set(token.symbols)) > 1:
        read = ", ".join(f"{one!r} with {shown(many)}" for one, many in zip(token.symbols, token.decimals, strict=True))
        yield f"symbol and decimals are not the same at each block: {read}"
    if decimals is None:
        yield "it tells no decimals that can be read"
    elif decimals > MAX_DECIMALS:
        yield f"it tells {shown(decimals)} decimals, at most {MAX_DECIMALS} can be"
    if not trusted and not symbol:
        yield "it tells no symbol that can be read"
    other = taken.get(plain(symbol))
    if not trusted and other is not None and other != token.address:
        yield f"its symbol {symbol!r} is that of 0x{other.hex()}, which is believed"


def _trial_problems(trial: Trial | None, trusted: bool) -> Iterator[str]:
    if trial is None:
        yield "its transfers could not be tried"
        return
    there, back = (_outcome(answer) for answer in trial.returned)
    balances = [-1 if balance is None else balance for balance in (*trial.pool_balances, *trial.other_balances)]
    pool, pool_between, pool_behind, other, other_between, other_behind = balances
    half = trial.amount // 2
    if there == "failed":
        yield "a transfer out of the pool fails"
    elif -1 in balances:
        yield "it tells no balances that can be read"
    elif (pool_between, other_between) != (pool - trial.amount, other + trial.amount):
        left, arrived = pool - pool_between, other_between - other
        yield f"of {trial.amount} that were sent out of the pool {left} left it and {arrived} arrived"
    elif back == "failed":
        yield "a transfer back into the pool fails"
    elif (pool_behind, other_behind) != (pool_between + half, other_between - half):
        left, arrived = other_between - other_behind, pool_behind - pool_between
        yield f"of {half} that were sent into the pool {left} left and {arrived} arrived"
    if "false" in (there, back):
        yield "a transfer returns something else than true"
    if not trusted and "nothing" in (there, back):
        yield "a transfer returns nothing"


def _unmoved(token: TokenReading) -> Iterator[str]:
    if token.unmoved is None:
        yield "its balances could not be followed over some blocks"
    elif token.unmoved:
        yield f"a balance changed by {token.unmoved} without a transfer"


def _outcome(answer: bytes | None) -> str:
    if answer is None:
        return "failed"
    if not answer:
        return "nothing"
    return "true" if len(answer) == 32 and int.from_bytes(answer, "big") == 1 else "false"


def shown(number: int | None) -> str:
    """A number as it may stand in a message."""
    return str(number) if number is None or number < 10**12 else f"about 2^{number.bit_length() - 1}"

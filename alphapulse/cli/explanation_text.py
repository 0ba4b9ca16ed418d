"""An explanation for people: one paragraph for each log, from what it did to why nothing, or what, came of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from alphapulse.config import Config
from alphapulse.data.execution import Fill
from alphapulse.data.pools import Pool, Token
from alphapulse.rules.accounting.amounts import decimal_text
from alphapulse.rules.arbitrage.candidate import Candidate
from alphapulse.studies.explanation import MEANING, Explanation, Gap, SeenSignal, SeenState, ended
from alphapulse.studies.explanation_json import event_fields, whole_price
from alphapulse.studies.headless import hex_text

NS_PER_S = 1_000_000_000


def lines_of(found: Explanation, config: Config, pools: Sequence[Pool], limit: int) -> Iterator[str]:
    """The text. Prices are of one token in that which the strategy wants as profit, where the pair holds it."""
    section = config.strategies.flash_arbitrage
    wanted = section.base_tokens if section is not None else ()
    tokens = {token.address: token for pool in pools for token in pool.tokens}
    for one in found.states[:limit]:
        yield from _state(one, wanted, tokens)
        yield ""
    counts: dict[str, int] = {}
    for one in found.states:
        counts[ended(one)] = counts.get(ended(one), 0) + 1
    if found.states:
        yield f"{found.matched} logs; ended at: " + ", ".join(f"{word} {count}" for word, count in counts.items())
    if found.matched > min(limit, len(found.states)):
        yield f"shown are the first {min(limit, len(found.states))} (--limit)"
    if found.forgotten:
        yield f"{found.forgotten} candidates were forgotten before they could be read"


def _state(one: SeenState, wanted: tuple[str, ...], tokens: Mapping[bytes, Token]) -> Iterator[str]:
    stamp = one.event.stamp
    moment = datetime.datetime.fromtimestamp(stamp.venue_time_ns // NS_PER_S, datetime.UTC)
    transaction = hex_text(stamp.transaction_hash) if stamp.transaction_hash is not None else "no transaction"
    yield f"block {stamp.block_number}, log {stamp.log_index}, {moment:%Y-%m-%d %H:%M:%S} UTC, {transaction}"
    yield f"  {type(one.event).__name__} in {one.pool.name} ({one.pool.id.name})"
    yield "    " + ", ".join(_field(name, value, one.pool) for name, value in event_fields(one.event).items())
    base_is_token0 = _is_wanted(one.pool.token0, wanted)
    if one.after is not None:
        before = "unknown" if one.before is None else _price(one.before, one.pool, base_is_token0)
        yield f"    price {before} -> {_price(one.after, one.pool, base_is_token0)}{_fee(one)}"
    for gap in one.gaps:
        yield "    " + _gap(gap, base_is_token0)
    for candidate in one.candidates:
        yield from _candidate(candidate)
    for seen in one.signals:
        yield from _signal(seen, tokens)
    word = ended(one)
    yield f"  ended at {word.upper()}: {MEANING[word]}"


def _field(name: str, value: Any, pool: Pool) -> str:
    if isinstance(value, int) and name.startswith("amount"):
        token = pool.token1 if "1" in name else pool.token0
        return f"{name} {decimal_text(value, token.decimals)} {token.symbol}"
    return f"{name} {value}"


def _fee(one: SeenState) -> str:
    if one.state is None:
        return ""
    fee = "fee unknown" if one.state.fee_ppm is None else f"fee {_bps(one.state.fee_ppm)}"
    return f", {fee}, trust {one.state.trust.name.lower()}"


def _gap(gap: Gap, base_is_token0: bool) -> str:
    side = "dearer" if gap.dearer else "cheaper"
    net = "unknown after fees" if gap.net_ppm is None else f"{_bps(gap.net_ppm)} after both fees"
    price = _price(gap.price, gap.pool, base_is_token0)
    return f"against {gap.pool.name}: {price}; token0 is {side} there by {_bps(gap.gross_ppm)}, {net}"


def _candidate(one: Candidate) -> Iterator[str]:
    hop = one.cycle.hops[0]
    token = hop.pool.tokens[hop.token_in]
    yield f"    candidate {one.cycle.name}: {one.stage.name.lower()}: {one.reason}"
    amounts = {
        "size": one.size,
        "gross": one.gross,
        "pool fees": one.pool_fees,
        "flash fee": one.flash_fee,
        "gas": one.gas_cost,
        "net": one.net,
    }
    known = [
        f"{name} {decimal_text(raw, token.decimals)} {token.symbol}" for name, raw in amounts.items() if raw is not None
    ]
    yield f"      gap {_bps(one.gap_ppm)} before fees" + "".join(f", {text}" for text in known)
    for measure in one.limits:
        limit = "not set" if measure.limit is None else measure.limit
        yield f"      {measure.name} {measure.value} {measure.unit}, limit {limit}"


def _signal(seen: SeenSignal, tokens: Mapping[bytes, Token]) -> Iterator[str]:
    signal = seen.signal
    token = tokens[signal.profit_token]

    def text(raw: int | None) -> str:
        if raw is None:
            return "unknown"
        return f"{decimal_text(raw, token.decimals)} {token.symbol}"

    yield (
        f"    signal {signal.signal_id}: size {text(signal.size)}, gross {text(signal.gross)}, "
        f"pool fees {text(signal.pool_fees)}, flash fee {text(signal.flash_fee)}, gas {text(signal.gas_cost)}, "
        f"net {text(signal.net)}"
    )
    if seen.verdict is not None and seen.verdict.failed is not None:
        verdict = seen.verdict
        numbers = "" if verdict.value is None else f" ({verdict.value}, limit {verdict.limit}, {verdict.unit})"
        yield f"      refused by {seen.verdict.failed.name.lower()}: {verdict.text}{numbers}"
    if isinstance(seen.end, Fill):
        yield f"      filled: net {text(seen.end.net)}, expected {text(seen.end.expected_net)}; {seen.end.assumption}"
    elif seen.end is not None:
        report = seen.end
        yield f"      {report.outcome.name.lower()}: {report.text}"
        if report.profit_found is not None:
            found, least = text(report.profit_found), text(report.minimum_profit)
            yield f"      the path would have paid {found}, its minimum was {least}"


def _price(price: Fraction, pool: Pool, base_is_token0: bool) -> str:
    """Of one token in the wanted one, else of token0 in token1."""
    dear, base = (pool.token1, pool.token0) if base_is_token0 else (pool.token0, pool.token1)
    return f"{whole_price(price, pool, inverted=base_is_token0)} {base.symbol} for 1 {dear.symbol}"


def _is_wanted(token: Token, wanted: tuple[str, ...]) -> bool:
    return token.symbol in wanted or hex_text(token.address) in [text.lower() for text in wanted]


def _bps(ppm: int) -> str:
    sign = "-" if ppm < 0 else ""
    return f"{sign}{abs(ppm) // 100}.{abs(ppm) % 100:02d} bps"

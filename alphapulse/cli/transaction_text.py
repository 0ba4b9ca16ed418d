"""Transactions and trades of the control plane as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alphapulse.rules.accounting.amounts import decimal_text

WEI_OF_GWEI = 9
COIN_DECIMALS = 18


def transaction_lines(found: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each."""
    if not found:
        yield "no transactions"
    for one in found:
        block = f"block {one['block_number']}" if one["block_number"] is not None else "no block"
        wallet = one["wallet_name"] or one["wallet"]
        yield f"{one['hash']}  {one['state']:<8}  {wallet} {one['nonce']}  {_purpose(one)}  {block}  {one['text']}"


def whole_transaction(one: dict[str, Any]) -> Iterator[str]:
    """All that is known of one."""
    yield f"transaction {one['hash']}"
    yield f"  wallet    {one['wallet_name'] or 'no longer configured'} ({one['wallet']}), number {one['nonce']}"
    yield f"  for       {_purpose(one)}"
    yield f"  state     {one['state']}: {one['text']} (sends: {one['sends']})"
    yield f"  fees      tip {_gwei(one['tip_wei'])} gwei, at most {_gwei(one['cap_wei'])} gwei per gas"
    if one["gas_used"] is not None:
        paid = int(one["gas_used"]) * int(one["gas_price_wei"])
        price = f"{_gwei(one['gas_price_wei'])} gwei"
        yield f"  gas       {one['gas_used']} of {one['gas_limit']} at {price}: {_coin(paid)} coins"
        yield f"  block     {one['block_number']} {one['block_hash']}"
    else:
        yield f"  gas       at most {one['gas_limit']}"
    if one["deadline_block"] is not None:
        yield f"  last      block {one['deadline_block']}"
    if one["replaced_by"] is not None:
        yield f"  instead   {one['replaced_by']}"


def trade_lines(trade: dict[str, Any]) -> Iterator[str]:
    """What was expected of a trade and what came of it."""
    token = trade["intent"]["token"]
    expected, actual = trade["expected_net"], trade["actual_net"]
    ended = f"{trade['outcome']}: {trade['text']}" if trade["outcome"] is not None else "open"
    yield f"trade {trade['intent']['id']} of {trade['intent']['strategy']}: {ended}"
    yield f"  net       expected {_of(expected, token)}, actual {_of(actual, token)}"
    for leg in trade["legs"]:
        sold = {"symbol": leg["symbol_in"], "decimals": leg["decimals_in"]}
        bought = {"symbol": leg["symbol_out"], "decimals": leg["decimals_out"]}
        wanted = f"{_of(leg['expected_in'], sold)} for {_of(leg['expected_out'], bought)}"
        yield f"  leg       {leg['pool_name']}: {wanted}, paid {_of(leg['actual_out'], bought)}"
    if (finding := trade["finding"]) is not None:
        taken = f", by {finding['taken_by']}" if finding["taken_by"] is not None else ""
        yield f"  why       {finding['cause'].replace('_', ' ')}{taken} ({finding['reason']}): {finding['text']}"


def _purpose(one: dict[str, Any]) -> str:
    trade = "" if one["intent_id"] is None else f" {one['intent_id']}"
    return f"{one['purpose'].replace('_', ' ')}{trade}"


def _of(raw: str | None, token: dict[str, Any]) -> str:
    if raw is None:
        return "not known"
    if token["decimals"] is None:
        return f"{raw} raw {token['symbol']}"
    return f"{decimal_text(int(raw), token['decimals'])} {token['symbol']}"


def _gwei(wei: str) -> str:
    return _plain(decimal_text(int(wei), WEI_OF_GWEI))


def _coin(wei: int) -> str:
    return _plain(decimal_text(wei, COIN_DECIMALS))


def _plain(text: str) -> str:
    """Without zeros that say nothing."""
    return text.rstrip("0").rstrip(".")

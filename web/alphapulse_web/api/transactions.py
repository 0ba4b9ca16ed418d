"""Transactions on chains, the trades that they carry, the wallets that send them, and an operator's hand on them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec
from quart import Blueprint, Response

from alphapulse.errors import JournalError, SendRefused, SignerUnreachable, SigningRecordError, SigningRefused
from alphapulse_web.api.books import wrong_cursor
from alphapulse_web.api.once import once
from alphapulse_web.api.replies import answer, body, query
from alphapulse_web.api.requests import FillGapRequest, TradeQuery, TransactionQuery
from alphapulse_web.api.routes import PREFIX
from alphapulse_web.api.transaction_shapes import TransactionView
from alphapulse_web.errors import ApiError
from alphapulse_web.idempotency import Reply
from alphapulse_web.real_trading import RealTrading

HASH, ADDRESS = re.compile("0x[0-9a-f]{64}"), re.compile("0x[0-9a-f]{40}")


def transaction_routes(trading: RealTrading) -> Blueprint:
    """Routes that show real trading, and those that replace a transaction or fill a gap."""
    routes = Blueprint("transactions", __name__, url_prefix=PREFIX)

    @routes.get("/transactions")
    async def transactions() -> Response:
        wish = query(TransactionQuery)
        try:
            return answer(await trading.transactions(wish))
        except ValueError as error:
            raise wrong_cursor() from error

    @routes.get("/trades")
    async def trades() -> Response:
        wish = query(TradeQuery)
        try:
            return answer(await trading.trades(wish))
        except ValueError as error:
            raise wrong_cursor() from error

    @routes.get("/trades/<int:intent_id>")
    async def trade(intent_id: int) -> Response:
        try:
            return answer(await trading.trade(intent_id))
        except LookupError as error:
            raise ApiError(404, "no_such_trade", str(error)) from error

    @routes.get("/wallets")
    async def wallets() -> Response:
        return answer(await trading.wallets())

    @routes.post("/transactions/<tx_hash>/bump")
    async def bump(tx_hash: str) -> Response:
        named = _bytes(HASH, tx_hash, "no_such_transaction", "0x and 64 hex digits of a transaction's hash")
        return await _replace(lambda: trading.bump(named))

    @routes.post("/transactions/<tx_hash>/cancel")
    async def cancel(tx_hash: str) -> Response:
        named = _bytes(HASH, tx_hash, "no_such_transaction", "0x and 64 hex digits of a transaction's hash")
        return await _replace(lambda: trading.cancel(named))

    @routes.post("/wallets/<address>/fill-gap")
    async def fill_gap(address: str) -> Response:
        wallet = _bytes(ADDRESS, address, "no_such_wallet", "0x and 40 hex digits of a wallet's address")
        wish = await body(FillGapRequest)
        return await _replace(lambda: trading.fill_gap(wallet, wish.nonce))

    return routes


async def _replace(act: Callable[[], Awaitable[TransactionView]]) -> Response:
    """The transaction that `act` has sent."""

    async def whole() -> Reply:
        try:
            return Reply(200, msgspec.json.encode(await act()))
        except LookupError as error:
            code = error.reason if isinstance(error, SendRefused) else "no_such_wallet"
            raise ApiError(404, code, str(error)) from error
        except SendRefused as error:
            raise ApiError(409, error.reason, str(error)) from error
        except SigningRefused as error:
            raise ApiError(409, "signing_refused", str(error), {"rule": error.rule}) from error
        except SignerUnreachable as error:
            raise ApiError(503, "signer_unreachable", str(error)) from error
        except (JournalError, SigningRecordError) as error:
            raise ApiError(503, "not_recorded", f"nothing was sent: {error}") from error

    return await once(whole)


def _bytes(pattern: re.Pattern[str], text: str, code: str, expected: str) -> bytes:
    lower = text.lower()
    if not pattern.fullmatch(lower):
        raise ApiError(404, code, f"expected {expected}, found another text")
    return bytes.fromhex(lower[2:])

"""Answers and errors as JSON."""

from __future__ import annotations

import logging
import secrets
from typing import TypeVar

import msgspec
from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException

from alphapulse.secret import masked
from alphapulse_web.api.routes import methods_of
from alphapulse_web.api.schemas import ErrorBody, ErrorReply
from alphapulse_web.errors import ApiError
from alphapulse_web.trickle import Trickle

JSON = "application/json"
METHOD_NOT_ALLOWED = 405
Shape = TypeVar("Shape", bound=msgspec.Struct)

log = logging.getLogger(__name__)
# A stranger can cause faults while a connection is shaken hands with.
log.addFilter(Trickle())


def answer(shape: msgspec.Struct, status: int = 200) -> Response:
    """The shape as a JSON response."""
    return Response(msgspec.json.encode(shape), status, content_type=JSON)


def query(shape: type[Shape]) -> Shape:
    """The query string in that shape. Raises ApiError 400 if it has other fields or values."""
    try:
        return msgspec.convert(request.args.to_dict(), shape, strict=False)
    except msgspec.ValidationError as error:
        raise ApiError(400, "bad_query", f"expected other parameters: {error}") from error


async def body(shape: type[Shape]) -> Shape:
    """The JSON body in that shape. Raises ApiError 400 if it is not JSON or has other fields or values."""
    data = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ApiError(400, "bad_body", f"expected another body: {error}") from error


def request_number() -> str:
    """The number under which this request is found in the log."""
    if "request_number" not in g:
        g.request_number = secrets.token_hex(4)
    return str(g.request_number)


def refusal(error: ApiError) -> Response:
    """An error in the API's shape."""
    content = ErrorBody(code=error.code, message=error.message, detail=error.detail, request=request_number())
    # What a library or the daemon says may hold an address with a key in it.
    text = masked(msgspec.json.encode(ErrorReply(error=content)).decode())
    response = Response(text, error.status, content_type=JSON)
    if error.detail is not None and "retry_after_s" in error.detail:
        response.headers["Retry-After"] = str(error.detail["retry_after_s"])
    if error.status == METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(methods_of(request.path) or {"GET", "HEAD"}))
    return response


def register_errors(app: Quart) -> None:
    """Every error becomes JSON. One that nobody expected is logged with its number and says nothing about itself."""

    @app.errorhandler(ApiError)
    async def refused(error: ApiError) -> Response:
        return refusal(error)

    @app.errorhandler(HTTPException)
    async def http_error(error: HTTPException) -> Response:
        code = error.name.lower().replace(" ", "_")
        return refusal(ApiError(error.code or 500, code, (error.description or error.name).lower()))

    @app.errorhandler(Exception)
    async def fault(error: Exception) -> Response:
        log.error("request %s failed", request_number(), exc_info=error)
        message = "expected an answer, found a fault in the daemon; look for the request's number in its log"
        return refusal(ApiError(500, "internal", message))

"""A transaction's calls as `debug_traceTransaction` with the tracer `callTracer` tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import msgspec

from alphapulse.errors import AnswerRefused

MOST_FRAMES = 10_000
"""More than a block's gas pays for on a path of eight legs."""
DEEPEST = 64
DELEGATED = frozenset(("DELEGATECALL", "CALLCODE"))
OUT_OF_GAS = ("out of gas", "outofgas")
"""How geth and its kin, and how anvil, name it, in lower case."""


class RpcFrame(msgspec.Struct, frozen=True, rename="camel"):
    """A call in JSON; what is not listed is not read."""

    type: str
    from_: str = msgspec.field(name="from")
    input: str
    to: str | None = None
    output: str | None = None
    error: str | None = None
    calls: list[RpcFrame] | None = None


@attrs.frozen
class Frame:
    """A call: `error` is empty if it succeeded, `output` what it returned or why it reverted."""

    kind: str
    caller: bytes
    target: bytes
    data: bytes
    output: bytes
    error: str
    calls: tuple[Frame, ...] = ()

    @property
    def is_delegated(self) -> bool:
        """Whether it runs another contract's code in its caller's place, as a proxy does."""
        return self.kind in DELEGATED

    @property
    def ran_out_of_gas(self) -> bool:
        """Whether it failed, and of the calls that it failed by the innermost had no gas left."""
        innermost = self
        while (failed := next((call for call in reversed(innermost.calls) if call.error), None)) is not None:
            innermost = failed
        return bool(self.error) and any(words in innermost.error.lower() for words in OUT_OF_GAS)


def read_frame(found: RpcFrame) -> Frame:
    """The calls of a transaction.

    Raises:
        AnswerRefused: texts that are no bytes, or more calls than a transaction can have.
    """
    return _frame(found, 0, iter(range(MOST_FRAMES)))


def _frame(found: RpcFrame, depth: int, left: Iterator[int]) -> Frame:
    if next(left, None) is None or depth > DEEPEST:
        raise AnswerRefused("trace", f"expected at most {MOST_FRAMES} calls, {DEEPEST} deep, found more")
    try:
        return Frame(
            kind=found.type.upper(),
            caller=_bytes(found.from_),
            target=_bytes(found.to or ""),
            data=_bytes(found.input),
            output=_bytes(found.output or ""),
            error=found.error or "",
            calls=tuple(_frame(call, depth + 1, left) for call in found.calls or ()),
        )
    except ValueError as error:
        if isinstance(error, AnswerRefused):
            raise
        raise AnswerRefused("trace", f"expected hex digits, found another text: {error}") from error


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

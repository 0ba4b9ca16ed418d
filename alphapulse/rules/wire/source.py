"""Source text of one function, written line by line and compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STRUCT_CODES = {8: "B", 16: "H", 32: "I", 64: "Q"}
"""Widths in bits that struct packs itself, unsigned; wider integers travel as bytes."""


def struct_code(bits: int, *, signed: bool) -> str | None:
    """The struct code of an integer, None if it is too wide."""
    code = STRUCT_CODES.get(bits)
    return code.lower() if code and signed else code


class FunctionSource:
    """A function under construction: its lines, and the objects that they name."""

    def __init__(self, signature: str) -> None:
        self._lines = [f"def generated({signature}):"]
        self._names: dict[str, object] = {}
        self._depth = 1
        self._counter = 0

    def add(self, line: str) -> None:
        """One more line at the present depth."""
        self._lines.append("    " * self._depth + line)

    def indent(self, line: str) -> None:
        """A line that opens a block."""
        self.add(line)
        self._depth += 1

    def dedent(self) -> None:
        """The end of a block."""
        self._depth -= 1

    def variable(self) -> str:
        """A fresh name."""
        self._counter += 1
        return f"v{self._counter}"

    def bind(self, value: object) -> str:
        """A fresh name under which the function finds `value`."""
        name = self.variable()
        self._names[name] = value
        return name

    def function(self, name: str) -> Callable[..., Any]:
        """The compiled function. Its text holds nothing that came from outside of the program."""
        code = compile("\n".join(self._lines), f"<wire {name}>", "exec")
        exec(code, self._names)  # noqa: S102 - written from the class descriptions alone
        generated: Callable[..., Any] = self._names["generated"]  # type: ignore[assignment]
        return generated

"""How many of the known answers were found: recall and precision, with counts and with what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)

SHOWN = 10
"""Missing or wrong answers that a measure names; it counts all of them."""

WHOLE = 10_000
"""100.00%, in hundredths of a percent."""


@attrs.frozen
class Measure:
    """One question that was asked of one file.

    `expected` answers are in the file, `found` are ours, `right` are in both and equal. `exact` says that nothing but
    100% will do: the file holds all that the answer follows from. `why_not` counts what else there is by its reason.
    """

    what: str
    expected: int
    found: int
    right: int
    exact: bool
    why_not: Mapping[str, int] = attrs.field(factory=dict)
    examples: tuple[str, ...] = ()

    @property
    def recall(self) -> str:
        """Right answers among the expected ones, as decimal text; a dash if none is expected."""
        return percent(self.right, self.expected)

    @property
    def precision(self) -> str:
        """Right answers among ours, as decimal text; a dash if there is none."""
        return percent(self.right, self.found)

    @property
    def complete(self) -> bool:
        """True if all that was expected was found, and nothing else."""
        return self.expected == self.found == self.right

    def as_json(self) -> dict[str, Any]:
        """Counts as integers, shares as text."""
        return {
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
            "right": self.right,
            "recall": self.recall,
            "precision": self.precision,
            "exact": self.exact,
            "why_not": dict(self.why_not),
            "examples": list(self.examples),
        }


@attrs.frozen
class Score:
    """What came out for one file. `facts` are counts without an answer to hold them against."""

    file: str
    form: str
    measures: tuple[Measure, ...] = ()
    facts: Mapping[str, int | str] = attrs.field(factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True if each exact measure is complete."""
        return all(measure.complete for measure in self.measures if measure.exact)

    def as_json(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "file": self.file,
            "form": self.form,
            "measures": [measure.as_json() for measure in self.measures],
            "facts": dict(self.facts),
            "notes": list(self.notes),
        }


def percent(part: int, whole: int) -> str:
    """A share in percent, rounded down at two digits, so that 100.00% is all of it."""
    if not whole:
        return "-"
    hundredths = part * WHOLE // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


def compared(
    what: str,
    expected: Mapping[K, Any],
    found: Mapping[K, Any],
    *,
    exact: bool = True,
    excused: Mapping[K, str] | None = None,
) -> Measure:
    """The measure of answers by their key: right are those whose key and value are equal.

    `excused` gives the reason why an answer is missing or different; without one the reason is named here.
    """
    known: Mapping[K, str] = excused or {}
    reasons: Counter[str] = Counter()
    examples: list[str] = []
    right = 0
    for key, value in expected.items():
        if key in found and found[key] == value:
            right += 1
            continue
        reason = known.get(key) or ("missing" if key not in found else "different")
        reasons[reason] += 1
        examples.append(f"{reason}: {_text(key)} expected {_text(value)}, found {_text(found.get(key, 'nothing'))}")
    for key in found:
        if key not in expected:
            reason = known.get(key) or "not in the file"
            reasons[reason] += 1
            examples.append(f"{reason}: {_text(key)} found {_text(found[key])}")
    return Measure(what, len(expected), len(found), right, exact, dict(reasons), tuple(examples[:SHOWN]))


def counted(what: str, right: Iterable[bool], *, exact: bool = True) -> Measure:
    """The measure of answers that were checked one by one, each of which has its counterpart."""
    checks = list(right)
    wrong = checks.count(False)
    return Measure(what, len(checks), len(checks), len(checks) - wrong, exact, {"different": wrong} if wrong else {})


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return "{" + ", ".join(sorted(map(_text, value))) + "}" if isinstance(value, frozenset) else str(value)

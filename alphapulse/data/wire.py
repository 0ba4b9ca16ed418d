"""How a data class describes its own wire form.

A class that travels is declared once, with `@message(type=…, domain=…)`; each field carries its wire type, unit and
text through `wire(…)`. Codecs, docs and test vectors are derived from these descriptions (`alphapulse.rules.wire`).
A `@record` is a frozen value without a number of its own, embedded in messages.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import attrs

C = TypeVar("C", bound=type)


class Domain(enum.IntEnum):
    """Which relay carries a message (header byte 4)."""

    MARKET_DATA = 1
    SIGNAL = 2
    EXECUTION = 3
    SYSTEM = 4


DOMAIN_TYPES: dict[Domain, tuple[range, ...]] = {
    Domain.MARKET_DATA: (range(1, 20), range(170, 190), range(200, 220)),
    Domain.SIGNAL: (range(20, 40),),
    Domain.EXECUTION: (range(40, 80),),
    Domain.SYSTEM: (range(80, 120),),
}
"""TLV type numbers that each domain owns. Market data's first are taken: pools have 200-219, what comes now 170-189."""

STRANGERS_TYPES = range(220, 255)
"""Numbers that AlphaPulse never uses: for programs that speak the protocol about something else, in any domain."""


class Source(enum.IntEnum):
    """Who published a message (header byte 6).

    1-19 collectors, 20-39 strategies, 40-59 portfolio, risk and execution, 60-79 observers, 80-99 relays.
    """

    BINANCE = 1
    KRAKEN = 2
    COINBASE = 3
    POLYGON = 4
    GEMINI = 5
    ETHEREUM = 6
    EVM = 7
    ARBITRAGE_STRATEGY = 20
    MARKET_MAKER = 21
    TREND_FOLLOWER = 22
    KRAKEN_SIGNAL_STRATEGY = 23
    PORTFOLIO = 40
    RISK = 41
    EXECUTION_ENGINE = 42
    SUPERVISOR = 43
    DASHBOARD = 60
    METRICS_COLLECTOR = 61
    STATE_MANAGER = 62
    MARKET_DATA_RELAY = 80
    SIGNAL_RELAY = 81
    EXECUTION_RELAY = 82


MOST_COUNTED = 0xFFFF
"""What the u16 in front of texts, blobs and lists counts to."""


def _require(is_so: bool, expected: str, found: object) -> None:
    if not is_so:
        raise ValueError(f"expected {expected}, found {found}")


@attrs.frozen
class Integer:
    """A little-endian integer of `bits` bits, two's complement when `signed`. Raises ValueError for parts of bytes."""

    bits: int
    signed: bool = False

    def __attrs_post_init__(self) -> None:
        _require(self.bits > 0 and self.bits % 8 == 0, "an integer of whole bytes", f"{self.bits} bits")


@attrs.frozen
class FixedBytes:
    """Exactly `size` bytes."""

    size: int


@attrs.frozen
class Text:
    """UTF-8 behind a u16 length; at most `limit` bytes. Raises ValueError for more than that length counts."""

    limit: int

    def __attrs_post_init__(self) -> None:
        _require(0 < self.limit <= MOST_COUNTED, f"a text of at most 1 to {MOST_COUNTED} bytes", self.limit)


@attrs.frozen
class Choice:
    """A member of `enum`, sent as an unsigned integer of `bits` bits. Raises ValueError where one does not fit."""

    enum: type[enum.IntEnum]
    bits: int = 8

    def __attrs_post_init__(self) -> None:
        for member in self.enum:
            _require(0 <= member < 1 << Integer(self.bits).bits, f"a member that fits {self.bits} bits", repr(member))


@attrs.frozen
class Record:
    """An embedded `@record` class, or a value class with `to_wire` and `from_wire` of a fixed size."""

    cls: type


@attrs.frozen
class Maybe:
    """A presence byte (0 or 1), then the value if present; None stands for absent."""

    item: WireType


@attrs.define(eq=False)
class Bound:
    """How many items a list may hold where the operator decides it (`alphapulse.data.limits`).

    `limit` is in force now, for building and for parsing; `most` is what fits the largest TLV and never changes.
    """

    variable: str
    limit: int
    most: int


@attrs.frozen
class Many:
    """A u16 count, then the items; a tuple of at most `limit`. Raises ValueError for more than that counts."""

    item: WireType
    limit: int | Bound

    def __attrs_post_init__(self) -> None:
        _require(0 < self.most <= MOST_COUNTED, f"a list of at most 1 to {MOST_COUNTED} items", self.most)

    @property
    def allowed(self) -> int:
        """How many items are allowed now."""
        return self.limit if isinstance(self.limit, int) else self.limit.limit

    @property
    def most(self) -> int:
        """How many items can ever be allowed."""
        return self.limit if isinstance(self.limit, int) else self.limit.most

    @property
    def expectation(self) -> str:
        """What an error says was expected."""
        variable = "" if isinstance(self.limit, int) else f" ({self.limit.variable})"
        return f"at most {self.allowed} items{variable}"


@attrs.frozen
class Boolean:
    """One byte, 0 or 1."""


@attrs.frozen
class Blob:
    """Bytes behind a u16 length; at most `limit` of them. Raises ValueError for more than that length counts."""

    limit: int

    def __attrs_post_init__(self) -> None:
        _require(0 < self.limit <= MOST_COUNTED, f"a blob of at most 1 to {MOST_COUNTED} bytes", self.limit)


@attrs.frozen
class Padded:
    """The item, then `size` zero bytes."""

    item: WireType
    size: int


WireType = Blob | Boolean | Integer | FixedBytes | Text | Choice | Record | Maybe | Many | Padded

U8 = Integer(8)
U16 = Integer(16)
U32 = Integer(32)
U64 = Integer(64)
U112 = Integer(112)
U128 = Integer(128)
U160 = Integer(160)
U256 = Integer(256)
I32 = Integer(32, signed=True)
I64 = Integer(64, signed=True)
I128 = Integer(128, signed=True)
I256 = Integer(256, signed=True)
BOOLEAN = Boolean()
ADDRESS = FixedBytes(20)
HASH = FixedBytes(32)
NAME = Text(64)
SENTENCE = Text(1024)


WIRE = "wire"
UNIT = "unit"
TEXT = "text"


def wire(type_: WireType, text: str = "", *, unit: str = "", eq: bool = True) -> Any:
    """An attrs field that travels as `type_`; `text` and `unit` go into the protocol's documentation."""
    return attrs.field(metadata={WIRE: type_, UNIT: unit, TEXT: text}, eq=eq)


@attrs.frozen
class Description:
    """What `@message` knows of a class."""

    type: int
    domain: Domain
    name: str


MESSAGES: dict[int, type] = {}
"""Every message class by TLV type; filled by `@message` when `alphapulse.data` modules are imported."""


def _frozen(cls: C) -> C:
    """A frozen, slotted attrs class; if its fields are plain, `__init__` calls the slots' own setters.

    attrs sets each field of a frozen class by `object.__setattr__`, which looks the name up each time. These values are
    made for every event on the hot path, and the setters take a quarter off what making one costs.
    """
    # Without a slot for weak references, which nobody takes, `alphapulse.rules.wire.slots` can fill it faster still.
    frozen = attrs.frozen(cls, weakref_slot=False)
    fields = attrs.fields(frozen)
    plain = all(
        field.init
        and not field.kw_only
        and not (field.validator or field.converter or field.on_setattr)
        and field.default is attrs.NOTHING
        for field in fields
    )
    if plain and fields and not hasattr(cls, "__attrs_post_init__"):
        names = [field.name for field in fields]
        scope = {f"set_{name}": getattr(frozen, name).__set__ for name in names}
        body = "\n".join(f"    set_{name}(self, {name})" for name in names)
        exec(f"def __init__(self, {', '.join(names)}):\n{body}\n", scope)  # noqa: S102 - the names are our own fields
        frozen.__init__ = scope["__init__"]  # type: ignore[misc]  # of this very class
    return frozen


@dataclass_transform(frozen_default=True, kw_only_default=False, field_specifiers=(wire, attrs.field))
def record(cls: C) -> C:
    """A frozen, slotted value whose fields all carry a wire type."""
    return _frozen(cls)


@dataclass_transform(frozen_default=True, kw_only_default=False, field_specifiers=(wire, attrs.field))
def message(*, type: int, domain: Domain) -> Callable[[C], C]:
    """A record that travels by itself, as TLV `type` on the relay of `domain`.

    Raises:
        ValueError: the number is taken or lies outside the domain's ranges.
    """

    def declare(cls: C) -> C:
        if not any(type in numbers for numbers in (*DOMAIN_TYPES[domain], STRANGERS_TYPES)):
            raise ValueError(f"{cls.__name__}: type {type} does not belong to domain {domain.name}")
        frozen = _frozen(cls)
        if type in MESSAGES:
            raise ValueError(f"{cls.__name__}: type {type} is taken by {MESSAGES[type].__name__}")
        frozen.DESCRIPTION = Description(type=type, domain=domain, name=cls.__name__)  # type: ignore[attr-defined]
        MESSAGES[type] = frozen
        return frozen

    return declare

"""Values that are made without their class's constructor are the class's own in every respect."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from alphapulse.data.market import LogStamp
from alphapulse.data.wire import U8, Record, record, wire
from alphapulse.rules.wire.slots import maker_of
from tests.rules.wire.wire_strategies import MESSAGE_CLASSES
from tests.rules.wire.wire_vectors import sample


@pytest.mark.parametrize("cls", MESSAGE_CLASSES)
def test_a_made_value_is_one_of_the_class(cls: type) -> None:
    make, constructed = maker_of(cls), sample(Record(cls), "between")
    made = make(*(getattr(constructed, field.name) for field in attrs.fields(cls)))
    assert type(made) is cls
    assert (made, hash(made), repr(made)) == (constructed, hash(constructed), repr(constructed))
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == constructed  # noqa: S301 - our own
    first = attrs.fields(cls)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, first, None)
    with pytest.raises(AttributeError):
        object.__setattr__(made, "another", None)


def test_every_message_is_made_so() -> None:
    assert all(maker_of(cls) is not cls for cls in (*MESSAGE_CLASSES, LogStamp))


@record
class Even:
    """A class that looks at its values."""

    number: int = wire(U8)

    def __attrs_post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(self.number)


@attrs.frozen
class Referred:
    """A class with a slot for weak references."""

    number: int


@pytest.mark.parametrize("cls", [Even, Referred])
def test_where_it_is_not_safe_the_constructor_makes_the_value(cls: type) -> None:
    assert maker_of(cls) is cls

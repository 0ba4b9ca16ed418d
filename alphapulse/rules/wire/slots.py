"""Filling frozen attrs classes without their constructor, which checks again what a decoder has checked."""

from __future__ import annotations

from collections.abc import Callable
from types import MemberDescriptorType
from typing import Any

import attrs

_OWN = {"__weakref__"}


def maker_of(cls: type) -> Callable[..., Any]:
    """A function from the fields' values, in their order, to a value of `cls`; `cls` itself where that is not safe.

    A frozen class refuses every assignment, and Python calls the setter of a slot from outside as slowly as a method.
    So a value begins as one of a twin with the same slots and without that rule, and becomes the class's own when they
    are filled: a third of the constructor's time.
    """
    if slots_of(cls) is None or not attrs.fields(cls):
        return cls
    names = [field.name for field in attrs.fields(cls)]
    twin = type(cls.__name__, (), {"__slots__": cls.__dict__["__slots__"]})
    try:
        twin().__class__ = cls
    except TypeError:  # another layout, as with a slot for weak references
        return cls
    scope: dict[str, Any] = {"twin": twin, "own": cls}
    body = "".join(f"    made.{name} = {name}\n" for name in names)
    text = f"def make({', '.join(names)}):\n    made = twin()\n{body}    made.__class__ = own\n    return made\n"
    exec(compile(text, f"<make {cls.__name__}>", "exec"), scope)  # noqa: S102 - the names are our own fields
    return scope["make"]  # type: ignore[no-any-return]


def slots_of(cls: type) -> tuple[MemberDescriptorType, ...] | None:
    """The slots of an attrs class in the order of its fields; None if its constructor does more than fill them."""
    fields = attrs.fields(cls)
    plain = (
        cls.__bases__ == (object,)
        and not hasattr(cls, "__attrs_post_init__")
        and not hasattr(cls, "__attrs_pre_init__")
        and set(cls.__dict__.get("__slots__", ())) - _OWN == {field.name for field in fields}
        and all(field.init and field.converter is None and field.validator is None for field in fields)
    )
    slots = tuple(cls.__dict__.get(field.name) for field in fields)
    if not plain or not all(isinstance(slot, MemberDescriptorType) for slot in slots):
        return None
    return slots  # type: ignore[return-value]

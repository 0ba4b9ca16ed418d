"""Filling frozen attrs classes without their constructor, which checks again what a decoder has checked."""

from __future__ import annotations

from types import MemberDescriptorType

import attrs

_OWN = {"__weakref__"}


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

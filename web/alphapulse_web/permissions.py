"""What each role may do. Halting needs less than starting again; whoever only looks does neither."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Literal, cast

from alphapulse.data.roles import Role

V, O, R, A = Role.VIEWER, Role.OPERATOR, Role.RISK, Role.ADMIN  # noqa: E741 - a column of the table each


class Permission(enum.Enum):
    """What a route asks of its caller."""

    PUBLIC = "nothing: nobody needs to log in"
    READ = "to read"
    LOGIN = "to open pages with one's own role"
    HALT = "to stop trading"
    FLATTEN = "to close what is open"
    REARM = "to start trading again"
    RUN = "to start, stop and restart parts of the daemon"
    TRANSACT = "to replace transactions"
    LIMITS = "to set and override limits"
    KEYS = "to see and revoke keys"
    INSPECT = "to see where every task stands"


ROLES: Mapping[Permission, frozenset[Role]] = {
    Permission.PUBLIC: frozenset(Role),
    Permission.READ: frozenset({V, O, R, A}),
    Permission.LOGIN: frozenset({V, O, R, A}),
    Permission.HALT: frozenset({O, R, A}),
    Permission.FLATTEN: frozenset({O, R, A}),
    Permission.REARM: frozenset({O, A}),
    Permission.RUN: frozenset({O, A}),
    Permission.TRANSACT: frozenset({O, A}),
    Permission.LIMITS: frozenset({R, A}),
    Permission.KEYS: frozenset({A}),
    Permission.INSPECT: frozenset({A}),
}


def may(role: Role, permission: Permission) -> bool:
    """True if somebody with the role may do that. What is not in the table nobody may."""
    return role in ROLES.get(permission, frozenset())


def role_word(role: Role) -> Literal["viewer", "operator", "risk", "admin"]:
    """The role as the API writes it."""
    return cast(Literal["viewer", "operator", "risk", "admin"], role.name.lower())

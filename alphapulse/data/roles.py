"""Roles: who may look, who may stop, who may start again."""

from __future__ import annotations

import enum


class Role(enum.IntEnum):
    """What a person may do at the control plane; `alphapulse.safety.rearm` says which role may end a halt.

    The numbers are no order: OPERATOR and RISK stand side by side.
    """

    VIEWER = 1  # sees everything, changes nothing
    OPERATOR = 2  # runs the system: stops it and starts it again
    RISK = 3  # answers for the limits: sets them, stops it, locks it
    ADMIN = 4  # owns the machine and the access to it

"""What the halt switch itself answers before a halt ends. Pure."""

from __future__ import annotations

from alphapulse.data.halts import GLOBAL, HaltChange, Via
from alphapulse.safety.rearm import Answer, cooled_down


def own_answers(
    held: HaltChange | None, scope: str, *, gate_closed: bool, under_way: bool, flattening: bool, age_ns: int | None
) -> dict[str, Answer]:
    """The rows of `rearm.PRECONDITIONS` that are the switch's.

    Args:
        held: the change by which the scope is held; None if it is not.
        scope: what would trade again.
        gate_closed: no trade of any scope passes.
        under_way: its halt is still being carried out.
        flattening: something is being sold.
        age_ns: since the halt came; None if it came before the start.
    """
    problem = ""
    if held is None and scope == GLOBAL and gate_closed:
        problem = "a kill has just come"
    elif held is not None and under_way:
        problem = f"halt {held.halt_id} is still being carried out"
    return {
        "carried out": Answer(not problem, f"{problem}: wait for its report" if problem else "it is"),
        "wider scope": Answer(scope == GLOBAL or not gate_closed, "the global scope is halted: resume it first"),
        "cool-down": cooled_down(held.via if held is not None else Via.START_RULE, age_ns),
        "flatten": Answer(not flattening, "a flatten is under way: wait for its end"),
    }

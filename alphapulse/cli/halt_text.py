"""Halts as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What a halt did: its steps with their times, its venues, and what is left."""
    yield f"{report['level'].upper()}: halt {report['halt_id']}, scope {report['scope']}"
    for step in report["steps"]:
        yield f"  {step['ms']:>10} ms  {step['name']}{': ' + step['text'] if step['text'] else ''}"
    yield f"  {report['cancelled']} cancelled, {report['in_flight']} in flight, {report['unknown']} unknown"
    for order in report["unknown_orders"]:
        yield f"  unknown: {order}"


def whole_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The same, with who, why, when by both clocks, and what runs on."""
    yield from report_lines(report)
    yield f"  by {report['actor']}, via {report['via']}, at {report['at']['iso']}, epoch {report['epoch']}"
    market = report["market_time"]
    yield f"  market time: {market['iso'] if market is not None else 'not known'}"
    yield f"  reason: {report['reason']}"
    if report["kept_running"]:
        yield f"  kept running: {', '.join(report['kept_running'])}"
    if not report["complete"]:
        yield "  the report is not complete"
    if (flatten := report["flatten"]) is not None:
        yield f"  flatten {flatten['stage']} by {flatten['actor']}: {flatten['text']}"


def summary_line(halt: Mapping[str, Any]) -> str:
    """A halt in one line."""
    ended = f"ended {halt['ended']['iso']} by {halt['ended_by']}" if halt["ended"] is not None else "in force"
    return (
        f"{halt['halt_id']:>5}  {halt['at']['iso']}  {halt['level']:<8}  {halt['scope']}  by {halt['actor']} "
        f"via {halt['via']}: {halt['reason']} ({ended})"
    )

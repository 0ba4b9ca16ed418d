"""The OpenAPI document, made from the route table and the shapes.

quart-schema reads one msgspec Struct at a time and drops the components that it refers to, so the document is built
here from `msgspec.json.schema_components`, which knows them all.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

import msgspec

from alphapulse.data.roles import Role
from alphapulse_web.api import messages, schemas
from alphapulse_web.api.routes import ROUTES, Idempotency, Rate, Route
from alphapulse_web.permissions import Permission, may

REF = "#/components/schemas/{name}"
PARAMETER = re.compile("<(?:(int):)?([a-z_]+)>")
"""Of a path, as Werkzeug writes it: text, or a whole number."""
Node = dict[str, Any]

STATUS_TEXT = {
    200: "The answer.",
    202: "Begun; the rest appears in the status.",
    204: "Done.",
    400: "The request is malformed.",
    401: "Not logged in.",
    403: "Not allowed from there, or not with this login.",
    404: "Not found.",
    409: "The state forbids it; the detail says why.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key was used with another body.",
    429: "Too many requests, or too many failures; Retry-After says how long to wait.",
    503: "Not now.",
}


def document(version: str = "1") -> Node:
    """The whole document as plain values; key order is not stable, `render` sorts it."""
    shapes = [route.reply for route in ROUTES if route.reply] + [route.body for route in ROUTES if route.body]
    shapes += [messages.Hello, messages.Snapshot, messages.PutDelta, messages.AppendDelta, messages.Beat]
    shapes += [messages.AskedTopics, messages.AskedDelta, messages.PoolsDelta]
    shapes += [messages.FramesDelta, messages.TicketMessage, messages.TopicRequest, schemas.ErrorReply]
    _, components = msgspec.json.schema_components(shapes, ref_template=REF)
    paths: Node = {}
    for route in ROUTES:
        paths.setdefault(PARAMETER.sub(r"{\2}", route.path), {})[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AlphaPulse control plane",
            "version": version,
            "description": "REST under /api/v1. The WebSocket /ws sends Hello, Snapshot, then deltas and beats; "
            "it takes TicketMessage, then TopicRequest.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "alphapulse"},
            },
        },
    }


def operation(route: Route) -> Node:
    """One operation of the document."""
    node: Node = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": responses(route),
        "security": security(route),
        "x-roles": [role.name.lower() for role in Role if may(role, route.permission)],
    }
    key = [IDEMPOTENCY_KEY] if route.idempotency is not Idempotency.NONE else []
    if parameters := path_parameters(route) + query_parameters(route) + key:
        node["parameters"] = parameters
    if route.body is not None:
        node["requestBody"] = {"required": True, "content": json_content(route.body)}
    return node


def security(route: Route) -> list[Node]:
    """With what one of `x-roles` may come."""
    if route.permission is Permission.PUBLIC:
        return []
    return [{"bearer": []}] if route.bearer_only else [{"bearer": []}, {"session": []}]


IDEMPOTENCY_KEY: Node = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Chosen by the caller; the same key and body give the stored reply for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}


def path_parameters(route: Route) -> list[Node]:
    """What stands in the route's path."""
    kinds = {"": "string", "int": "integer"}
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": kinds[kind]}}
        for kind, name in PARAMETER.findall(route.path)
    ]


def query_parameters(route: Route) -> list[Node]:
    """The fields of the route's query as parameters."""
    fields = msgspec.json.schema_components([route.query])[1][route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": field} for name, field in fields.items()]


def responses(route: Route) -> Node:
    """The answers of a route by status."""
    nodes: Node = {}
    for status in (route.status, route.also):
        if status is None:
            continue
        nodes[str(status)] = {"description": STATUS_TEXT[status]}
        if route.reply is not None:
            nodes[str(status)]["content"] = json_content(route.reply)
    common: tuple[int, ...] = () if route.permission is Permission.PUBLIC and route.body is None else (400, 401, 403)
    if route.body is not None:
        common += (415,)
    if route.rate is Rate.NORMAL:
        common += (429,)
    for status in sorted({*common, *route.errors}):
        # The probes answer 503 in their own shape, so that a machine needs to read one field only.
        shape = route.reply if route.reply is not None and route.path.endswith("z") else schemas.ErrorReply
        nodes[str(status)] = {"description": STATUS_TEXT[status], "content": json_content(shape)}
    return nodes


def json_content(shape: type[msgspec.Struct]) -> Node:
    """A JSON body of that shape."""
    return {"application/json": {"schema": {"$ref": REF.format(name=shape.__name__)}}}


@cache
def render() -> str:
    """The document as text, made once: sorted keys, two spaces, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(document(), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())

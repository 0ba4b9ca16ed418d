"""The document that the frontend's types are made from."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path
from types import ModuleType

from alphapulse_web import api
from alphapulse_web.api import messages, schemas
from alphapulse_web.openapi import render
from tests.web.web_client import Desk

DOCUMENT = Path(__file__).parents[2] / "frontend" / "openapi.json"


def shapes_modules() -> list[ModuleType]:
    """Every module of shapes; names are those of the document."""
    names = [module.name for module in pkgutil.iter_modules(api.__path__) if module.name.endswith("_shapes")]
    assert len(names) > 8
    return [schemas, messages, *(importlib.import_module(f"{api.__name__}.{name}") for name in names)]


def test_the_checked_in_document_is_current() -> None:
    """If not: python -m alphapulse_web.openapi > frontend/openapi.json."""
    assert DOCUMENT.read_text() == render()


def test_every_reference_leads_somewhere() -> None:
    components = json.loads(render())["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', render())) <= components.keys()


def test_every_shape_is_in_the_document() -> None:
    components = json.loads(render())["components"]["schemas"]
    shapes = {
        name
        for module in shapes_modules()
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, schemas.Shape) and value is not schemas.Shape
    }
    assert shapes <= components.keys()


def test_operations_have_distinct_names() -> None:
    paths = json.loads(render())["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_every_parameter_of_a_path_is_declared() -> None:
    """Paths are written as OpenAPI writes them, whatever the router's own way is."""
    for path, operations in json.loads(render())["paths"].items():
        assert re.fullmatch(r"(/[\w.-]+|/\{[a-z_]+\})+", path), path
        for operation in operations.values():
            declared = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
            assert declared == re.findall(r"\{(\w+)\}", path), path


async def test_the_document_is_served_to_anybody() -> None:
    response = await Desk().ask("GET", "/api/v1/openapi.json")
    assert (await response.get_data(as_text=False)).decode() == render()

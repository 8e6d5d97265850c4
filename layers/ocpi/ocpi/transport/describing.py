"""What our own APIs tell of themselves for their OpenAPI documents."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

JSON_TYPE = "application/json"

type Described = dict[str, Any]
"""Part of an OpenAPI document."""

type Responses = dict[int | str, Described]
"""By HTTP status."""


def reference(model: type[BaseModel]) -> Described:
    """The schema of a model, by its name."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def content(schema: Described, example: object = None, media_type: str = JSON_TYPE) -> Described:
    """What a body is."""
    return {media_type: {"schema": schema} | ({"example": example} if example is not None else {})}


def returns(schema: Described, description: str, example: object = None) -> Described:
    """An answer with a JSON body."""
    return {"description": description, "content": content(schema, example)}


def found(schema: Described, example: object) -> Responses:
    """What a read is answered with."""
    return {200: returns(schema, "It is there.", example)}


def query(name: str, schema: Described, description: str) -> Described:
    """A query parameter, which may be left out."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def name_path_parameters(document: Described, names: Mapping[str, str]) -> None:
    """Say of all parameters in the paths of a document what they are, by name."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            others = [each for each in operation.get("parameters", []) if each["in"] != "path"]
            operation["parameters"] = [*_in_path(path, names), *others]


def _in_path(path: str, names: Mapping[str, str]) -> list[Described]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": names[name]}
        for name in re.findall(r"{(\w+)}", path)
    ]


def text(document: Described) -> str:
    """A document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

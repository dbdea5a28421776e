"""OpenAPI 3.1, from the same types that parse requests and from the table of errors."""

from collections import defaultdict
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.domain.errors import AuthError
from service.web.problems import MEDIA_TYPE, STATUS, describe
from service.web.routes import ROUTES, Route
from service.web.shapes import ProblemShape

REF = "#/components/schemas/{model}"
Schema = dict[str, Any]


def document(*, version: str, server: str) -> Schema:
    """The whole contract as one JSON object."""
    paths: dict[str, Schema] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inphora Auth", "version": version},
        "servers": [{"url": server}],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas() -> Schema:
    models: set[type[BaseModel]] = {ProblemShape}
    for route in ROUTES:
        models.update(model for replies in route.replies.values() for model in replies)
        if route.body:
            models.add(route.body)
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=REF
    )
    return dict(definitions["$defs"])


def _operation(route: Route) -> Schema:
    operation: Schema = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "responses": {
            **{str(status): _reply(models) for status, models in route.replies.items()},
            **_refusals(route),
        },
    }
    if route.body:
        operation["requestBody"] = {
            "required": not route.body_optional,
            "content": {"application/json": {"schema": _ref(route.body)}},
        }
    if route.bearer:
        operation["security"] = [{"bearer": []}, *([{}] if route.body_optional else [])]
    if "{id}" in route.path:
        operation["parameters"] = [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    return operation


def _reply(models: Any) -> Schema:
    if not models:
        return {"description": "Done"}
    schemas = [_ref(model) for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _refusals(route: Route) -> Schema:
    """One response a status; the problems that it may carry as examples by code."""
    kinds: dict[int, list[type[AuthError]]] = defaultdict(list)
    for kind in route.refusals():
        kinds[STATUS[kind]].append(kind)
    return {
        str(status): {
            "description": " · ".join(kind.title for kind in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": _ref(ProblemShape),
                    "examples": {
                        kind.code: {"value": {**describe(kind), "request_id": "4f1c"}}
                        for kind in group
                    },
                }
            },
        }
        for status, group in sorted(kinds.items())
    }


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": REF.format(model=model.__name__)}

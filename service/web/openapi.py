"""OpenAPI 3.1, from the same types that parse requests and from the table of errors."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.domain.errors import AuthError
from service.web.examples import with_examples
from service.web.forms import MEDIA_TYPE as FORM_TYPE
from service.web.oauth_errors import error_of
from service.web.oauth_shapes import OAuthErrorShape
from service.web.problems import MEDIA_TYPE, STATUS, describe
from service.web.route import Route
from service.web.routes import ROUTES
from service.web.shapes import ProblemShape

REF = "#/components/schemas/{model}"
OK = 200
TAGS = {
    "/api/auth/": "Signing in, and one's own account",
    "/api/admin/": "Administration",
    "/api/audit": "Audit",
    "/api/analytics/": "Analytics",
    "/api/health": "Operations",
    "/oauth/": "For other services",
    "/.well-known/": "For other services",
}
"""By the beginning of a path."""
UNSAID = frozenset({"default", "description", "title"})
"""What a field's schema has that is said elsewhere."""
Schema = dict[str, Any]


@cache
def document(*, version: str, server: str) -> Schema:
    """The whole contract as one JSON object; nobody may change it."""
    paths: dict[str, Schema] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inphora Auth", "version": version},
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(TAGS.values())],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "client": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _schemas() -> Schema:
    models: set[type[BaseModel]] = {ProblemShape, OAuthErrorShape}
    queries: set[str] = set()
    for route in ROUTES:
        models.update(model for replies in route.replies.values() for model in replies)
        models.update(model for model in (route.body, route.form, route.query) if model)
        queries.update([route.query.__name__] if route.query else [])
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=REF
    )
    return {
        name: with_examples(schema)
        for name, schema in definitions["$defs"].items()
        if name not in queries
    }


def _operation(route: Route) -> Schema:
    operation: Schema = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "tags": [_tag(route.path)],
        "responses": {
            **{
                str(status): _reply(models, route.streams if status == OK else ())
                for status, models in route.replies.items()
            },
            **(_oauth_errors(route) if route.oauth else _refusals(route)),
        },
    }
    if route.body:
        operation["requestBody"] = {
            "required": not route.body_optional,
            "content": {"application/json": {"schema": _ref(route.body)}},
        }
    if route.form:
        operation["requestBody"] = {
            "required": True,
            "content": {FORM_TYPE: {"schema": _ref(route.form)}},
        }
    if route.basic:
        operation["security"] = [{"client": []}]
    if route.bearer:
        # Roles may stand here for any scheme since OpenAPI 3.1.
        asked = [role.value for role in route.roles]
        alternatives = [[role] for role in asked] or [[]]
        operation["security"] = [
            *({"bearer": roles} for roles in alternatives),
            *([{}] if route.body_optional else []),
        ]
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    return operation


def _tag(path: str) -> str:
    """The part of the contract that a path belongs to."""
    return next(name for start, name in TAGS.items() if path.startswith(start))


def _parameters(route: Route) -> list[Schema]:
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    found = [path] if "{id}" in route.path else []
    if route.query:
        schema = route.query.model_json_schema(ref_template=REF)
        for name, given in schema["properties"].items():
            about: Schema = {"description": given["description"]}
            if name in schema.get("required", ()):
                about["required"] = True
            found.append({"name": name, "in": "query", **about, "schema": _sayable(given)})
    return found


def _sayable(given: Schema) -> Schema:
    """A field's schema without what no query can say: that it is absent."""
    [schema] = [one for one in given.get("anyOf", [given]) if one != {"type": "null"}]
    return {key: value for key, value in schema.items() if key not in UNSAID}


def _reply(models: Any, streams: Sequence[str]) -> Schema:
    if not models and not streams:
        return {"description": "Done"}
    content: Schema = {}
    if models:
        schemas = [_ref(model) for model in models]
        schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
        content["application/json"] = {"schema": schema}
    for media_type in streams:
        content[media_type] = {"schema": {"type": "string"}}
    return {"description": "Done", "content": content}


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


def _oauth_errors(route: Route) -> Schema:
    """As `_refusals`, in the form that OAuth has for them."""
    errors: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind in route.refusals():
        status, error = error_of(kind)
        errors[status][error].append(kind.title)
    return {
        str(status): {
            "description": " · ".join(title for titles in kinds.values() for title in titles),
            "content": {
                "application/json": {
                    "schema": _ref(OAuthErrorShape),
                    "examples": {
                        error: {"value": {"error": error, "error_description": titles[0]}}
                        for error, titles in kinds.items()
                    },
                }
            },
        }
        for status, kinds in sorted(errors.items())
    }


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": REF.format(model=model.__name__)}

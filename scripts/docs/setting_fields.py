"""A setting's type, default and use, in words for a reader who knows no Python."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from scripts.docs.markdown import codes
from scripts.docs.sources import ROOT, all_modules, text_of

KINDS: Mapping[Any, str] = {
    bool: "`true` or `false`",
    int: "whole number",
    timedelta: "seconds",
    Path: "path",
    str: "text",
}


def values_of(field: FieldInfo) -> str:
    """The values that a setting takes."""
    kind: Any = field.annotation
    if get_origin(kind) is UnionType:
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is Literal:
        return codes(str(value) for value in get_args(kind))
    if kind is SecretStr:
        return "secret text"
    return f"{KINDS.get(kind, 'list')}{_bounds(field.metadata)}"


def _bounds(limits: Sequence[object]) -> str:
    low = next((plain(limit.ge) for limit in limits if isinstance(limit, Ge)), None)
    high = next((plain(limit.le) for limit in limits if isinstance(limit, Le)), None)
    if low is not None and high is not None:
        return f", {low} to {high}"
    if low is not None:
        return f", at least {low}"
    return f", at most {high}" if high is not None else ""


def default_of(field: FieldInfo | None) -> str:
    """A default as the environment would write it."""
    if field is None or field.is_required():
        return "must be set"
    return f"`{text}`" if (text := plain(field.default)) else "none"


def plain(value: object) -> str:
    """A value of a setting as the environment writes it; empty for none."""
    if isinstance(value, timedelta):
        return str(value // timedelta(seconds=1))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def is_used(name: str) -> bool:
    """Whether any code reads a setting, as an attribute or by its name in the environment."""
    return name.lower() in _attributes() or name in _quoted()


@cache
def _attributes() -> frozenset[str]:
    definition = text_of(ROOT / "config" / "settings.py")
    return frozenset(
        [
            *re.findall(r"\bself\.(\w+)", definition),
            *(name for text in _code() for name in re.findall(r"\bsettings\.(\w+)", text)),
        ]
    )


@cache
def _quoted() -> frozenset[str]:
    return frozenset(name for text in _code() for name in re.findall(r'"([A-Z]\w*)"', text))


@cache
def _code() -> tuple[str, ...]:
    return tuple(
        text_of(file) for top in ("config", "service", "workers") for file in all_modules(top)
    )

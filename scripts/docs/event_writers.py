"""Which scripts and operations write an event, found in their headers and in their syntax."""

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from scripts.docs.markdown import link
from scripts.docs.sources import ROOT, modules, text_of
from service.contracts.events import EventType
from service.store.scripts import Script, load_all

APPENDER = "event_append"
"""The script that writes any event that an operation names."""
APPENDING = ("service/operations", "service/store", "workers")
"""Folders whose modules append events by it."""
MARKS = ("EventLog", "AccountChange(")
"""What tells a module that writes events from one that reads them: the log of events, or a change
of an account, which carries its event.
"""


def writers(kind: EventType) -> list[str]:
    """Links to all that writes an event."""
    scripts = [_lua(script.name) for script in _scripts() if kind in script.writes]
    through = _lua(APPENDER)
    return [
        *scripts,
        *(f"{link(path)} through {through}" for path in _appended().get(kind.name, [])),
    ]


def _lua(name: str) -> str:
    return link(f"service/store/lua/{name}.lua")


@cache
def _scripts() -> tuple[Script, ...]:
    return tuple(load_all())


@cache
def _appended() -> Mapping[str, list[str]]:
    """By the name of an event's type: the modules that append it."""
    found: dict[str, list[str]] = defaultdict(list)
    for folder in APPENDING:
        for path in modules(folder):
            text = text_of(path)
            if any(mark in text for mark in MARKS):
                for name in _named_events(text):
                    found[name].append(path.relative_to(ROOT).as_posix())
    return found


def _named_events(source: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == EventType.__name__
    }

"""Lua files whose comment header is their calling contract.

-- KEYS    session events          bound in the script as locals, in this order
-- ARGV    now_ms:number ids...    `:number` is converted, a last `...` binds a table
-- RETURNS ended | absent          every first element of the reply
-- WRITES  session.ended           every event type
-- FLAGS   allow-oom               runs even when the store refuses writes for want of memory
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files

HEADER = re.compile(r"^-- (KEYS|ARGV|RETURNS|WRITES|FLAGS)[ ]+(.+)$", re.MULTILINE)
NUMBER, REST = ":number", "..."
LUA = files("service.store.lua")

Value = str | int
Values = Value | Sequence[str]


@dataclass(frozen=True, slots=True)
class Slot:
    """One name of a header's KEYS or ARGV."""

    name: str
    number: bool
    rest: bool

    @classmethod
    def parse(cls, text: str) -> "Slot":
        name = text.removesuffix(NUMBER).removesuffix(REST)
        return cls(name, number=text.endswith(NUMBER), rest=text.endswith(REST))

    def binding(self, table: str, index: int) -> str:
        """The line of Lua that gives the slot its name."""
        if self.rest:
            return f"local {self.name} = {{unpack({table}, {index})}}"
        value = f"{table}[{index}]"
        return f"local {self.name} = " + (f"tonumber({value})" if self.number else value)


@dataclass(frozen=True, slots=True)
class Script:
    """A loaded script: what to send for EVALSHA, and what its header promises."""

    name: str
    source: str
    sha: str
    keys: Sequence[Slot]
    argv: Sequence[Slot]
    names: Sequence[str]
    fixed: bool
    returns: frozenset[str]
    writes: frozenset[str]

    def arguments(self, given: Mapping[str, Values]) -> list[Value]:
        """What follows the sha in EVALSHA. Raises KeyError for a slot without a value."""
        if self.fixed:
            return [len(self.keys), *map(given.__getitem__, self.names)]  # type: ignore[list-item] # no slot takes a sequence
        keys = _flat(self.keys, given)
        return [len(keys), *keys, *_flat(self.argv, given)]


def _flat(slots: Sequence[Slot], given: Mapping[str, Values]) -> list[Value]:
    flat: list[Value] = []
    for slot in slots:
        value = given[slot.name]
        if isinstance(value, (str, int)):
            flat.append(value)
        else:
            flat.extend(value)
    return flat


@cache
def load(name: str) -> Script:
    """The script of a Lua file, with `parts.lua` pasted before it."""
    source = LUA.joinpath(f"{name}.lua").read_text()
    header = dict(HEADER.findall(source))
    keys, argv = (
        tuple(Slot.parse(text) for text in header.get(kind, "").split())
        for kind in ("KEYS", "ARGV")
    )
    flags = f" flags={header['FLAGS']}" if "FLAGS" in header else ""
    bindings = [
        slot.binding(table, index)
        for table, slots in (("KEYS", keys), ("ARGV", argv))
        for index, slot in enumerate(slots, 1)
    ]
    parts = LUA.joinpath("parts.lua").read_text()
    text = "\n".join([f"#!lua{flags}" if flags else "", parts, *bindings, source])
    returns, writes = header.get("RETURNS", ""), header.get("WRITES", "")
    return Script(
        name=name,
        source=text,
        sha=sha1(text.encode(), usedforsecurity=False).hexdigest(),
        keys=keys,
        argv=argv,
        names=tuple(slot.name for slot in (*keys, *argv)),
        fixed=not any(slot.rest for slot in (*keys, *argv)),
        returns=frozenset(returns.split(" | ")),
        writes=frozenset(writes.split()),
    )


def load_all() -> list[Script]:
    """Every script there is."""
    names = sorted(entry.name for entry in LUA.iterdir() if entry.name.endswith(".lua"))
    return [load(name.removesuffix(".lua")) for name in names if name != "parts.lua"]

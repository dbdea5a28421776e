"""Rate limits from a TOML file, checked as a whole and read again when it changes."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

KeyKind = Literal["ip", "account", "session"]
SHIPPED = Path(__file__).parent / "limits.toml"
LARGEST_LIMIT = 1_000_000
LONGEST_WINDOW = 86_400

RouteName = Annotated[
    str, Field(pattern=r"^((GET|POST|PUT|PATCH|DELETE) /[^*\s]*|/([^*\s]+/)?\*)$")
]
PolicyName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class LimitsError(Exception):
    """One line that names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One policy as the file has it; `window` is seconds."""

    name: str
    routes: tuple[str, ...]
    key: tuple[KeyKind, ...]
    limit: int
    window: int
    shared: bool
    without_redis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A whole file."""

    rules: tuple[Rule, ...] = ()
    unlimited: tuple[str, ...] = ()


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    routes: Annotated[list[RouteName], Field(min_length=1)]
    key: Annotated[list[KeyKind], Field(min_length=1, max_length=3)]
    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)]
    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    shared: bool = True
    without_redis: Literal["memory", "allow", "deny"] = "memory"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    unlimited: list[RouteName] = []
    policies: dict[PolicyName, _Policy]


class LimitsFile:
    """A file that may change under us."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] | None = None

    def read(self) -> Limits:
        """What the file says. Raises LimitsError."""
        try:
            self._seen = self._state()
            parsed = _File.model_validate(tomllib.loads(self.path.read_text("utf-8")))
        except ValidationError as error:
            faults = [
                f"{'.'.join(str(part) for part in fault['loc'] if part != '[key]')}: {fault['msg']}"
                for fault in error.errors(include_input=False, include_url=False)
            ]
            message = f"{self.path}: {'; '.join(faults)}"
            raise LimitsError(message) from None
        except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            message = f"{self.path}: {reason}"
            raise LimitsError(message) from None
        rules = [
            Rule(
                name=name,
                routes=tuple(policy.routes),
                key=tuple(dict.fromkeys(policy.key)),
                limit=policy.limit,
                window=policy.window,
                shared=policy.shared,
                without_redis=policy.without_redis,
            )
            for name, policy in parsed.policies.items()
        ]
        return Limits(rules=tuple(rules), unlimited=tuple(parsed.unlimited))

    def changed(self) -> bool:
        """Whether the file is another than the one read last; a missing one is, once."""
        return self._state() != self._seen

    def _state(self) -> tuple[int, ...] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

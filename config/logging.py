"""Logs: JSON lines for machines, colours for people, never a secret."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

SECRET_NAMES = re.compile(
    r"password|secret|token|authorization|cookie|recovery|otp|(^|_)code$|(^|_)key$",
    re.IGNORECASE,
)
SECRET_TEXTS = re.compile(
    r"(?:rt|mfa|td)_[\w-]{20,}|whsec_[\w+/=-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]+|(?<=#token=)[\w-]+"
    r"|\b[A-Z2-7]{6}(?:-[A-Z2-7]{6}){3}\b|(?<=://)[^/\s@]*:[^/\s@]*(?=@)"
)
HIDDEN = "[hidden]"


def hide_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide values under names of secrets, however deep."""
    for name, value in event.items():
        event[name] = HIDDEN if SECRET_NAMES.search(name) else _without_secrets(value)
    return event


def hide_texts(_logger: Any, _method: str, line: Any) -> str:
    """Hide what looks like our tokens, codes or a URL's login, wherever it stands in a line."""
    return SECRET_TEXTS.sub(HIDDEN, line)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return hide_secrets(None, "", {str(name): inner for name, inner in value.items()})
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def configure_logging(*, level: str, form: str, process: str) -> None:
    """Send structlog and the standard library's logging the same way to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [
            # structlog's pretty tracebacks show local variables: passwords are among them.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
            hide_texts,
        ]
        if form == "console"
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
            hide_texts,
        ]
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.StackInfoRenderer(),
            hide_secrets,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            hide_secrets,
            *last,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    # A line for every job that ran, every few seconds, says nothing.
    logging.getLogger("arq.worker").setLevel(max(number, logging.WARNING))

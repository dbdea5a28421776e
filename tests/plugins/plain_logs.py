"""What is logged in the tests' own process has tracebacks as Python prints them.

Those of structlog's default are drawn by rich, wherever that is installed: a tenth of a second each.
"""

import structlog

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

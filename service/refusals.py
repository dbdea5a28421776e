"""What went wrong with a command, as one line and exit code 1."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
from sqlalchemy.exc import DBAPIError

from service.domain.errors import (
    AuthError,
    ConflictError,
    ServiceUnavailableError,
    ValidationFailedError,
)
from service.domain.secrets import SealBrokenError


@contextmanager
def refusals() -> Iterator[None]:
    """A refusal, or a store that is away or not as it should be, is one line and exit code 1."""
    try:
        yield
    except ValidationFailedError as refusal:
        fail("; ".join(f"{fault.field}: {fault.message}" for fault in refusal.errors))
    except ConflictError:
        fail("this e-mail address is taken")
    except ServiceUnavailableError:
        fail("PostgreSQL or Redis does not answer; `inphora-auth doctor` says which")
    except AuthError as refusal:
        fail(f"{refusal.title}. {refusal.detail}")
    except SealBrokenError:
        fail(
            "SECRET_KEY is not the one these data were sealed with: give it as SECRET_KEY_PREVIOUS"
        )
    except DBAPIError as error:
        fail(f"PostgreSQL refuses: {error.orig}".splitlines()[0])
    except OSError as error:
        fail(f"{error or 'no answer in time'}; `inphora-auth doctor` says what to mend")


def fail(message: str) -> NoReturn:
    """Say why on standard error and end with exit code 1."""
    click.echo(f"inphora-auth: {message}", err=True)
    sys.exit(1)

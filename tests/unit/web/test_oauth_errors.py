"""Every refusal there is, in OAuth's form."""

import json
import re
from typing import Any

import pytest

from service.domain import errors as e
from service.web.oauth_errors import oauth_error, speaks_oauth
from service.web.problems import STATUS
from tests.unit.web.test_problems import made

SAYABLE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.code)
def test_every_refusal_has_a_form_that_rfc_6749_allows(kind: Any) -> None:
    """RFC 6749 §5.2: `error`, a description of its characters, kept by nobody."""
    response = oauth_error(made(kind))

    assert isinstance(response.body, bytes)
    body = json.loads(response.body)
    assert set(body) == {"error", "error_description"}
    assert SAYABLE.fullmatch(body["error"])
    assert SAYABLE.fullmatch(body["error_description"])
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert 400 <= response.status < 600


def test_what_waits_says_how_long() -> None:
    """429 and 503 keep their Retry-After, 405 its Allow."""
    for kind in (e.RateLimitedError, e.ServiceUnavailableError):
        assert int(oauth_error(made(kind)).headers["Retry-After"]) > 0
    assert oauth_error(made(e.MethodNotAllowedError)).headers["Allow"] == "GET, HEAD"


def test_only_oauths_own_paths_speak_so() -> None:
    assert speaks_oauth("/oauth/token")
    assert not speaks_oauth("/api/auth/refresh")
    assert not speaks_oauth("/.well-known/oauth-authorization-server")

"""Which form an answer takes, by the Accept header (RFC 9110 §12.5.1)."""

import pytest
from aiohttp.test_utils import make_mocked_request

from service.domain.errors import NotAcceptableError
from service.web.negotiation import choose

JSON, CSV, NDJSON = OFFERS = ("application/json", "text/csv", "application/x-ndjson")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        pytest.param("", JSON, id="nothing said"),
        pytest.param("*/*", JSON, id="anything"),
        pytest.param("text/csv", CSV, id="one of them"),
        pytest.param("TEXT/CSV; charset=utf-8", CSV, id="in other letters, with a parameter"),
        pytest.param("text/*", CSV, id="a kind of it"),
        pytest.param("application/x-ndjson, */*;q=0.1", NDJSON, id="one before all others"),
        pytest.param("application/json;q=0.5, text/csv;q=0.9", CSV, id="by weight"),
        pytest.param("*/*, application/json;q=0", CSV, id="anything but one"),
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", JSON, id="a browser"),
        pytest.param("text/csv;q=high, application/json;q=0.1", JSON, id="a weight that is none"),
        pytest.param(",;,text/csv,,", CSV, id="empty parts"),
    ],
)
def test_the_form_that_is_liked_best(accept: str, form: str) -> None:
    """Of equals the first that is offered."""
    request = make_mocked_request("GET", "/", headers={"Accept": accept} if accept else {})

    assert choose(request, OFFERS) == form


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml, image/*", "*/*;q=0", "text/csv;q=0", "csv", "*"]
)
def test_a_form_that_there_is_not(accept: str) -> None:
    """Said, rather than something else given."""
    with pytest.raises(NotAcceptableError):
        choose(make_mocked_request("GET", "/", headers={"Accept": accept}), OFFERS)

"""Names of devices, from real user agents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.devices import device_label

M = "Mozilla/5.0"
K = "AppleWebKit/537.36 (KHTML, like Gecko)"
A = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (f"{M} (X11; Linux x86_64) {K} Chrome/126.0.0.0 Safari/537.36", "Chrome on Linux"),
        (
            f"{M} (Windows NT 10.0; Win64; x64) {K} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
            "Edge on Windows",
        ),
        (
            f"{M} (Windows NT 10.0; Win64; x64) {K} Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0",
            "Opera on Windows",
        ),
        (
            f"{M} (Macintosh; Intel Mac OS X 10_15_7) {A} Version/17.5 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            f"{M} (iPhone; CPU iPhone OS 17_5 like Mac OS X) {A} Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"{M} (iPhone; CPU iPhone OS 17_5 like Mac OS X) {A} CriOS/126.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            f"{M} (iPad; CPU OS 17_5 like Mac OS X) {A} FxiOS/127.0 Mobile/15E148 Safari/605.1.15",
            "Firefox on iPad",
        ),
        (
            f"{M} (Linux; Android 14; SM-S921B) {K} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (f"{M} (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox on Android"),
        (
            f"{M} (X11; CrOS x86_64 14541.0.0) {K} Chrome/126.0.0.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        ("curl/8.7.1", "curl"),
        ("okhttp/4.12 Android", "Android"),
        ("", "Unknown device"),
        ("something else", "Unknown device"),
    ],
    ids=lambda value: None if "/" in value and "Mozilla" in value else value or "nothing",
)
def test_a_device_has_the_name_that_its_owner_knows(agent: str, label: str) -> None:
    """The browser by its own name, not by those that it also claims; the system it runs on."""
    assert device_label(agent) == label


@given(st.text(max_size=512))
def test_any_user_agent_gives_a_short_printable_name(agent: str) -> None:
    """It fits its column, and nothing of the client's text is in it."""
    label = device_label(agent)

    assert 0 < len(label) <= 64
    assert label.isascii()
    assert label.isprintable()

"""User agents as browsers and machines of late 2026 send them, and how common each is."""

from typing import NamedTuple


class Agent(NamedTuple):
    """A user agent. `tells_tab`: its client sends X-Tab-State, as ours does."""

    text: str
    share: float
    tells_tab: bool = True


PHONES = (
    Agent(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Mobile Safari/537.36",
        0.52,
    ),
    Agent(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
        0.28,
    ),
    Agent(
        "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        0.14,
    ),
    Agent("Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", 0.06),
)
DESKTOPS = (
    Agent(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36",
        0.46,
    ),
    Agent(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        0.16,
    ),
    Agent(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/26.0 Safari/605.1.15",
        0.14,
    ),
    Agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", 0.12),
    Agent(
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
        0.08,
    ),
    Agent("InphoraDesk/3.2 (Windows NT 10.0)", 0.04, tells_tab=False),
)
MONITOR = Agent("python-requests/2.32.5", 0.5, tells_tab=False)
STUFFER = Agent("Go-http-client/2.0", 0.5, tells_tab=False)
THIEF = Agent(
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Safari/537.36",
    0.0,
)
BOTS = frozenset({MONITOR.text, STUFFER.text})
"""Texts behind which nobody sits."""

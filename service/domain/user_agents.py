"""What a user agent says of itself: family of browser and system, and what kind of device it is."""

from functools import lru_cache
from typing import NamedTuple

from ua_parser import parse

KEPT = 20_000
LONGEST = 512
"""Characters that are looked at: what comes behind is of no use, and could take long."""

_DESKTOPS = frozenset({"Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Chrome OS", "FreeBSD"})
_PHONES = frozenset({"Android", "iOS", "KaiOS", "Windows Phone"})
_TABLETS = ("iPad", "Tablet", "Kindle")
_BOTS = ("bot", "spider", "crawl", "curl/", "python-", "headless", "monitor", "wget/", "go-http")


class Device(NamedTuple):
    """A row of `dim_device`. `kind` is desktop, mobile, tablet, bot or other."""

    browser: str
    os: str
    kind: str

    @property
    def is_bot(self) -> bool:
        """Whether no person sits before it."""
        return self.kind == "bot"


UNKNOWN = Device("", "", "other")


@lru_cache(KEPT)
def read_device(user_agent: str) -> Device:
    """What is known of a user agent; families only, so that there are few of them."""
    if not user_agent:
        return UNKNOWN
    text = user_agent[:LONGEST]
    found = parse(text)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    family = found.device.family if found.device else ""
    return Device(browser, system, _kind(text.lower(), system, family))


def _kind(text: str, system: str, family: str) -> str:
    if family == "Spider" or any(sign in text for sign in _BOTS):
        return "bot"
    if any(sign in family for sign in _TABLETS) or (system == "Android" and "mobile" not in text):
        return "tablet"
    if system in _PHONES:
        return "mobile"
    return "desktop" if system in _DESKTOPS else "other"

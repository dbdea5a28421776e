"""Which form an answer takes (RFC 9110 §12.5.1)."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from service.domain.errors import NotAcceptableError


def choose(request: web.Request, offers: Sequence[str]) -> str:
    """The media type that a client likes best of these; of equals the first.

    Raises NotAcceptableError where its Accept names none of them.
    """
    accept = ",".join(request.headers.getall("Accept", ())).strip()
    if not accept:
        return offers[0]
    likings = _likings(accept)
    best = max(offers, key=lambda offer: _liking(offer, likings))
    if _liking(best, likings) <= 0:
        raise NotAcceptableError
    return best


def _likings(accept: str) -> Mapping[str, float]:
    """How much each media range is liked; parameters but `q` are not looked at."""
    likings: dict[str, float] = {}
    for part in accept.split(","):
        media_range, *parameters = (each.strip().lower() for each in part.split(";"))
        weights = [text[2:] for text in parameters if text.startswith("q=")]
        try:
            likings[media_range] = float(weights[0]) if weights else 1.0
        except ValueError:
            likings[media_range] = 0.0
    return likings


def _liking(offer: str, likings: Mapping[str, float]) -> float:
    """By the most specific range that has it."""
    ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
    return next((likings[each] for each in ranges if each in likings), 0.0)

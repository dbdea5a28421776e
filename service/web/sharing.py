"""CORS (Fetch standard, 3.2): which other origins' pages may call the service and read its answers."""

from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, X-Request-ID, X-Requested-With, X-Tab-State"
    ),
    "Access-Control-Max-Age": "7200",
}
EXPOSED = "Auth-Degraded, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"


@dataclass(frozen=True, slots=True)
class Sharing:
    """Answers preflights, and marks answers, for exactly these origins; never for any other."""

    origins: Collection[str]

    def preflight(self, request: web.Request) -> web.StreamResponse | None:
        """The answer to a browser that asks whether it may; None for any other request."""
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        return web.Response(status=204, headers=PREFLIGHT if self._knows(request) else None)

    def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that asked read the answer. Caches must not mix up who asked."""
        response.headers.add("Vary", "Origin")
        if self._knows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = EXPOSED

    def _knows(self, request: web.Request) -> bool:
        return request.headers.get("Origin") in self.origins

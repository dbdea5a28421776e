"""The built frontend, when it is there. Hashed names are kept for good, pages are not."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PAGE_HEADERS = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}

DOCS = "/api/docs"
"""A page to try the API."""
PAGES = (
    "/",
    "/register",
    "/verify",
    "/forgot",
    "/reset",
    "/verify-email",
    "/security",
    "/sessions",
    "/admin",
    "/admin/users/{id}",
    "/admin/sessions/{id}",
    "/analytics",
    "/analytics/sessions",
)
"""Addresses of the one page, which looks at its own; what follows a `#` never comes here."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page_routes(dist: Path) -> list[web.AbstractRouteDef]:
    """Routes for the files of a Vite build; none when it was not built."""
    if not (dist / "index.html").is_file():
        return []
    assets = [file for file in (dist / "assets").glob("*") if file.is_file()]
    html = {"index.html", "api-docs.html"}
    pages = [file for file in dist.glob("*") if file.is_file() and file.name not in html]
    return [
        *[web.get(path, _file(dist / "index.html", PAGE_HEADERS)) for path in PAGES],
        web.get(DOCS, _file(dist / "api-docs.html", PAGE_HEADERS)),
        *[web.get(f"/{file.name}", _file(file, PAGE_HEADERS)) for file in pages],
        *[web.get(f"/assets/{file.name}", _file(file, ASSET_HEADERS)) for file in assets],
    ]


def _file(path: Path, headers: dict[str, str]) -> Handler:
    async def get_file(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers=headers)

    return get_file

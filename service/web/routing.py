"""The routes as aiohttp takes them: each behind its limits and the roles that it wants."""

from aiohttp import web

from service.domain.errors import NotFoundError
from service.web.callers import with_role
from service.web.limits import limited
from service.web.route import Handler, Route
from service.web.routes import ROUTES


def api_routes() -> list[web.RouteDef]:
    """Every route of the API; GET answers HEAD too."""
    return [
        web.get(route.path, _guarded(route))
        if route.method == "GET"
        else web.route(route.method, route.path, _guarded(route))
        for route in ROUTES
    ]


def _guarded(route: Route) -> Handler:
    handler = with_role(_without_nul(route.handler), route.roles)
    return limited(handler, route=route.name, bearer=route.bearer, when=route.limited)


def _without_nul(handler: Handler) -> Handler:
    """Nothing has an id with a NUL, and PostgreSQL takes no text with one."""

    async def sound(request: web.Request) -> web.StreamResponse:
        if any("\0" in part for part in request.match_info.values()):
            raise NotFoundError
        return await handler(request)

    return sound

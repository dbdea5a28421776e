"""What the handlers of OAuth's routes find in the application."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from service.operations.introspect import Introspect
from service.operations.revoke_token import RevokeToken
from service.web.client_auth import ClientBook

REVOKE_TOKEN = web.AppKey("revoke_token", RevokeToken)
INTROSPECT = web.AppKey("introspect", Introspect)
CLIENTS = web.AppKey("clients", ClientBook)
METADATA: web.AppKey[Mapping[str, Any]] = web.AppKey("metadata")

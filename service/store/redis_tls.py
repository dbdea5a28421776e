"""TLS to Redis: who is trusted, read once a pool and not once a connection."""

import ssl
from collections.abc import Mapping
from typing import Any

import structlog
from redis.asyncio import Connection

NO = frozenset({"0", "f", "false", "n", "no", "off"})

log = structlog.get_logger(__name__)


def tls_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """The system's authorities and `ssl_ca_certs`, with the host's name checked.

    Raises OSError (ssl.SSLError among them) for a file that cannot be read as what it should be.
    """
    context = ssl.create_default_context()
    if options.get("ssl_check_hostname", "").lower() in NO:
        context.check_hostname = False
    if options.get("ssl_cert_reqs", "required") == "none":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        log.warning(
            "redis.certificate_not_verified",
            detail="whoever stands between can read and change everything: better give the "
            "server's CA by REDIS_CA_FILE",
        )
    if "ssl_ca_certs" in options:
        context.load_verify_locations(cafile=options["ssl_ca_certs"])
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context


class TlsConnection(Connection):
    """A connection that shares its pool's TLS context: making one reads every authority."""

    def __init__(self, *, tls: ssl.SSLContext, **given: Any) -> None:
        super().__init__(**given)
        self._tls = tls

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {**super()._connection_arguments(), "ssl": self._tls}

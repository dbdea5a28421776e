"""Every setting, from the environment alone, as a platform gives it (docs/configuration.md)."""

from datetime import timedelta
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import SplitResult, parse_qs, quote, urlencode, urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BeforeValidator,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.sinks import check_sink

MIN_SECRET = 32
PORTS = {"http": 80, "https": 443}
"""Of the schemes that pages have; an origin does not name them."""

REDIS_SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)


def _seconds(value: object) -> object:
    """Whole seconds, as the environment writes durations."""
    if isinstance(value, str) and not value.strip().isdecimal():
        message = "must be a whole number of seconds"
        raise ValueError(message)
    return timedelta(seconds=int(value)) if isinstance(value, (str, int)) else value


@cache
def _known_zones() -> frozenset[str]:
    """The names in this machine's time zone database, which is hundreds of files: read once."""
    return frozenset(available_timezones())


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
DAY = timedelta(days=1)


class Client(NamedTuple):
    """Another service that may introspect tokens."""

    id: str
    secret: SecretStr


class SettingsError(Exception):
    """One line that names the settings at fault."""


class Settings(BaseSettings):
    """Frozen; no secret has a default, and none is ever echoed."""

    model_config = SettingsConfigDict(
        frozen=True, hide_input_in_errors=True, env_ignore_empty=True, extra="ignore"
    )

    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    data_dir: Path = Path("var")
    web_concurrency: Annotated[int, Field(ge=1, le=256)] = 1

    redis_url: SecretStr
    redis_password: SecretStr | None = None
    redis_ssl: bool = False
    redis_ca_file: FilePath | None = None
    redis_tls_verify: bool = True
    redis_sentinel_password: SecretStr | None = None
    queue_redis_url: Annotated[SecretStr | None, Field(validate_default=True)] = None
    redis_down: Literal["allow", "deny"] = "allow"
    redis_wait_replicas: Annotated[int, Field(ge=0, le=16)] = 0
    redis_timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 250
    database_url: SecretStr

    secret_key: SecretStr
    secret_key_previous: SecretStr | None = None
    public_url: str = "http://127.0.0.1:8000"
    jwt_algorithm: Literal["ES256", "EdDSA", "RS256"] = "ES256"
    jwt_audience: Annotated[str, Field(min_length=1)] = "inphora"
    access_token_ttl: Annotated[Seconds, Field(ge=timedelta(seconds=2), le=DAY)] = timedelta(
        minutes=15
    )
    session_idle_ttl: Annotated[Seconds, Field(ge=timedelta(seconds=2))] = DAY
    session_max_ttl: Annotated[Seconds, Field(ge=timedelta(seconds=2))] = timedelta(days=30)
    max_sessions_per_user: Annotated[int, Field(ge=0)] = 0
    refresh_replay_seconds: Annotated[Seconds, Field(le=timedelta(minutes=5))] = timedelta(
        seconds=10
    )

    session_cap: Literal["evict", "refuse"] = "evict"
    step_up_seconds: Annotated[Seconds, Field(ge=timedelta(seconds=2), le=DAY)] = timedelta(
        minutes=15
    )
    trusted_device_days: Annotated[int, Field(ge=0, le=365)] = 0
    signing_key_days: Annotated[int, Field(ge=1, le=3650)] = 90
    introspection_clients: Annotated[tuple[Client, ...], NoDecode] = ()

    registration: Literal["closed", "open"] = "closed"
    email_verification: Literal["auto", "required", "off"] = "auto"
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 15
    password_min_length_with_mfa: Annotated[int, Field(ge=8, le=64)] = 8
    product_name: Annotated[str, Field(min_length=1, max_length=64)] = "Inphora"
    webauthn_rp_id: str | None = None
    webauthn_origins: Annotated[tuple[str, ...], NoDecode] = ()
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    rate_limits: Literal["enforce", "dry-run", "off"] = "enforce"
    limits_file: Path | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = "no-reply@localhost"
    mail_dir: Path | None = None
    mail_templates: DirectoryPath | None = None
    audit_retention_days: Annotated[int, Field(ge=1)] | None = None
    session_retention_days: Annotated[int, Field(ge=2, le=36_500)] = 400
    audit_checkpoint_seconds: Annotated[Seconds, Field(ge=timedelta(seconds=10), le=DAY)] = (
        timedelta(minutes=1)
    )
    audit_checkpoint_sink: str | None = None
    audit_checkpoint_token: SecretStr | None = None
    audit_unknown_days: Annotated[int, Field(ge=1, le=3650)] = 90
    erasure_grace_seconds: Annotated[Seconds, Field(le=30 * DAY)] = timedelta(0)
    export_keep_seconds: Annotated[Seconds, Field(ge=timedelta(minutes=1), le=30 * DAY)] = DAY
    webhook_private_addresses: Literal["deny", "loopback", "allow"] = "deny"
    webhook_keep_days: Annotated[int, Field(ge=7, le=365)] = 30
    analytics_timezones: Annotated[tuple[str, ...], NoDecode] = ("UTC",)
    analytics_min_cell: Annotated[int, Field(ge=1, le=1000)] = 5
    geoip_file: Path | None = None
    metrics_token: SecretStr | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    analytics_test_domains: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator(
        "cors_origins",
        "webauthn_origins",
        "analytics_test_domains",
        "analytics_timezones",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("cors_origins", "webauthn_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            port = "" if parts.port in {None, PORTS.get(parts.scheme)} else f":{parts.port}"
            if parts.scheme not in PORTS or origin != f"{parts.scheme}://{parts.hostname}{port}":
                message = "write origins as browsers do, as https://app.example.com"
                raise ValueError(message)
        return value

    @field_validator("introspection_clients", mode="before")
    @classmethod
    def _clients(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        clients = []
        for pair in value.replace(",", " ").split():
            name, colon, secret = pair.partition(":")
            if not (name and colon) or len(secret) < MIN_SECRET:
                message = f"write id:secret, each secret of at least {MIN_SECRET} characters"
                raise ValueError(message)
            clients.append(Client(name, SecretStr(secret)))
        return tuple(clients)

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1] or not value.isprintable():
            message = "must be an address, such as Inphora <no-reply@example.com>"
            raise ValueError(message)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        _with_scheme(value, "smtp", "smtps")
        if value is not None:
            _check_smtp(urlsplit(value.get_secret_value()))
        return value

    @field_validator("analytics_timezones")
    @classmethod
    def _zones(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not _known_zones().issuperset(value):
            message = "give IANA names, such as Africa/Nairobi, separated by commas"
            raise ValueError(message)
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_SECRET:
            message = (
                f"use at least {MIN_SECRET} characters, for example from: openssl rand -hex 32"
            )
            raise ValueError(message)
        return value

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            message = "must be an http or https URL, such as https://auth.example.com"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("audit_checkpoint_sink")
    @classmethod
    def _sink(cls, value: str | None) -> str | None:
        if value is not None:
            check_sink(urlsplit(value))
        return value

    @field_validator("redis_url", "queue_redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        checked = _with_scheme(value, *REDIS_SCHEMES)
        if checked is not None:
            _check_redis(urlsplit(checked.get_secret_value()))
        return checked

    @field_validator("redis_ca_file")
    @classmethod
    def _needs_tls(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        url = info.data.get("redis_url")
        tls = info.data.get("redis_ssl") or (url and url.get_secret_value().startswith("rediss"))
        if value is not None and url is not None and not tls:
            message = "REDIS_URL does not speak TLS: write rediss://, or set REDIS_SSL=true"
            raise ValueError(message)
        return value

    @field_validator("queue_redis_url")
    @classmethod
    def _no_cluster(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        url = info.data.get("redis_url") if value is None else value
        if url is not None and urlsplit(url.get_secret_value()).scheme.endswith("+cluster"):
            message = (
                "must be set to a Redis that is no cluster: the job queue cannot use one. "
                "A small server will do: it carries only the names of jobs"
            )
            raise ValueError(message)
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr | None:
        checked = _with_scheme(value, "postgres", "postgresql")
        if checked is not None:
            urlsplit(checked.get_secret_value()).port  # noqa: B018 - raises for a port that is none
        return checked

    @property
    def redis_dsn(self) -> str:
        """REDIS_URL with all other REDIS_ settings worked in."""
        parts = urlsplit(self.redis_url.get_secret_value())
        if self.redis_ssl and (parts.scheme == "redis" or parts.scheme.startswith("redis+")):
            parts = parts._replace(scheme=parts.scheme.replace("redis", "rediss", 1))
        login, _, hosts = parts.netloc.rpartition("@")
        if self.redis_password is not None and ":" not in login:
            password = quote(self.redis_password.get_secret_value(), safe="")
            parts = parts._replace(netloc=f"{login}:{password}@{hosts}")
        return self._with_options(parts)

    @property
    def queue_dsn(self) -> str:
        """Where arq keeps its jobs: QUEUE_REDIS_URL, with the same trust, or all of REDIS_URL."""
        if self.queue_redis_url is None:
            return self.redis_dsn
        return self._with_options(urlsplit(self.queue_redis_url.get_secret_value()))

    def _with_options(self, parts: SplitResult) -> str:
        """What a URL itself says wins."""
        options = {}
        if parts.scheme.startswith("rediss") and self.redis_ca_file is not None:
            options["ssl_ca_certs"] = str(self.redis_ca_file)
        if parts.scheme.startswith("rediss") and not self.redis_tls_verify:
            options["ssl_cert_reqs"] = "none"
        if parts.scheme.endswith("+sentinel") and self.redis_sentinel_password is not None:
            options["sentinel_password"] = self.redis_sentinel_password.get_secret_value()
        given = f"&{parts.query}" if parts.query else ""
        return parts._replace(query=f"{urlencode(options)}{given}".strip("&")).geturl()

    @property
    def mail_server(self) -> str | None:
        """SMTP_URL, with its password."""
        return None if self.smtp_url is None else self.smtp_url.get_secret_value()

    @property
    def verifies_email(self) -> bool:
        """Whether an address has to be proven before an account is made of it."""
        required = self.email_verification == "auto" and self.smtp_url is not None
        return required or self.email_verification == "required"

    @property
    def passkey_rp_id(self) -> str:
        """What passkeys belong to (WebAuthn's RP ID): WEBAUTHN_RP_ID, or the host of PUBLIC_URL."""
        return self.webauthn_rp_id or urlsplit(self.public_url).hostname or ""

    @property
    def passkey_origins(self) -> tuple[str, ...]:
        """Whose pages may use them: WEBAUTHN_ORIGINS, or the service's own and CORS_ORIGINS."""
        parts = urlsplit(self.public_url)
        return self.webauthn_origins or (f"{parts.scheme}://{parts.netloc}", *self.cors_origins)

    @property
    def checkpoint_token(self) -> str | None:
        """AUDIT_CHECKPOINT_TOKEN in the plain."""
        token = self.audit_checkpoint_token
        return None if token is None else token.get_secret_value()

    @property
    def secrets(self) -> list[str]:
        """SECRET_KEY, then the one before it while it is being rotated."""
        both = (self.secret_key, self.secret_key_previous)
        return [secret.get_secret_value() for secret in both if secret is not None]


def load_settings() -> Settings:
    """The settings of this process. Raises SettingsError naming what is missing or bad."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"{str(fault['loc'][0]).upper()}: "
            + (
                "is not set"
                if fault["type"] == "missing"
                else fault["msg"].removeprefix("Value error, ")
            )
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("; ".join(faults)) from None


def read_settings() -> Settings:
    """The settings of this process, or its end with one line that names what is wrong."""
    try:
        return load_settings()
    except SettingsError as error:
        message = f"inphora-auth: {error}"
        raise SystemExit(message) from None


def _with_scheme(value: SecretStr | None, *schemes: str) -> SecretStr | None:
    if value is not None and urlsplit(value.get_secret_value()).scheme not in schemes:
        message = "must be a URL that starts with " + " or ".join(f"{s}://" for s in schemes)
        raise ValueError(message)
    return value


def _check_smtp(parts: SplitResult) -> None:
    """What a client would find out too late. Raises ValueError, which quotes no password."""
    asked = parse_qs(parts.query, keep_blank_values=True)
    wanted = asked.pop("starttls", ["auto"])
    parts.port  # noqa: B018 - raises for a port that is none
    if not parts.hostname or asked or wanted[-1] not in {"required", "auto", "off"}:
        message = (
            "give smtp://user:password@host:587 or smtps://…; of options there is only starttls, "
            "which is required, auto or off"
        )
        raise ValueError(message)


def _check_redis(parts: SplitResult) -> None:
    """What a client would find out too late. Raises ValueError, which quotes no password."""
    hosts = parts.netloc.rpartition("@")[2].split(",")
    if parts.scheme != "unix":
        for host in hosts:
            urlsplit(f"//{host}").port  # noqa: B018 - raises for a port that is none
    if len(hosts) > 1 and "+" not in parts.scheme:
        message = "several hosts need redis+sentinel:// or redis+cluster://"
        raise ValueError(message)
    if parts.scheme.endswith("+sentinel") and not parts.path.strip("/"):
        message = "must end with the primary's name: redis+sentinel://host:26379,host2:26379/NAME"
        raise ValueError(message)
    if parts.scheme.endswith("+cluster") and parts.path.strip("/") not in {"", "0"}:
        message = "a cluster has only database 0"
        raise ValueError(message)

"""What OAuth's routes answer."""

from typing import Literal

from service.web.shapes import Shape


class OAuthTokensShape(Shape):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str


class OAuthErrorShape(Shape):
    """RFC 6749 §5.2."""

    error: str
    error_description: str


class IntrospectionShape(Shape):
    """RFC 7662 §2.2; of a token that is not active nothing else is said.

    `token_type` is N_A for a refresh token: it opens no door (RFC 8693 §2.2.1 has the value).
    """

    active: bool
    token_type: Literal["Bearer", "N_A"] | None = None
    iss: str | None = None
    aud: str | None = None
    sub: str | None = None
    client_id: str | None = None
    exp: int | None = None
    auth_time: int | None = None
    sid: str | None = None
    amr: list[str] | None = None
    roles: list[str] | None = None


class MetadataShape(Shape):
    """RFC 8414 §2."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str | None = None
    jwks_uri: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str] | None = None

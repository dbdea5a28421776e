"""What other services and off-the-shelf clients use."""

from service.domain import errors as e
from service.web import oauth_bodies, oauth_shapes
from service.web.handlers import oauth
from service.web.limits import Limited
from service.web.route import AWAY, REFRESH_ERRORS, Route

OAUTH_ROUTES = (
    Route(
        method="POST",
        path="/oauth/token",
        handler=oauth.post_token,
        summary="Trade a refresh token for a new pair (RFC 6749, section 6)",
        form=oauth_bodies.TokenForm,
        replies={200: [oauth_shapes.OAuthTokensShape]},
        errors=(*REFRESH_ERRORS, e.UnsupportedGrantTypeError, e.InvalidScopeError, *AWAY),
        limited=Limited.WITHIN,
        limit_keys=("ip", "session"),
    ),
    Route(
        method="POST",
        path="/oauth/revoke",
        handler=oauth.post_revoke,
        summary="End the session of an access or refresh token (RFC 7009)",
        form=oauth_bodies.TokenHintForm,
        replies={200: []},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/oauth/introspect",
        handler=oauth.post_introspect,
        summary="Whether a token would be taken at this moment, and whose it is (RFC 7662)",
        form=oauth_bodies.TokenHintForm,
        basic=True,
        replies={200: [oauth_shapes.IntrospectionShape]},
        errors=(e.InvalidClientError, *AWAY),
        limited=Limited.WITHIN,
    ),
    Route(
        method="GET",
        path="/.well-known/oauth-authorization-server",
        handler=oauth.get_metadata,
        summary="Where what is (RFC 8414)",
        replies={200: [oauth_shapes.MetadataShape]},
    ),
)

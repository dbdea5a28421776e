"""The forms of OAuth's routes."""

from typing import Annotated

from pydantic import StringConstraints

from service.web.forms import Form

GrantType = Annotated[str, StringConstraints(min_length=1, max_length=128)]
AnyToken = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""An access token is some 700 characters."""


class TokenForm(Form):
    """RFC 6749 §6; `scope` only to refuse it. Whose client asks does not matter: it is public."""

    grant_type: GrantType
    refresh_token: AnyToken | None = None
    scope: str | None = None


class TokenHintForm(Form):
    """RFC 7009 §2.1 and RFC 7662 §2.1. The hint is not needed: tokens tell what they are."""

    token: AnyToken
    token_type_hint: str | None = None

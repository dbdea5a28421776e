"""Bodies about accounts of one's own: signing up, passwords, addresses, names."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from service.web.bodies import Body, Email, Password, Token, is_plain

Name = Annotated[str, StringConstraints(max_length=200), AfterValidator(is_plain)]


class RegisterBody(Body):
    """Who wants an account."""

    email: Email
    password: Password
    name: Name = ""


class LinkBody(Body):
    """The token of a link that was mailed."""

    token: Token


class ForgotBody(Body):
    """Whose password is forgotten."""

    email: Email


class ResetBody(Body):
    """The token of a link that was mailed, and a new password."""

    token: Token
    new_password: Password


class ChangePasswordBody(Body):
    """The password of now, and the one from then on."""

    current_password: Password
    new_password: Password


class ChangeEmailBody(Body):
    """The address that is wanted, and the password once more."""

    email: Email
    password: Password


class ChangeMeBody(Body):
    """What is to change; what is left out stays."""

    name: Name | None = None

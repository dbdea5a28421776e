"""The routes of accounts of one's own: signing up, passwords, addresses, names."""

from service.domain import errors as e
from service.web import password_bodies as bodies
from service.web.handlers import passwords
from service.web.limits import Limited
from service.web.password_shapes import AcceptedShape, RegisteredShape
from service.web.route import AWAY, Route
from service.web.shapes import UserShape

PASSWORD_ROUTES = (
    Route(
        method="POST",
        path="/api/auth/register",
        handler=passwords.post_register,
        summary="Sign up; where addresses are verified, the account comes with the link that is mailed",
        body=bodies.RegisterBody,
        replies={201: [UserShape]},
        errors=(e.RegistrationClosedError, e.ConflictError, *AWAY),
        limited=Limited.WITHIN,
        limit_keys=("ip", "account"),
    ),
    Route(
        method="POST",
        path="/api/auth/register/verify",
        handler=passwords.post_register_verify,
        summary="Prove the address by the link that was mailed: this makes the account",
        body=bodies.LinkBody,
        replies={200: [RegisteredShape]},
        errors=(e.LinkInvalidError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/password/forgot",
        handler=passwords.post_password_forgot,
        summary="Have a link for a new password mailed; the answer is the same for any address",
        body=bodies.ForgotBody,
        replies={202: [AcceptedShape]},
        errors=AWAY,
        limited=Limited.WITHIN,
        limit_keys=("ip", "account"),
    ),
    Route(
        method="POST",
        path="/api/auth/password/reset",
        handler=passwords.post_password_reset,
        summary="Set a new password by that link; every session ends",
        body=bodies.ResetBody,
        replies={204: []},
        errors=(e.LinkInvalidError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/password/change",
        handler=passwords.post_password_change,
        summary="Change my password; every other session ends",
        body=bodies.ChangePasswordBody,
        bearer=True,
        replies={204: []},
        errors=(
            e.InvalidCredentialsError,
            e.StepUpRequiredError,
            e.AccountLockedError,
            e.ConflictError,
            *AWAY,
        ),
    ),
    Route(
        method="POST",
        path="/api/auth/email/change",
        handler=passwords.post_email_change,
        summary="Have a link mailed to my new address; the answer is the same whoever has it",
        body=bodies.ChangeEmailBody,
        bearer=True,
        replies={202: [AcceptedShape]},
        errors=(
            e.InvalidCredentialsError,
            e.StepUpRequiredError,
            e.AccountLockedError,
            *AWAY,
        ),
    ),
    Route(
        method="POST",
        path="/api/auth/email/verify",
        handler=passwords.post_email_verify,
        summary="Prove a new address by that link; every other session ends",
        body=bodies.LinkBody,
        replies={204: []},
        errors=(e.LinkInvalidError, e.ConflictError, *AWAY),
    ),
    Route(
        method="PATCH",
        path="/api/auth/me",
        handler=passwords.patch_me,
        summary="Change my name",
        body=bodies.ChangeMeBody,
        bearer=True,
        replies={200: [UserShape]},
        errors=AWAY,
    ),
)

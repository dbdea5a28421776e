"""The routes of passkeys: docs/passkeys.md."""

from service.domain import errors as e
from service.web import passkeys_bodies as bodies
from service.web.handlers import passkeys
from service.web.limits import Limited
from service.web.passkeys_shapes import PasskeyOptionsShape, PasskeyShape, PasskeysShape
from service.web.route import AWAY, Route
from service.web.shapes import TokensShape

PASSKEY_ROUTES = (
    Route(
        method="POST",
        path="/api/auth/login/passkey/options",
        handler=passkeys.post_login_passkey_options,
        summary="What to ask a passkey for, to sign in by it",
        replies={200: [PasskeyOptionsShape]},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/api/auth/login/passkey",
        handler=passkeys.post_login_passkey,
        summary="Sign in by a passkey",
        body=bodies.PasskeyLoginBody,
        replies={200: [TokensShape]},
        errors=(e.PasskeyInvalidError, e.SessionLimitError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/verify-2fa/passkey/options",
        handler=passkeys.post_verify_2fa_passkey_options,
        summary="What to ask a passkey for, as a second factor",
        body=bodies.MfaTokenBody,
        replies={200: [PasskeyOptionsShape]},
        errors=(e.MfaTokenInvalidError, e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/verify-2fa/passkey",
        handler=passkeys.post_verify_2fa_passkey,
        summary="Finish a sign-in by a passkey",
        body=bodies.PasskeyFactorBody,
        replies={200: [TokensShape]},
        errors=(
            e.InvalidCredentialsError,
            e.MfaTokenInvalidError,
            e.PasskeyInvalidError,
            e.SessionLimitError,
            *AWAY,
        ),
        limited=Limited.WITHIN,
        limit_keys=("ip", "account"),
    ),
    Route(
        method="POST",
        path="/api/auth/step-up/passkey/options",
        handler=passkeys.post_step_up_passkey_options,
        summary="What to ask a passkey for, to prove again who I am",
        bearer=True,
        replies={200: [PasskeyOptionsShape]},
        errors=(e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/step-up/passkey",
        handler=passkeys.post_step_up_passkey,
        summary="Prove again who I am, by a passkey: a new session replaces mine",
        body=bodies.PasskeyStepUpBody,
        bearer=True,
        replies={200: [TokensShape]},
        errors=(e.InvalidCredentialsError, e.PasskeyInvalidError, e.SessionLimitError, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/auth/passkeys",
        handler=passkeys.get_passkeys,
        summary="My passkeys, the oldest first",
        bearer=True,
        replies={200: [PasskeysShape]},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/api/auth/passkeys/options",
        handler=passkeys.post_passkeys_options,
        summary="What to make a passkey of; wants a fresh sign-in",
        bearer=True,
        replies={200: [PasskeyOptionsShape]},
        errors=(e.StepUpRequiredError, e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/passkeys",
        handler=passkeys.post_passkeys,
        summary="Keep a passkey that was made; wants a fresh sign-in",
        body=bodies.PasskeyBody,
        bearer=True,
        replies={201: [PasskeyShape]},
        errors=(e.StepUpRequiredError, e.PasskeyInvalidError, e.ConflictError, *AWAY),
    ),
    Route(
        method="PATCH",
        path="/api/auth/passkeys/{id}",
        handler=passkeys.patch_passkey,
        summary="Call one of my passkeys something else",
        body=bodies.PasskeyNameBody,
        bearer=True,
        replies={200: [PasskeyShape]},
        errors=(e.NotFoundError, *AWAY),
    ),
    Route(
        method="DELETE",
        path="/api/auth/passkeys/{id}",
        handler=passkeys.delete_passkey,
        summary="Remove one of my passkeys; wants a fresh sign-in",
        bearer=True,
        replies={204: []},
        errors=(e.StepUpRequiredError, e.NotFoundError, *AWAY),
    ),
)

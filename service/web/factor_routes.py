"""Routes of second factors, of a step-up, and of trusted devices."""

from service.domain import errors as e
from service.web import factor_bodies, factor_shapes, shapes
from service.web.handlers import trusted_devices, two_factor
from service.web.route import AWAY, Route

PROVEN_ERRORS = (e.InvalidCredentialsError, e.MfaCodeInvalidError, e.AccountLockedError)
"""Of a password and a code that are asked for once more."""

FACTOR_ROUTES = (
    Route(
        method="GET",
        path="/api/auth/2fa",
        handler=two_factor.get_2fa,
        summary="Whether a second factor is on, and how many recovery codes are left",
        bearer=True,
        replies={200: [factor_shapes.FactorsShape]},
        errors=AWAY,
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/setup",
        handler=two_factor.post_2fa_setup,
        summary="Make a secret for an authenticator; nothing is on yet",
        bearer=True,
        replies={200: [factor_shapes.SetupShape]},
        errors=(e.ConflictError, e.StepUpRequiredError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/enable",
        handler=two_factor.post_2fa_enable,
        summary="Turn the second factor on by a first code",
        body=factor_bodies.EnableBody,
        bearer=True,
        replies={200: [factor_shapes.RecoveryCodesShape]},
        errors=(e.MfaCodeInvalidError, e.AccountLockedError, e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/disable",
        handler=two_factor.post_2fa_disable,
        summary="Turn the second factor off; recovery codes and trusted devices go with it",
        body=factor_bodies.DisableBody,
        bearer=True,
        replies={204: []},
        errors=(*PROVEN_ERRORS, e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/2fa/recovery-codes",
        handler=two_factor.post_2fa_recovery_codes,
        summary="Get a new set of recovery codes; the old one is dead",
        body=factor_bodies.RenewCodesBody,
        bearer=True,
        replies={200: [factor_shapes.RecoveryCodesShape]},
        errors=(*PROVEN_ERRORS, e.ConflictError, *AWAY),
    ),
    Route(
        method="POST",
        path="/api/auth/step-up",
        handler=two_factor.post_step_up,
        summary="Prove again who I am; a new session takes the place of this one",
        body=factor_bodies.StepUpBody,
        bearer=True,
        replies={200: [shapes.TokensShape]},
        errors=(*PROVEN_ERRORS, *AWAY),
    ),
    Route(
        method="GET",
        path="/api/auth/trusted-devices",
        handler=trusted_devices.get_trusted_devices,
        summary="My devices that sign in without the second step",
        bearer=True,
        replies={200: [factor_shapes.TrustedDevicesShape]},
        errors=AWAY,
    ),
    Route(
        method="DELETE",
        path="/api/auth/trusted-devices/{id}",
        handler=trusted_devices.delete_trusted_device,
        summary="Trust one of my devices no more",
        bearer=True,
        replies={204: []},
        errors=(e.NotFoundError, *AWAY),
    ),
)

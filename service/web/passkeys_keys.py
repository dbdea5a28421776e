"""Where handlers find what concerns passkeys."""

from aiohttp import web

from service.operations.keep_passkeys import AddPasskey, RemovePasskey, RenamePasskey
from service.operations.passkey_sign_in import (
    SecondFactorByPasskey,
    SignInByPasskey,
    StepUpByPasskey,
)
from service.store.passkeys import PasskeyRecords

PASSKEYS = web.AppKey("passkeys", PasskeyRecords)
ADD_PASSKEY = web.AppKey("add_passkey", AddPasskey)
RENAME_PASSKEY = web.AppKey("rename_passkey", RenamePasskey)
REMOVE_PASSKEY = web.AppKey("remove_passkey", RemovePasskey)
SIGN_IN_BY_PASSKEY = web.AppKey("sign_in_by_passkey", SignInByPasskey)
SECOND_FACTOR_BY_PASSKEY = web.AppKey("second_factor_by_passkey", SecondFactorByPasskey)
STEP_UP_BY_PASSKEY = web.AppKey("step_up_by_passkey", StepUpByPasskey)

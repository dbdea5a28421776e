"""What handlers of second factors and devices find in the application."""

from aiohttp import web

from service.operations.step_up import StepUp
from service.operations.trust_device import RevokeDevice
from service.operations.two_factor import ChangeTotp
from service.store.second_factors import SecondFactors
from service.store.trusted_devices import TrustedDevices
from service.web.cookies import DeviceCookie
from service.web.devices import MarkDevice

CHANGE_TOTP = web.AppKey("change_totp", ChangeTotp)
MARK_DEVICE = web.AppKey("mark_device", MarkDevice)
REVOKE_DEVICE = web.AppKey("revoke_device", RevokeDevice)
SECOND_FACTORS = web.AppKey("second_factors", SecondFactors)
STEP_UP = web.AppKey("step_up", StepUp)
TRUST_COOKIE = web.AppKey("trust_cookie", DeviceCookie)
TRUSTED_DAYS = web.AppKey("trusted_days", int)
TRUSTED_DEVICES = web.AppKey("trusted_devices", TrustedDevices)

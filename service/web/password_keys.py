"""What handlers about accounts of one's own find in the application."""

from aiohttp import web

from service.operations.change_email import ChangeEmail, VerifyEmail
from service.operations.change_password import ChangePassword
from service.operations.register import Register, VerifyRegistration
from service.operations.rename import Rename
from service.operations.reset_password import ForgetPassword, ResetPassword

CHANGE_EMAIL = web.AppKey("change_email", ChangeEmail)
CHANGE_PASSWORD = web.AppKey("change_password", ChangePassword)
FORGET_PASSWORD = web.AppKey("forget_password", ForgetPassword)
REGISTER = web.AppKey("register", Register)
RENAME = web.AppKey("rename", Rename)
RESET_PASSWORD = web.AppKey("reset_password", ResetPassword)
VERIFY_EMAIL = web.AppKey("verify_email", VerifyEmail)
VERIFY_REGISTRATION = web.AppKey("verify_registration", VerifyRegistration)

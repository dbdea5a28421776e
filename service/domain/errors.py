"""Every refusal. `code` is public API (docs/errors.md): it may be added, never re-used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


class AuthError(Exception):
    """A refusal a client can act on. `detail` tells a person what to do next."""

    code: ClassVar[str]
    title: ClassVar[str]
    detail: ClassVar[str]


class BadRequestError(AuthError):
    code = "bad_request"
    title = "This is not a request as HTTP has them"
    detail = "Send HTTP/1.1, with lines of at most 8 KiB and no Expect but 100-continue."


class MalformedJsonError(AuthError):
    code = "malformed_json"
    title = "The body is not a JSON object"
    detail = "Send one UTF-8 JSON object, without duplicate keys or NaN, nested at most 32 deep."


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field: its dotted name and what is wrong, never its value."""

    field: str
    message: str


class ValidationFailedError(AuthError):
    code = "validation_failed"
    title = "A field is missing or not acceptable"
    detail = "Correct the fields listed in errors and send the request again."

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__()
        self.errors = errors


class UnsupportedMediaTypeError(AuthError):
    code = "unsupported_media_type"
    title = "The body is of the wrong media type"
    detail = "Send Content-Type: application/json, in UTF-8 and without a Content-Encoding."


class NotAcceptableError(AuthError):
    code = "not_acceptable"
    title = "The answer has none of the forms that were asked for"
    detail = "Send an Accept header with a media type of this route, or none."


class PayloadTooLargeError(AuthError):
    code = "payload_too_large"
    title = "The body is too large"
    detail = "Send at most 64 KiB."


class RequestTimeoutError(AuthError):
    code = "request_timeout"
    title = "The body did not arrive in time"
    detail = "Send the request again over a faster connection."


class InvalidCredentialsError(AuthError):
    code = "invalid_credentials"
    title = "E-mail or password is wrong"
    detail = "Check both and try again, or reset the password."


class MfaCodeInvalidError(AuthError):
    code = "mfa_code_invalid"
    title = "The code is wrong or was used before"
    detail = "Wait for the next code of the authenticator, or use another recovery code."


class MfaTokenInvalidError(AuthError):
    code = "mfa_token_invalid"
    title = "The second-factor challenge is unknown, used or expired"
    detail = "Sign in with e-mail and password again."


class TokenMissingError(AuthError):
    code = "token_missing"
    title = "No access token"
    detail = "Send Authorization: Bearer with an access token."


class TokenInvalidError(AuthError):
    code = "token_invalid"
    title = "The access token is not valid"
    detail = "Refresh, or sign in again."


class TokenExpiredError(AuthError):
    code = "token_expired"
    title = "The access token has expired"
    detail = "Refresh it."


class SessionEnded:
    """`reason`: why the session ended (EndReason), for whoever held it; empty where nobody knows."""

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason


class TokenRevokedError(SessionEnded, AuthError):
    code = "token_revoked"
    title = "The session of this access token has ended"
    detail = "Sign in again."


class RefreshTokenInvalidError(AuthError):
    code = "refresh_token_invalid"
    title = "The refresh token is not valid"
    detail = "Sign in again."


class RefreshTokenReusedError(SessionEnded, AuthError):
    code = "refresh_token_reused"
    title = "The refresh token was used before; the session was ended for safety"
    detail = "Sign in again. If this was not you, change your password."


class SessionExpiredError(SessionEnded, AuthError):
    code = "session_expired"
    title = "The session has expired"
    detail = "Sign in again."


class SessionRevokedError(SessionEnded, AuthError):
    code = "session_revoked"
    title = "The session was ended"
    detail = "Sign in again."


class CsrfFailedError(AuthError):
    code = "csrf_failed"
    title = "The request does not prove that it came from an allowed page"
    detail = "Send X-Requested-With: fetch from an origin in CORS_ORIGINS."


class ForbiddenError(AuthError):
    code = "forbidden"
    title = "This account may not do that"
    detail = "Ask an administrator for the role that it takes."


class InvalidClientError(AuthError):
    code = "invalid_client"
    title = "The client is unknown, or its secret is wrong"
    detail = "Send Authorization: Basic with an id and secret of INTROSPECTION_CLIENTS."


class UnsupportedGrantTypeError(AuthError):
    code = "unsupported_grant_type"
    title = "There is no such grant here"
    detail = "Send grant_type=refresh_token; people sign in at /api/auth/login."


class InvalidScopeError(AuthError):
    code = "invalid_scope"
    title = "Tokens of this service have no scope"
    detail = "Leave the parameter scope out."


class NotFoundError(AuthError):
    code = "not_found"
    title = "There is nothing here"
    detail = "Check the path and the id."


class MethodNotAllowedError(AuthError):
    code = "method_not_allowed"
    title = "This path does not take that method"
    detail = "See the Allow header for those it takes."

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = allowed


class ConflictError(AuthError):
    code = "conflict"
    title = "The state does not allow that"
    detail = "Read the current state and decide anew."


class ParquetMissingError(AuthError):
    code = "parquet_missing"
    title = "This server cannot write Parquet"
    detail = "Ask for CSV or JSON, or have the operator install the extra: inphora-auth[analytics]."


class StepUpRequiredError(AuthError):
    code = "step_up_required"
    title = "This action wants a fresh sign-in"
    detail = "Prove the password or the second factor again."


class RegistrationClosedError(AuthError):
    code = "registration_closed"
    title = "Nobody can sign themselves up here"
    detail = "Ask an administrator for an account."


class LinkInvalidError(AuthError):
    """One answer for a token that is unknown, used, replaced or expired."""

    code = "link_invalid"
    title = "This link was used, replaced or has expired"
    detail = "Ask for a new one."


class PasskeyInvalidError(AuthError):
    """One answer for an unknown passkey, a wrong signature and a spent challenge."""

    code = "passkey_invalid"
    title = "This passkey was not accepted"
    detail = "Try again, or sign in another way."


class LastAdminError(AuthError):
    code = "last_admin"
    title = "Nobody else is an administrator"
    detail = "Give somebody else the role first."


class SessionLimitError(AuthError):
    code = "session_limit"
    title = "This account has as many sessions as it may have"
    detail = "Sign out on another device first."


class AccountLockedError(AuthError):
    code = "account_locked"
    title = "Too many failures for this account"
    detail = "Wait as long as Retry-After says, or reset the password."

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


class RateLimitedError(AuthError):
    code = "rate_limited"
    title = "Too many requests"
    detail = "Wait as long as Retry-After says."

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


class ServiceUnavailableError(AuthError):
    """A store is away. The client keeps its tokens and tries again."""

    code = "service_unavailable"
    title = "The service cannot answer for now"
    detail = "Keep your tokens and try again after Retry-After seconds."

    def __init__(self, retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__()
        self.retry_after = retry_after

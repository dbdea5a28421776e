"""docs/errors.md: what each code means, what to do about it, and what answers it."""

from scripts.docs.markdown import Row, codes, page, table
from service.domain import errors as e
from service.domain.sessions import EndReason
from service.web.problems import INTERNAL_ERROR, RETRY_ERRORS, STATUS, TOKEN_ERRORS
from service.web.route import SHARED_ERRORS, UNROUTED_ERRORS, Route
from service.web.routes import ROUTES


def render() -> str:
    """The page."""
    return page(
        "Error catalogue",
        "service/domain/errors.py, and service/web/problems.py, route.py and routes.py",
        "Every refusal is `application/problem+json` ([RFC 9457]"
        "(https://www.rfc-editor.org/rfc/rfc9457)). Decide by `code`: it is never renamed and never "
        "re-used. `title` and `detail` are for people and may change. `type` is a path of this "
        "service that answers the same text. `request_id` finds the request in the log. "
        "`validation_failed` also carries `errors`, a list of `{field, message}`. "
        f"{codes(_with_reason())} carry `reason`, where it is known: why the caller's session ended, "
        f"one of {codes(EndReason)}.",
        "Four rules cover most clients. After `token_expired`, refresh once. After any other 401 for a "
        "token or a session, sign in again. After 429 or 503, keep the tokens and wait as long as "
        "`Retry-After` says. Anything else is for a person to read, or a bug.",
        "## By code",
        _by_code(),
        "## By route",
        table(
            ("route", "role", "codes"),
            [(_name(route), _roles(route), _codes(route)) for route in ROUTES],
        ),
        "Where roles stand, an account needs one of them. Which it has is looked up at every "
        "request, so that one that was taken away is gone at once, whatever the token says.",
        f"Every path may also answer {codes(kind.code for kind in UNROUTED_ERRORS)} and "
        f"`{INTERNAL_ERROR['code']}`.",
    )


def _with_reason() -> list[str]:
    return sorted(kind.code for kind in STATUS if issubclass(kind, e.SessionEnded))


def _by_code() -> str:
    kinds = sorted(STATUS, key=lambda kind: kind.code)
    own = (
        _anchor(str(INTERNAL_ERROR["code"])),
        str(INTERNAL_ERROR["status"]),
        str(INTERNAL_ERROR["title"]),
        str(INTERNAL_ERROR["detail"]),
        "",
        "every path; always a bug",
    )
    rows = sorted([*map(_row, kinds), own], key=lambda row: row[1])
    return table(("code", "status", "title", "what to do", "header", "answered by"), rows)


def _row(kind: type[e.AuthError]) -> Row:
    return (
        _anchor(kind.code),
        str(STATUS[kind]),
        kind.title,
        kind.detail,
        _header(kind),
        _answered_by(kind),
    )


def _anchor(code: str) -> str:
    return f'<a id="{code}"></a>`{code}`'


def _header(kind: type[e.AuthError]) -> str:
    if kind in TOKEN_ERRORS or kind is e.ForbiddenError:
        return "`WWW-Authenticate`"
    if kind in RETRY_ERRORS:
        return "`Retry-After`"
    return "`Allow`" if kind is e.MethodNotAllowedError else ""


def _answered_by(kind: type[e.AuthError]) -> str:
    if kind in SHARED_ERRORS:
        return SHARED_ERRORS[kind]
    answering = [route for route in ROUTES if kind in route.refusals()]
    if answering == [route for route in ROUTES if route.errors]:
        return "every route that needs a store"
    places = [UNROUTED_ERRORS[kind]] if kind in UNROUTED_ERRORS else []
    places += map(_name, answering)
    return "<br>".join(places) or "no route of this release; reserved"


def _name(route: Route) -> str:
    return f"`{route.method} {route.path}`"


def _roles(route: Route) -> str:
    return " or ".join(f"`{role}`" for role in route.roles)


def _codes(route: Route) -> str:
    if route.oauth:
        return "in OAuth's own form: [api.md](api.md#for-other-services-and-off-the-shelf-clients)"
    refusals = dict.fromkeys(kind.code for kind in route.refusals())
    return ", ".join(f"[`{code}`](#{code})" for code in refusals) or "none of its own"

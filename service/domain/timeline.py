"""What happened to a session, in plain English: answers "why was I signed out?"."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from service.domain.devices import device_label
from service.domain.sessions import EndReason

MANY = 3
"""So many uses in a row are told as one."""

USES = frozenset({"token.refreshed", "token.replayed", "token.recovered", "session.used"})
"""What keeps a session alive; of an ordinary day there are dozens."""

SIGN_IN = ("mfa.challenged", "mfa.succeeded", "mfa.failed")
CAUSES = (
    "password.changed",
    "password.reset",
    "user.locked",
    "user.disabled",
    "user.mfa_reset",
    "user.email_changed",
    "user.erasure_requested",
    "mfa.enabled",
    "mfa.disabled",
    "session.all_revoked",
)
"""What a session may end by without being named in it."""
OPENED = "login.succeeded"
ENDS = frozenset({"session.ended", "session.expired", "token.reuse_detected"})

ENDED: Mapping[str, str] = {
    EndReason.LOGOUT: "They signed out.",
    EndReason.IDLE_TIMEOUT: "Signed out because the session was not used for too long.",
    EndReason.ABSOLUTE_TIMEOUT: "Signed out because the session reached its longest time; every "
    "session does.",
    EndReason.REVOKED_USER: "Ended by its owner, from another of their sessions.",
    EndReason.REVOKED_ADMIN: "Ended by an administrator.",
    EndReason.TOKEN_REUSE: "Ended for safety: an old refresh token came back, so somebody else may "
    "hold a copy of it.",
    EndReason.PASSWORD_CHANGE: "Signed out because the password was changed.",
    EndReason.EVICTED: "Signed out because of a newer sign-in: the account had as many sessions as "
    "it may have, and this one was not used for longest.",
    EndReason.ERASED: "Ended because the account was erased, or is to be.",
    EndReason.SUPERSEDED: "Replaced by a new session when its owner proved again who they are.",
    EndReason.MFA_CHANGE: "Signed out because the second factor was changed.",
    EndReason.EMAIL_CHANGE: "Signed out because the e-mail address was changed.",
    EndReason.ACCOUNT_DISABLED: "Signed out because an administrator locked or disabled the account.",
    EndReason.ABORTED: "The sign-in could not be finished; nobody ever held this session.",
}
SAYS: Mapping[str, str] = {
    "login.succeeded": "Signed in{by}{where}.",
    "login.failed": "A sign-in to this account failed{where}: {reason}.",
    "mfa.challenged": "The password was right; a second factor was asked for{where}.",
    "mfa.succeeded": "The second factor was right: {reason}.",
    "mfa.failed": "A second factor was refused: {reason}.",
    "token.refreshed": "Kept alive by a refresh{where}.",
    "token.replayed": "A refresh was answered again with the same tokens: {reason}.",
    "token.recovered": "A refresh went on after the store had lost its newest state.",
    "token.reuse_detected": ENDED[EndReason.TOKEN_REUSE],
    "session.used": "In use.",
    "session.restored": "Restored from the database after the fast store had lost it; nobody noticed.",
    "session.stepped_up": "Its owner proved again who they are.",
    "session.all_revoked": "An administrator ended sessions of this account.",
    "password.refused": "A wrong password was given{where} for an action that asks for it again.",
    "password.changed": "The password was changed{where}.",
    "password.reset": "The password was reset by a link{where}.",
    "user.locked": "An administrator locked the account.",
    "user.unlocked": "The account was unlocked.",
    "user.disabled": "An administrator disabled the account.",
    "user.enabled": "An administrator enabled the account again.",
    "user.roles_changed": "An administrator changed the account's roles.",
    "user.mfa_reset": "An administrator took the second factor off.",
    "user.email_changed": "The e-mail address was changed.",
    "user.erasure_requested": "It was asked that the account be erased.",
    "user.erased": "The account was erased.",
    "mfa.enabled": "A second factor was turned on{where}.",
    "mfa.disabled": "The second factor was turned off{where}.",
    "limit.exceeded": "Too many requests: some were refused.",
}


class Entry(NamedTuple):
    """One line of a timeline. `at` is RFC 3339, as is `until`, of the last of `times` that are one.

    `ip` and `device` are None where nobody can read them any more, or nothing was said.
    """

    at: str
    type: str
    outcome: str
    reason: str | None
    ip: str | None
    device: str | None
    generation: int | None
    actor_id: str | None
    says: str
    times: int = 1
    until: str | None = None


def told(row: Mapping[str, Any]) -> Entry:
    """The entry of a row of the audit, as people read it."""
    agent, reason = row["user_agent"], row["reason"]
    device = row["data"].get("device") or (device_label(agent) if agent else None)
    why = row["data"].get("why")
    return Entry(
        at=row["occurred_at"],
        type=row["type"],
        outcome=row["outcome"],
        reason=reason,
        ip=row["ip"],
        device=device,
        generation=row["generation"],
        actor_id=row["actor_id"],
        says=_sentence(row, device) + (f' The reason given: "{why}".' if why else ""),
    )


def signed_in(at: str, *, ip: str, device: str, amr: Sequence[str]) -> Entry:
    """A sign-in of which only the session's row tells so far, or still."""
    shape, place = SAYS["login.succeeded"], _where(ip, device)
    says = shape.format(where=place, by=f" by {', '.join(amr)}", reason="")
    return Entry(at, "login.succeeded", "success", None, ip or None, device or None, 1, None, says)


def ended(at: str, reason: str) -> Entry:
    """The end of a session of which only its row tells so far, or still."""
    return Entry(at, "session.ended", "neutral", reason, None, None, None, None, why_ended(reason))


def why_ended(reason: str | None) -> str:
    """The sentence for an end; also for a reason of a newer release."""
    return ENDED.get(reason or "", f"Ended: {reason}.")


def folded(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same, with uses in a row from one place told as one when they are many."""
    run: list[Entry] = []
    for entry in entries:
        if run and (entry.type not in USES or _place(entry, run) != _place(run[0], run)):
            yield from _fold(run)
            run = []
        if entry.type in USES:
            run.append(entry)
        else:
            yield entry
    yield from _fold(run)


def _place(entry: Entry, run: Sequence[Entry]) -> tuple[str | None, str | None]:
    """Where a use came from; one that says nothing came from where the others did."""
    known = next((each for each in run if each.ip), entry)
    return (entry.ip or known.ip, entry.device or known.device)


def _fold(run: Sequence[Entry]) -> Iterator[Entry]:
    if len(run) <= MANY:
        yield from run
        return
    first, last = run[0], run[-1]
    refreshes = sum(1 for entry in run if entry.type != "session.used")
    did = f"refreshed {refreshes} times" if refreshes else f"used {len(run)} times"
    placed = next((entry for entry in run if entry.ip), first)
    yield first._replace(
        ip=placed.ip,
        device=placed.device,
        generation=max(entry.generation or 0 for entry in run) or None,
        says=f"In use: {did} between {_minute(first.at)} and {_minute(last.at)} UTC"
        f"{_where(placed.ip, placed.device)}.",
        times=len(run),
        until=last.at,
    )


def _sentence(row: Mapping[str, Any], device: str | None) -> str:
    kind, reason = row["type"], row["reason"]
    if kind in {"session.ended", "session.expired"}:
        return why_ended(reason)
    shape = SAYS.get(kind)
    if shape is None:
        return f"{kind.replace('.', ' ').replace('_', ' ').capitalize()}."
    given = row["data"].get("amr", ())
    methods = ", ".join(given.split() if isinstance(given, str) else given)  # a sign-in's are text
    return shape.format(
        where=_where(row["ip"], device),
        by=f" by {methods}" if methods else "",
        reason=(reason or "no reason was noted").replace("_", " "),
    )


def _where(ip: str | None, device: str | None) -> str:
    return (f" on {device}" if device else "") + (f" from {ip}" if ip else "")


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")

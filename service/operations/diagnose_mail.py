"""Whether mails go out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from service.operations.findings import Finding
from service.store.mail_queue import MailQueue

LATE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class DiagnoseMail:
    """`reach` tries the mail server of SMTP_URL as a mail would, and says what is wrong, or nothing;
    None: there is none. `folder` is MAIL_DIR. `local`: only this machine uses the service.
    """

    queue: MailQueue
    reach: Callable[[], Awaitable[str | None]] | None
    folder: Path | None
    now_ms: Callable[[], int]
    local: bool

    async def __call__(self) -> list[Finding]:
        """Raises ServiceUnavailableError while PostgreSQL is away."""
        state = await self.queue.state()
        age = self.now_ms() // 1000 - int(state.oldest.timestamp()) if state.oldest else 0
        late = f"{state.waiting} mails wait, the oldest for {age} s: {state.last_error or 'no try'}"
        if self.folder is not None:
            what = f"mails are written to {self.folder} and sent to nobody (MAIL_DIR)"
            return [Finding(self.local, what, "unset MAIL_DIR and set SMTP_URL")]
        if self.reach is None:
            what = f"no mail can be sent without SMTP_URL; {state.waiting} wait"
            mend = "set SMTP_URL, for web and workers: see docs/mail.md"
            return [Finding(not state.waiting, what, mend)]
        wrong = await self.reach()
        found = Finding(
            wrong is None,
            f"the mail server does not take mails: {wrong}" if wrong else "the mail server answers",
            "check SMTP_URL, MAIL_FROM and the way there; then: inphora-auth mail test ADDRESS",
        )
        if wrong is None and age > LATE_SECONDS:
            return [found, Finding(ok=False, what=late, mend="see docs/mail.md, when mails wait")]
        return [found]

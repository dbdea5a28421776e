"""Real workers and commands."""

import asyncio
from pathlib import Path

from service.contracts.mails import Mail, MailTemplate
from service.domain.secrets import at_rest
from service.store.database import Database
from service.store.mail_outbox import MailOutbox
from tests.conftest import SECRET_KEY
from tests.mails.conftest import LINK, postbox
from tests.processes.stores import Stores
from tests.support.processes import running
from tests.support.waiting import PATIENCE, wait_until


async def test_a_worker_is_killed_between_sending_and_noting(
    stores: Stores, tmp_path: Path
) -> None:
    """The mail comes again, with the same Message-ID; it is noted once; no log has link or address."""
    from secrets import token_bytes

    outbox = MailOutbox(Database(stores.engine), at_rest([SECRET_KEY], token_bytes))
    mail = Mail(MailTemplate.RESET_PASSWORD, "ada@people.example", params={"link": LINK})
    async with postbox() as box:
        env = {**stores.env, "SMTP_URL": box.url, "LOG_LEVEL": "debug"}
        box.hold = asyncio.Event()
        await outbox.put(None, mail)
        with running("workers", env=env, log=tmp_path / "worker.log") as worker:
            await asyncio.wait_for(box.took.wait(), PATIENCE)
            worker.kill()
            worker.wait()
        box.hold.set()
        assert await stores.value("select count(*) from mails") == 1
        # Five minutes pass: the lease of the dead.
        async with stores.engine.begin() as connection:
            await connection.exec_driver_sql("update mails set due_at = due_at - interval '5 min'")
        with running("workers", env=env, log=tmp_path / "worker.log"):

            async def noted() -> bool:
                return "mail.sent" in await stores.audit()

            await wait_until(noted)
    first, again = box.got
    assert first["Message-ID"] == again["Message-ID"]
    assert await stores.value("select count(*) from mails") == 0
    assert (await stores.audit()).count("mail.sent") == 1
    log = (tmp_path / "worker.log").read_text()
    for secret in ("token=", "people.example"):
        assert secret not in log

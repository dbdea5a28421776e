"""Whether all is well, on the command line."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import click

from config.settings import Settings
from service.clocks import now_ms
from service.commands import open_stores, run
from service.mail_cli import check_server
from service.operations.diagnose import LOCAL_HOSTS, Diagnose
from service.operations.diagnose_mail import DiagnoseMail
from service.operations.findings import Finding
from service.store.health import RedisHealth
from service.store.mail_queue import MailQueue
from service.store.resealing import Resealing


@click.command()
def doctor() -> None:
    """Check settings, stores and workers, and say how to mend what is wrong."""

    async def examine(diagnose: Diagnose) -> list[Finding]:
        return await diagnose()

    findings = run(_open_tools, examine)
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("FAIL", fg="red")
        click.echo(f"{mark}  {finding.what}" + ("" if finding.ok else f"\n      {finding.mend}"))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@asynccontextmanager
async def _open_tools(settings: Settings) -> AsyncIterator[Diagnose]:
    server = settings.smtp_url and settings.smtp_url.get_secret_value()
    async with open_stores(settings) as stores:
        yield Diagnose(
            RedisHealth(stores.redis),
            stores.database,
            settings.public_url,
            now_ms,
            Resealing(stores.database, stores.sealer, stores.events),
            settings.session_idle_ttl,
            settings.geoip_file,
            DiagnoseMail(
                MailQueue(stores.database, stores.sealer),
                partial(check_server, server) if server else None,
                settings.mail_dir,
                now_ms,
                local=urlsplit(settings.public_url).hostname in LOCAL_HOSTS,
            ),
        )

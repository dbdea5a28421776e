"""The command line. Exit codes: 0 done, 1 failed, 2 wrong usage."""

import sys
from importlib import import_module
from pathlib import Path

import click

from config.settings import read_settings
from service.release import VERSION

ELSEWHERE = {
    "analytics": "service.analytics_cli",
    "audit": "service.audit_cli",
    "doctor": "service.doctor_cli",
    "erase-user": "service.persons_cli",
    "events": "service.letters_cli",
    "hold": "service.persons_cli",
    "keys": "service.keys_cli",
    "mail": "service.mail_cli",
    "sessions": "service.users_cli",
    "users": "service.users_cli",
    "webhooks": "service.webhooks_cli",
}
"""Where commands are that need much; each module is imported when one of its commands is used."""


class Commands(click.Group):
    """The commands of this module and those of ELSEWHERE."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(
            import_module(ELSEWHERE[cmd_name]), cmd_name.replace("-", "_")
        )
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION)
def main() -> None:
    """Inphora Auth: sign-in and sessions. Settings come from the environment."""


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    envvar="PORT",
    default=8000,
    help="8000, or PORT; 0 takes a free one.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="DATA_DIR",
    default=Path("var"),
    help="var, or DATA_DIR.",
)
@click.option("--demo-data/--no-demo-data", default=True, help="Made-up traffic, once.")
@click.option(
    "--demo-days", type=click.IntRange(1, 400), default=90, show_default=True, help="So much of it."
)
def dev(port: int, data_dir: Path, *, demo_data: bool, demo_days: int) -> None:
    """Run everything here: embedded PostgreSQL and Valkey, web, worker, demo users."""
    from service.demo_users import prepare_demo  # noqa: PLC0415
    from service.dev import DevError, run_dev  # noqa: PLC0415 - needs the dev extra
    from service.embedded import EmbeddedError  # noqa: PLC0415
    from service.refusals import fail  # noqa: PLC0415

    try:
        days = demo_days if demo_data else 0
        code = run_dev(data_dir, port, prepare=prepare_demo, say=click.echo, demo_days=days)
    except (DevError, EmbeddedError) as error:
        fail(str(error))
    sys.exit(code)


@main.command()
@click.option("--host", default="0.0.0.0", show_default=True)  # noqa: S104 - a platform's way in
@click.option("--port", type=click.IntRange(0, 65_535), help="8000, or PORT.")
def serve(host: str, port: int | None) -> None:
    """Run one web process; behind gunicorn (see the Procfile) there are more."""
    from config.logging import configure_logging  # noqa: PLC0415
    from service.app import serve as run_server  # noqa: PLC0415 - only this needs the web side
    from service.refusals import refusals  # noqa: PLC0415

    settings = read_settings()
    configure_logging(level=settings.log_level, form=settings.log_format, process="web")
    with refusals():
        run_server(settings, host=host, port=settings.port if port is None else port)


@main.command()
def migrate() -> None:
    """Bring the database to today's schema; safe to run at any time, by several at once."""
    from service.refusals import refusals  # noqa: PLC0415
    from service.store.migrations.run import migrate as run_migrations  # noqa: PLC0415 - large

    url = read_settings().database_url.get_secret_value()
    with refusals():
        run_migrations(url)
    click.echo("The database is up to date.")

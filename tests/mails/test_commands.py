"""`mail test` and `doctor` try the mail server as a mail would, and say what is wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from service.mail_cli import check_server, send_test
from service.operations.diagnose_mail import LATE_SECONDS, DiagnoseMail
from service.outbound.mails.delivery import Fate
from service.outbound.mails.letter import AddressUnusableError
from tests.conftest import MakeSettings
from tests.mails.conftest import Office, Postbox


async def test_a_test_by_smtp(make_settings: MakeSettings, box: Postbox) -> None:
    """Taken or refused, it says so; without a way there is nothing to say."""
    settings = make_settings(smtp_url=box.url)
    delivery = await send_test(settings, "ops@people.example")
    assert delivery is not None
    assert delivery.fate is Fate.SENT
    assert box.recipients == ["ops@people.example"]
    assert box.got[0]["Subject"] == "Inphora: This is a test"
    strict = await send_test(
        make_settings(smtp_url=f"{box.url}?starttls=required"), "ops@people.example"
    )
    assert strict is not None
    assert strict.why == "it offers no STARTTLS, which SMTP_URL wants"
    assert await send_test(make_settings(), "ops@people.example") is None
    with pytest.raises(AddressUnusableError):
        await send_test(settings, "ops")


async def test_a_test_into_a_folder(
    make_settings: MakeSettings, tmp_path: Path, box: Postbox
) -> None:
    """MAIL_DIR goes before SMTP_URL."""
    settings = make_settings(smtp_url=box.url, mail_dir=tmp_path / "mail")
    await send_test(settings, "ops@people.example")
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
    assert box.got == []


async def test_what_doctor_says(office: Office, box: Postbox, tmp_path: Path) -> None:
    """Each trouble is told, with what to do about it; all well is one line."""

    async def examine(
        url: str | None = None, folder: Path | None = None, *, local: bool = False
    ) -> list[tuple[bool, str]]:
        async def reach() -> str | None:
            assert url is not None
            return await check_server(url)

        diagnose = DiagnoseMail(
            office.queue, reach if url else None, folder, office.clock, local=local
        )
        return [(finding.ok, finding.what) for finding in await diagnose()]

    assert await examine(box.url) == [(True, "the mail server answers")]
    assert await examine() == [(True, "no mail can be sent without SMTP_URL; 0 wait")]
    [(ok, what)] = await examine(f"{box.url}?starttls=required")
    assert not ok
    assert "it offers no STARTTLS" in what
    [(here, _)] = await examine(folder=tmp_path, local=True)
    [(elsewhere, _)] = await examine(folder=tmp_path)
    assert (here, elsewhere) == (True, False)
    await office.put()
    assert await examine() == [(False, "no mail can be sent without SMTP_URL; 1 wait")]
    assert len(await examine(box.url)) == 1
    office.clock.move(timedelta(seconds=LATE_SECONDS + 5))
    assert (await examine(box.url))[1][0] is False
    assert box.got == []


@pytest.mark.parametrize(
    "url",
    [
        "http://mx.example",
        "smtp://",
        "smtp://us:hunter2@mx.example:port",
        "smtp://us:hunter2@mx.example?starttls=maybe",
        "smtp://us:hunter2@mx.example?tls=on",
    ],
)
def test_a_bad_smtp_url_stops_the_start(make_settings: MakeSettings, url: str) -> None:
    """With a line that names it, and no password."""
    with pytest.raises(ValueError, match="smtp_url") as refused:
        make_settings(smtp_url=url)
    assert "hunter2" not in str(refused.value)


async def test_metrics_of_mails(office: Office, box: Postbox) -> None:
    """What waits, how old it is, what was sent and given up: by any web process."""
    from service.store.health import WorkerState
    from service.web.metrics import Metrics
    from service.web.worker_metrics import WorkerMetrics

    box.answers = ["550 no", "450 later"]
    for _ in range(3):
        await office.put()
    await office.worker(box.url)()
    office.clock.move(timedelta(seconds=60))
    state = WorkerState(last_heartbeat_ms=None, vitals={"w": office.vitals}, streams=[])
    page = Metrics().render(WorkerMetrics(state, office.clock())).decode()
    for line in (
        'inphora_worker_mails_sent_total{worker="w"} 1.0',
        'inphora_worker_mails_failed_total{worker="w"} 1.0',
        "inphora_mails_waiting 1.0",
        "inphora_mails_oldest_age_seconds 6",
    ):
        assert line in page

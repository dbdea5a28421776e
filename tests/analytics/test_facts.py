"""Facts come out of events exactly once, and the same in whatever order events arrive."""

# ruff: noqa: S608 - our own names of tables

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from service.contracts.events import Event, EventType
from service.simulation.country_file import to_mmdb
from service.store.audit import AuditRecords, StreamedEvent
from service.store.countries import Countries
from service.store.database import Database

AT_MS = 1_789_000_000_000
QUARTER_MS = 900_000
ADA, BOB = (str(UUID(int=n)) for n in (1, 2))
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
TABLES = ("fct_auth_events", "fct_sessions", "dim_user")


def event(
    kind: EventType, minute: float, user: str = ADA, session: str = "s1", **more: Any
) -> Event:
    return Event(
        type=kind, at_ms=AT_MS + int(minute * 60_000), user_id=user, session_id=session, **more
    )


LIFE = [
    event(EventType.LOGIN_FAILED, 0, session="", reason="wrong_password", ip="192.0.2.1"),
    event(
        EventType.LOGIN_SUCCEEDED,
        1,
        ip="192.0.2.1",
        user_agent=PHONE,
        data={"amr": "pwd otp", "device": "Safari on iPhone"},
    ),
    event(EventType.MFA_ENABLED, 2, session=""),
    event(EventType.TOKEN_REFRESHED, 14, data={"tab": "foreground"}, generation=2),
    event(EventType.TOKEN_REFRESHED, 28, data={"tab": "background"}, generation=3),
    event(EventType.SESSION_USED, 40),
    event(EventType.TOKEN_REFRESHED, 70, data={"tab": "background"}, generation=4),
    event(EventType.TOKEN_REUSE_DETECTED, 90, reason="token_reuse"),
    event(EventType.SESSION_ENDED, 95, reason="logout"),
    event(EventType.LOGIN_SUCCEEDED, 3, user=BOB, session="s2", data={"amr": "pwd"}),
    event(EventType.AUDIT_SEARCHED, 5, session=""),
]
STREAM = [StreamedEvent(f"{each.at_ms}-{n}", each) for n, each in enumerate(LIFE)]


async def tables(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All facts, but for when they were stored."""
    found = {}
    async with database.transaction() as connection:
        for name in TABLES:
            rows = await connection.execute(
                text(f"select to_jsonb(t) - 'received_at' from analytics.{name} t order by 1")
            )
            found[name] = [row[0] for row in rows]
    return found


async def test_what_a_life_leaves(
    analytics: Database, new_writer: Callable[..., AuditRecords]
) -> None:
    """A session's row, the quarters with activity, the person; nothing of the auditors' own work."""
    await new_writer().record(3, STREAM)
    found = await tables(analytics)
    assert len(found["fct_auth_events"]) == len(LIFE) - 1
    one, other = sorted(found["fct_sessions"], key=lambda row: row["session_id"])
    assert (one["refresh_count"], one["refresh_background_count"]) == (3, 2)
    assert (one["auth_method"], one["mfa_used"], one["reuse_detected"]) == ("pwd otp", True, True)
    assert (one["end_reason"], one["device_key"] > 0) == ("token_reuse", True)
    assert (other["end_reason"], other["mfa_used"], other["refresh_count"]) == (None, False, 0)

    assert ADA not in str(found)


@pytest.mark.parametrize("seed", range(5))
async def test_order_and_repetition_change_nothing(
    analytics: Database, new_writer: Callable[..., AuditRecords], seed: int
) -> None:
    """Shuffled, in pieces, doubled, by two workers: the same rows."""
    await new_writer().record(3, STREAM)
    expected = await tables(analytics)
    async with analytics.transaction() as connection:
        await connection.execute(text("truncate audit_log, audit_heads"))
        for name in TABLES:
            await connection.execute(text(f"truncate analytics.{name}"))
    chance = Random(seed)  # noqa: S311 - an order
    shuffled = chance.sample(STREAM * 2, 2 * len(STREAM))
    writers = [new_writer(), new_writer()]
    for start in range(0, len(shuffled), 3):
        piece = {each.stream_id: each for each in shuffled[start : start + 3]}
        await chance.choice(writers).record(3, list(piece.values()))
    assert await tables(analytics) == expected


async def test_people_who_are_not_counted(
    analytics: Database, new_writer: Callable[..., AuditRecords]
) -> None:
    """By the domain of their address, whatever its letters' case."""
    async with analytics.transaction() as connection:
        await connection.execute(
            text(
                "insert into users (id, email, email_key) values "
                f"('{ADA}', 'a@Test.example', 'a@test.example'), "
                f"('{BOB}', 'b@real.example', 'b@real.example')"
            )
        )
    await new_writer(test_domains=["TEST.example"]).record(3, STREAM)
    found = await tables(analytics)
    assert {row["session_id"]: row["is_test"] for row in found["fct_sessions"]} == {
        "s1": True,
        "s2": False,
    }


async def test_countries_come_from_the_operators_file(
    analytics: Database, new_writer: Callable[..., AuditRecords], tmp_path: Path
) -> None:
    """By the address of the event; a request without one is where its session began."""
    path = tmp_path / "countries.mmdb"
    path.write_bytes(to_mmdb({"196.201.208.0/20": "KE"}))
    writer = new_writer(country_of=Countries(path))
    told = (  # the request before its sign-in
        event(EventType.SESSION_USED, 1),
        event(EventType.LOGIN_SUCCEEDED, 0, ip="196.201.208.9"),
        event(EventType.LOGIN_FAILED, 0, "", "", ip="81.2.69.142"),
    )
    for number, each in enumerate(told):
        await writer.record(0, [StreamedEvent(f"{AT_MS}-{number}", each)])
    async with analytics.transaction() as connection:
        rows = await connection.execute(
            text(
                "select event_name, country from analytics.fct_auth_events "
                "join analytics.dim_geo using (geo_key) order by event_id"
            )
        )
    assert list(map(tuple, rows)) == [
        ("session.used", "KE"),
        ("login.succeeded", "KE"),
        ("login.failed", ""),
    ]

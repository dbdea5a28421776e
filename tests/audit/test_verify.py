"""`audit verify` names the first bad row and what was done to it, whatever was done."""

# ruff: noqa: S608 - the statements of an attacker

import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from service.contracts.tables import audit_log
from service.domain.audit_chain import link
from service.domain.audit_flaws import Fault
from service.domain.checkpoint import Checkpoint
from service.store.audit import entry_of
from tests.audit.conftest import PARTITIONS, ROWS, Books

P = PARTITIONS[0]
ROW = f"where partition = {P} and seq = :j"
FAR = 1_000_000
CHANCE = Random()  # noqa: S311 - which rows are damaged

Damage = Callable[[Books, int], Awaitable[Any]]

EDITS = {
    "stream_id": "stream_id || '0'",
    "type": "'moon.landed'",
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "recorded_at": "recorded_at - interval '1 microsecond'",
    "user_id": "coalesce(user_id, '') || 'x'",
    "session_id": "null",
    "generation": "coalesce(generation, 0) + 1",
    "ip": "'198.51.100.1'",
    "user_agent": "''",
    "request_id": "''",
    "actor_id": "'somebody'",
    "reason": "coalesce(reason, '') || ' '",
    "data": """jsonb_set(data, '{limit}', '4')""",
    "personal": "set_byte(personal, 20, get_byte(personal, 20) # 1)",
    "prev_hash": "set_byte(prev_hash, 0, get_byte(prev_hash, 0) # 1)",
    "hash": "set_byte(hash, 31, get_byte(hash, 31) # 1)",
    "hash to nothing": "null",
    "occurred_at to a year that Python has not got": "'20000-01-01'",
    "occurred_at to a year before it": "'4000-01-01 BC'",
    "occurred_at to never": "'infinity'",
    "data to a number of too many digits": """'{"limit": 1e5000}'""",
    "data to a number without end": f"""'{{"limit": {"9" * 400}.5}}'""",
    "data to a well of brackets": """(repeat('[', 6000) || repeat(']', 6000))::jsonb""",
}


def edit(column: str, value: str) -> Damage:
    """One column of one row."""
    name = column.partition(" ")[0]
    return lambda books, j: books.sql(f"update audit_log set {name} = {value} {ROW}", j=j)


async def delete(books: Books, j: int) -> None:
    """A row is gone."""
    await books.sql(f"delete from audit_log {ROW}", j=j)


async def shift(books: Books, first: int, by: int) -> None:
    """Give rows other numbers."""
    which = f"where partition = {P} and seq"
    await books.sql(f"update audit_log set seq = seq + {FAR} {which} >= :j", j=first)
    await books.sql(f"update audit_log set seq = seq - {FAR} + {by} {which} >= {FAR}")
    await books.sql(
        f"update audit_heads set seq = seq + {by}, chained = chained + {by} where partition = {P}"
    )


async def delete_and_renumber(books: Books, j: int) -> None:
    """A row is gone, and no number is missing."""
    await delete(books, j)
    await shift(books, j + 1, -1)


async def swap(books: Books, j: int) -> None:
    """Two rows change places."""
    k = j + CHANCE.randint(1, 5)
    await books.sql(f"update audit_log set seq = -1 {ROW}", j=j)
    await books.sql(f"update audit_log set seq = {j} {ROW}", j=k)
    await books.sql(f"update audit_log set seq = {k} {ROW}", j=-1)


async def swap_texts(books: Books, j: int) -> None:
    """Two rows change what they say; places and hashes stay."""
    names = ", ".join(
        column.name
        for column in audit_log.columns
        if column.name not in {"partition", "seq", "prev_hash", "hash", "stream_id"}
    )
    k = j + 3
    columns = ["stream_id", *names.split(", ")]
    [one] = await books.sql(f"select {', '.join(columns)} from audit_log {ROW}", j=j)
    [other] = await books.sql(f"select {', '.join(columns)} from audit_log {ROW}", j=k)
    await books.sql(f"update audit_log set stream_id = 'away' {ROW}", j=j)
    async with books.database.transaction() as connection:
        for seq, row in ((k, one), (j, other)):
            which = (audit_log.c.partition == P) & (audit_log.c.seq == seq)
            await connection.execute(audit_log.update().where(which).values(row._asdict()))


async def insert_copy(books: Books, j: int) -> None:
    """A row like another, with all behind it moved on."""
    await shift(books, j, 1)
    await _insert(books, j, of=j + 1)


async def insert_with_hash(books: Books, j: int) -> None:
    """A row whose own hash is right, with all behind it moved on."""
    await insert_copy(books, j)
    await rehash(books, j)


async def _insert(books: Books, seq: int, *, of: int) -> None:
    names = [c.name for c in audit_log.columns if c.name not in {"seq", "stream_id"}]
    columns = ", ".join(names)
    await books.sql(
        f"insert into audit_log (seq, stream_id, {columns}) "
        f"select {seq}, 'forged', {columns} from audit_log {ROW}",
        j=of,
    )


async def insert_at_the_end(books: Books, _: int) -> None:
    """A row that chains well, behind the last."""
    await _insert(books, ROWS + 1, of=ROWS)
    await rehash(books, ROWS + 1)


async def insert_unchained(books: Books, _: int) -> None:
    """A row without hashes behind the last, as if a release of old had left it."""
    await _insert(books, ROWS + 1, of=ROWS)
    await books.sql(f"update audit_log set hash = null, prev_hash = null {ROW}", j=ROWS + 1)


async def insert_at_nothing(books: Books, _: int) -> None:
    """A row before the first."""
    await _insert(books, 0, of=1)


async def cut(books: Books, _: int) -> None:
    """The last rows are gone."""
    await books.sql(f"delete from audit_log where partition = {P} and seq > {ROWS - 4}")


async def cut_with_head(books: Books, j: int) -> None:
    """The last rows are gone, and the head does not know of them."""
    await cut(books, j)
    await lower_head(books, ROWS - 4)


async def lower_head(books: Books, seq: int) -> None:
    """What `audit_heads` would say if this row were the last."""
    await books.sql(
        "update audit_heads set seq = a.seq, chained = a.seq, hash = a.hash from audit_log a "
        f"where a.partition = {P} and a.seq = :j and audit_heads.partition = {P}",
        j=seq,
    )


async def cut_all(books: Books, _: int) -> None:
    """Nothing is left of a partition."""
    await books.sql(f"delete from audit_log where partition = {P}")
    await books.sql(f"delete from audit_heads where partition = {P}")


async def rehash(books: Books, j: int) -> None:
    """Chain a row to the one before it, as it is now."""
    [(previous,)] = await books.sql(f"select hash from audit_log {ROW}", j=j - 1)
    async with books.database.transaction() as connection:
        which = (audit_log.c.partition == P) & (audit_log.c.seq == j)
        row = (await connection.execute(select(audit_log).where(which))).one()
        digest = link(previous, P, j, entry_of(row))
        await connection.execute(
            audit_log.update().where(which).values(prev_hash=previous, hash=digest)
        )


async def edit_and_rehash(books: Books, j: int) -> None:
    """A row that says something else, with the hash for it."""
    await edit("reason", "'nothing'")(books, j)
    await rehash(books, j)


async def rewrite(books: Books, j: int) -> None:
    """A row that says something else, and everything behind it chained anew, head included."""
    await edit("reason", "'nothing'")(books, j)
    for seq in range(j, ROWS + 1):
        await rehash(books, seq)
    await lower_head(books, ROWS)


async def edit_last_and_head(books: Books, _: int) -> None:
    """The last row says something else, and the head agrees."""
    await edit("reason", "'nothing'")(books, ROWS)
    await rehash(books, ROWS)
    await lower_head(books, ROWS)


CASES = [
    *[pytest.param(edit(c, v), Fault.EDITED, 0, id=f"edit {c}") for c, v in EDITS.items()],
    pytest.param(edit_and_rehash, Fault.EDITED, 0, id="edit with its hash"),
    pytest.param(delete, Fault.DELETED, 0, id="delete"),
    pytest.param(delete_and_renumber, Fault.DELETED, 0, id="delete and renumber"),
    pytest.param(swap, Fault.SWAPPED, 0, id="swap"),
    pytest.param(swap_texts, Fault.SWAPPED, 0, id="swap what two rows say"),
    pytest.param(insert_copy, Fault.INSERTED, 0, id="insert"),
    pytest.param(insert_with_hash, Fault.INSERTED, 0, id="insert with its hash"),
    pytest.param(insert_at_the_end, Fault.INSERTED, ROWS + 1, id="append"),
    pytest.param(insert_unchained, Fault.INSERTED, ROWS + 1, id="append without a hash"),
    pytest.param(insert_at_nothing, Fault.INSERTED, -FAR, id="insert before the first"),
    pytest.param(cut, Fault.CUT, ROWS - 3, id="cut the tail"),
    pytest.param(cut_with_head, Fault.CUT, ROWS - 3, id="cut the tail and lower the head"),
    pytest.param(cut_all, Fault.CUT, 1, id="cut everything"),
    pytest.param(
        edit_last_and_head, Fault.REWRITTEN, 41, id="edit the last row, its hash and head"
    ),
]


@pytest.mark.parametrize(("damage", "fault", "where"), CASES)
async def test_damage_is_named(written: Books, damage: Damage, fault: Fault, where: int) -> None:
    """The row, and what was done to it; the other partition is well."""
    await _expect(written, damage, CHANCE.randint(2, ROWS - 8), fault, where)


@pytest.mark.parametrize("j", [19, 20, 21])
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (edit_and_rehash, Fault.EDITED),
        (delete, Fault.DELETED),
        (delete_and_renumber, Fault.DELETED),
        (swap, Fault.SWAPPED),
        (swap_texts, Fault.SWAPPED),
        (insert_copy, Fault.INSERTED),
        (insert_with_hash, Fault.INSERTED),
    ],
)
async def test_damage_beside_a_checkpoint_is_named(
    written: Books, damage: Damage, fault: Fault, j: int
) -> None:
    """Rows of which a checkpoint knows the hash are told by what is wrong with them, too."""
    await _expect(written, damage, j, fault, 0)


async def _expect(written: Books, damage: Damage, j: int, fault: Fault, where: int) -> None:
    await damage(written, j)
    verdict = await written.verify()
    [flaw] = verdict.flaws
    expected = {0: j, -FAR: 0}.get(where, where)
    assert (flaw.partition, flaw.fault, flaw.seq) == (P, fault, expected), (j, flaw)
    assert f"partition {P:02d}, row {expected}: {fault}" in str(flaw)


@pytest.mark.parametrize("j", [2, 20, 21, 47])
async def test_a_new_chain_is_caught_by_checkpoints(written: Books, j: int) -> None:
    """Whoever chains everything anew is caught, and confined to between two checkpoints."""
    await rewrite(written, j)
    [flaw] = (await written.verify()).flaws
    assert flaw.fault is Fault.REWRITTEN
    assert flaw.seq == (j - 1) // 20 * 20 + 1


async def test_nothing_is_wrong(written: Books) -> None:
    """Every row and checkpoint of an audit that nobody touched holds."""
    verdict = await written.verify()
    assert verdict.flaws == ()
    assert (verdict.rows, verdict.checkpoints) == (len(PARTITIONS) * ROWS, 3)


async def delete_checkpoint(books: Books) -> None:
    await books.sql("delete from audit_checkpoints where number = 2")


async def edit_checkpoint(books: Books) -> None:
    await books.sql(
        "update audit_checkpoints set body = replace(body, '60', '59') where number = 2"
    )
    await books.sql("update audit_checkpoints set body = body || ' ' where number = 2")


async def forge_checkpoint(books: Books) -> None:
    key, checkpoints = Ed25519PrivateKey.generate(), [c async for c in books.checkpoints.all()]
    forged = Checkpoint.sign(key, heads=checkpoints[1].heads, made_ms=1, previous=checkpoints[0])
    public = key.public_key().public_bytes_raw()
    await books.sql(
        "update audit_checkpoints set body = :b, kid = :k, signature = :s where number = 2",
        b=forged.body,
        k=forged.kid,
        s=forged.signature,
    )
    assert public


async def renumber_checkpoint(books: Books) -> None:
    await books.sql("delete from audit_checkpoints where number = 2")
    await books.sql("update audit_checkpoints set number = 2 where number = 3")


async def unreadable_checkpoint(books: Books) -> None:
    await books.sql(
        "update audit_checkpoints set made_at = '20000-01-01', body = '{' where number = 2"
    )


@pytest.mark.parametrize(
    "damage",
    [
        delete_checkpoint,
        edit_checkpoint,
        forge_checkpoint,
        renumber_checkpoint,
        unreadable_checkpoint,
    ],
)
async def test_a_damaged_checkpoint_is_named(written: Books, damage: Callable[..., Any]) -> None:
    """Which one, when it is gone, edited, or signed by another key."""
    await damage(written)
    flaw = (await written.verify()).flaws[0]
    assert (flaw.partition, flaw.seq) == (None, 2), flaw


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(DEEP, id="a well of brackets"),
        pytest.param({"body": DEEP}, id="a body of them"),
        pytest.param({"body": '{"number": Infinity}'}, id="no number"),
        pytest.param({"kid": ["k"]}, id="a list for a name"),
        pytest.param({"body": '{"number": 1, "a": "\ud800"}'}, id="no letter"),
    ],
)
async def test_an_exported_line_may_be_anything(written: Books, line: str | dict[str, Any]) -> None:
    """It is named, not stumbled over."""
    if isinstance(line, dict):
        [kid] = await written.checkpoints.public_keys()
        line = json.dumps({"kid": kid, "signature": "", "body": '{"number": 1}', **line})
    [flaw] = (await written.verify(exported=[line])).flaws
    assert (flaw.partition, flaw.seq, flaw.fault) == (None, 0, Fault.EDITED)


async def test_the_last_checkpoints_are_missed_by_the_exported_ones(written: Books) -> None:
    """Tail and newest checkpoints cut from the database together: the sink's file still knows."""
    lines = [c.to_line() async for c in written.checkpoints.all()]
    assert (await written.verify(exported=lines)).flaws == ()
    for partition in PARTITIONS:
        await written.sql(f"delete from audit_log where partition = {partition} and seq > 40")
    await written.sql(
        "update audit_heads h set seq = 40, chained = 40, hash = a.hash from audit_log a "
        "where a.partition = h.partition and a.seq = 40"
    )
    await written.sql("delete from audit_checkpoints where number = 3")
    assert (await written.verify()).flaws == ()

    found = (await written.verify(exported=lines)).flaws
    assert [(f.partition, f.fault, f.seq) for f in found] == [
        (None, Fault.DELETED, 3),
        *[(partition, Fault.CUT, 41) for partition in PARTITIONS],
    ]

"""Hold the rows that retention put aside against the stubs that prove them."""

from collections.abc import Iterable
from itertools import count

from service.domain.audit_chain import link
from service.domain.audit_flaws import Fault, Flaw
from service.domain.stub import Held, Stub, digest_of, pseudonym_of
from service.store.audit_snapshot import AuditSnapshot, HeldRow


async def verify_held(snapshot: AuditSnapshot, stubs: Iterable[Stub]) -> tuple[int, list[Flaw]]:
    """How many rows are held, and the first flaw of each stub's.

    Each must have the hash of what it says. All of a person together must be what the stub has a
    digest of; once no hold of theirs stands, rows may be gone.
    """
    numbers, flaws, names = count(), dict[int, Flaw](), dict[str, str]()
    hashes = dict[tuple[int, str], list[bytes]]()
    async for held in snapshot.held():
        next(numbers)
        if not _says_its_hash(held):
            flaws.setdefault(held.stub, _edited(held))
        user_id = held.row.entry.user_id or ""
        names[pseudonym_of(user_id)] = user_id
        key = held.stub, pseudonym_of(user_id)
        hashes.setdefault(key, []).append(held.row.hash or b"")
    standing = {pseudonym_of(user_id): user_id for user_id in await snapshot.held_users()}
    names |= standing
    told = {(stub.number, user): held for stub in stubs for user, held in stub.held.items()}
    for key in sorted({*hashes, *told}):
        number, user = key
        found = Held(len(hashes.get(key, [])), digest_of(hashes.get(key, [])))
        expected = told.get(key, Held(0, ""))
        if found != expected and (user in standing or found.rows >= expected.rows):
            flaws.setdefault(number, _differs(number, names.get(user, user), found, expected))
    return next(numbers), list(flaws.values())


def _says_its_hash(held: HeldRow) -> bool:
    seq, prev_hash, digest, odd, entry = held.row
    try:
        return not odd and digest == link(prev_hash or b"", held.partition, seq, entry)
    except (TypeError, ValueError, OverflowError):
        return False


def _edited(held: HeldRow) -> Flaw:
    return Flaw(
        held.partition, held.row.seq, Fault.EDITED, "it is held, and not what was put aside"
    )


def _differs(number: int, user: str, found: Held, expected: Held) -> Flaw:
    faults = {True: Fault.DELETED, False: Fault.INSERTED}
    fault = Fault.EDITED if found.rows == expected.rows else faults[found.rows < expected.rows]
    detail = f"it put {expected.rows} rows of {user or 'nobody'} aside, and {found.rows} are held"
    return Flaw(None, number, fault, detail, "stub")

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and how to mend it when it is not well."""

    ok: bool
    what: str
    mend: str

"""What may be a password: SP 800-63B-4 §3.1.1.2, as docs/passwords.md tells people.

Length counts, nothing else is prescribed: no kinds of characters, no expiry. Refused is what
everybody tries first: common passwords, keys in a row, and what is known of the person.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from service.domain.common_passwords import common_passwords, core, folded, plain, unit
from service.domain.errors import FieldError, ValidationFailedError

MAX_BYTES = 1024
"""In UTF-8, after NFKC; longer ones are refused, none is ever cut."""

ENOUGH = 8
"""Characters that nobody can tell from those before; of a short password, more than half of it."""

OWN_MIN = 3
"""Letters of a part of somebody's name from which on it tells something."""

ROWS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
)
_BESIDE = frozenset(
    pair
    for row in ROWS
    for a, b in zip(row, row[1:] + row[:1], strict=True)
    for pair in (a + b, b + a)
)


def canonical(password: str) -> str:
    """One spelling a password, whatever keyboard typed it: NFKC."""
    return normalize("NFKC", password)


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """Lengths are of characters; `product` is what people know this service as."""

    min_length: int = 15
    min_length_with_mfa: int = 8
    product: str = "Inphora"

    def is_long_enough(self, password: str) -> bool:
        """Whether a password that somebody has may stand without a second factor."""
        return len(canonical(password)) >= self.min_length

    def check(
        self, password: str, *, field: str, email: str, name: str = "", mfa: bool = False
    ) -> None:
        """Let a password pass. Raises ValidationFailedError, which says why not."""
        if faults := self.faults(password, field=field, email=email, name=name, mfa=mfa):
            raise ValidationFailedError(faults)

    def faults(
        self, password: str, *, field: str, email: str, name: str = "", mfa: bool = False
    ) -> list[FieldError]:
        """Every reason against a password, in words that its owner understands."""
        text, least = canonical(password), self.min_length_with_mfa if mfa else self.min_length
        return [
            FieldError(field, message)
            for message in _objections(text, least, own_words(email, name, self.product))
        ]


def _objections(text: str, least: int, own: Sequence[str]) -> Iterator[str]:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        yield "this is not valid text"
        return
    if len(text) < least:
        yield f"use at least {least} characters: a few words that do not belong together will do"
        return
    if size > MAX_BYTES:
        yield f"use at most {MAX_BYTES} bytes"
        return
    seen, wanted = folded(text), min(least, len(text) // 2 + 1, ENOUGH)
    if surprises(unit(seen)) < wanted:
        yield "this repeats itself, or its keys stand in a row: use something less regular"
    elif any(_is_common(form, wanted) for form in (seen, plain(seen))):
        yield "this is one of the passwords that are tried first: use something else"
    elif any(_is_own(form, own, wanted) for form in (seen, plain(seen))):
        yield "this is made of your e-mail address, your name or ours: use something else"


def _is_common(text: str, wanted: int) -> bool:
    """Whether a text is a common one, said once or more, with little around it."""
    bare = unit(core(unit(core(text))))
    return not common_passwords().isdisjoint({text, unit(text)}) or (
        bare in common_passwords() and surprises(text.replace(bare, "")) < wanted
    )


def _is_own(text: str, own: Sequence[str], wanted: int) -> bool:
    """Whether little is left of a text without what is known of its owner."""
    left = without(text, own)
    return left != text and surprises(left) < wanted


def own_words(email: str, name: str, product: str) -> list[str]:
    """What anybody could know of a person, in pieces, the longest first."""
    local, _, domain = email.partition("@")
    whole = [local, domain, domain.rpartition(".")[0], name, name.replace(" ", ""), product]
    pieces = [piece for text in whole for piece in re.split(r"[\W_]+", text)]
    words = {folded(word) for word in (*whole, *pieces)}
    return sorted((word for word in words if len(word) >= OWN_MIN), key=len, reverse=True)


def without(text: str, words: Iterable[str]) -> str:
    """A folded text without any of these words."""
    for word in words:
        text = text.replace(word, "")
    return text


def surprises(text: str) -> int:
    """How many characters a guesser could not tell from the one before.

    Told is what repeats it, follows it in the alphabet, or stands beside it on a keyboard.
    """
    return sum(
        1
        for before, char in zip(" " + text, text, strict=False)
        if abs(ord(char) - ord(before)) > 1 and before + char not in _BESIDE
    )

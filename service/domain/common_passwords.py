"""Passwords and words that everybody tries first: the lists of zxcvbn, as the package ships them."""

import string
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from unicodedata import normalize

LONG = 8
"""Letters of a word from which on it might be a whole password."""

_PLAIN = str.maketrans("@4831!|05$7", "aaeeiilosst")
_EDGES = string.digits + string.punctuation + string.whitespace


@cache
def common_passwords() -> frozenset[str]:
    """Leaked passwords, and long words of English, in lower case; read once, some 6 MB.

    Only the file with the lists is read: the package itself would build its own tables of them.
    """
    package = find_spec("zxcvbn")
    if package is None or package.origin is None:  # a hole in the installation, never in a request
        message = "zxcvbn is not installed: install requirements.txt"
        raise ImportError(message)
    spec = spec_from_file_location("_lists", Path(package.origin).with_name("frequency_lists.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    lists: dict[str, list[str]] = module.FREQUENCY_LISTS
    words = (word for name, found in lists.items() if name != "passwords" for word in found)
    return frozenset(lists["passwords"]).union(word for word in words if len(word) >= LONG)


def folded(text: str) -> str:
    """A text as guessers see it: without its case and its width."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def plain(text: str) -> str:
    """A folded text with its letters where signs stand for them: `p4$$w0rd`."""
    return text.translate(_PLAIN)


def core(text: str) -> str:
    """A folded text without the digits and signs around it."""
    return text.strip(_EDGES)


def unit(text: str) -> str:
    """The text that, said over, gives this one: `abc` of `abcabcab`."""
    for width in range(1, len(text) * 2 // 3 + 1):
        if text.startswith(text[width:]):
            return text[:width]
    return text

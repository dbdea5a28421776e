"""One-time passwords, by the vectors of their RFCs."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_800_000_015.0
STEP = int(NOW) // 30
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE = pyotp.HOTP(SECRET).at(STEP)


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, eight_digits: str) -> None:
    """The SHA-1 column, its last six digits: fewer digits are the remainder by a smaller power."""
    step = totp.matching_step(RFC_SECRET, eight_digits[-6:], now=seconds)

    assert step == seconds // 30


@pytest.mark.parametrize(
    ("count", "code"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_the_vectors_of_rfc_4226_appendix_d(count: int, code: str) -> None:
    """A time step is the counter of HOTP; seen one step late, so that step 0 has a past."""
    assert totp.matching_step(RFC_SECRET, code, now=(count + 1) * 30) == count


@pytest.mark.parametrize(
    ("drift", "accepted"),
    [(-3, False), (-2, False), (-1, True), (0, True), (1, True), (2, False), (3, False)],
    ids=str,
)
def test_one_step_of_drift_is_accepted(drift: int, accepted: bool) -> None:
    """A clock may be wrong by one step either way, and the step that matched is told."""
    code = pyotp.HOTP(SECRET).at(STEP + drift)

    assert totp.matching_step(SECRET, code, now=NOW) == (STEP + drift if accepted else None)


@pytest.mark.parametrize(
    ("seconds", "step"),
    [(STEP * 30, STEP), (STEP * 30 + 29.999, STEP), ((STEP + 1) * 30, STEP + 1)],
    ids=["at its first moment", "at its last moment", "at the next one's first moment"],
)
def test_a_step_lasts_exactly_thirty_seconds(seconds: float, step: int) -> None:
    """The newest step that a code may be from is the one that the clock is in, and one more."""
    ahead = pyotp.HOTP(SECRET).at(step + 1)
    too_far = pyotp.HOTP(SECRET).at(step + 2)

    assert totp.matching_step(SECRET, ahead, now=seconds) == step + 1
    assert totp.matching_step(SECRET, too_far, now=seconds) is None


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("", id="empty"),
        pytest.param(CODE[:5], id="five digits"),
        pytest.param(CODE + "0", id="seven digits"),
        pytest.param(f" {CODE}", id="with a space in front"),
        pytest.param(f"{CODE}\n", id="with a line break behind"),
        pytest.param(f"{CODE[:3]} {CODE[3:]}", id="in two groups"),
        pytest.param(f"+{CODE[1:]}", id="with a sign"),
        pytest.param(f"{CODE}\0", id="with a NUL"),
        pytest.param("".join(chr(ord(d) + 0xFEE0) for d in CODE), id="in full-width digits"),
        pytest.param("".join(chr(ord(d) + 0x0630) for d in CODE), id="in Arabic digits"),
        pytest.param("".join(chr(ord(d) + 0x1D79E) for d in CODE), id="in bold digits"),
        pytest.param("abcdef", id="in letters"),
        pytest.param("9" * 100_000, id="very long"),
    ],
)
def test_only_six_ascii_digits_are_a_code(code: str) -> None:
    """Other forms of the right digits are refused too: one code has one spelling."""
    assert totp.matching_step(SECRET, CODE, now=NOW) == STEP
    assert totp.matching_step(SECRET, code, now=NOW) is None


@given(st.text(max_size=12))
def test_no_text_breaks_the_check(text: str) -> None:
    """Any text is right or wrong, and never an accident."""
    assert totp.matching_step(SECRET, text, now=NOW) in {None, STEP - 1, STEP, STEP + 1}


def test_a_secret_is_160_random_bits_in_base32() -> None:
    """RFC 4226 §4 R6 recommends 160; authenticators take no padding."""
    asked = []

    def numbers(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = totp.new_secret(numbers)

    assert asked == [20]
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    assert base64.b32decode(secret) == bytes(range(20))


def test_the_uri_says_what_an_authenticator_needs() -> None:
    """Issuer, account and secret arrive whole, whatever letters they have."""
    uri = urlsplit(totp.provisioning_uri(SECRET, email="é+x@people.example", issuer="Inphora"))

    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Inphora:%C3%A9%2Bx%40people.example"
    assert parse_qs(uri.query) == {"secret": [SECRET], "issuer": ["Inphora"]}


def test_a_recovery_code_is_120_random_bits_in_four_groups() -> None:
    """Readable, and beyond guessing, so that a plain hash of it may be stored (ASVS 6.5.2)."""
    asked = []

    def numbers(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    code = totp.new_recovery_code(numbers)

    assert asked == [15]
    assert re.fullmatch(r"[A-Z2-7]{6}(-[A-Z2-7]{6}){3}", code)


RECOVERY = "AAAQEA-YEAUDA-OCAJBI-FQYDIO"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(RECOVERY, id="as shown"),
        pytest.param(RECOVERY.lower(), id="in small letters"),
        pytest.param(RECOVERY.replace("-", ""), id="without hyphens"),
        pytest.param(RECOVERY.replace("-", " "), id="with spaces"),
        pytest.param(f"  {RECOVERY} ", id="with spaces around"),
    ],
)
def test_a_recovery_code_may_be_typed_as_people_type(typed: str) -> None:
    """Groups and letter case are for reading only."""
    assert totp.recovery_hash(typed) == totp.recovery_hash(RECOVERY) is not None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(RECOVERY[:-1], id="a letter short"),
        pytest.param(RECOVERY + "A", id="a letter long"),
        pytest.param(RECOVERY.replace("A", "1", 1), id="with a digit outside base32"),
        pytest.param(RECOVERY.replace("-", "_"), id="with other separators"),
        pytest.param(RECOVERY + "\n", id="with a line break behind"),
        pytest.param(
            RECOVERY.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}"), id="with a dotless i"
        ),
        pytest.param(RECOVERY[:-1] + "\ud800", id="with half a surrogate pair"),
        pytest.param(RECOVERY[:-1] + "\0", id="with a NUL"),
        pytest.param("".join(chr(ord(c) + 0xFEE0) for c in RECOVERY), id="in full-width letters"),
        pytest.param("123456", id="a TOTP code"),
    ],
)
def test_what_cannot_be_a_recovery_code_has_no_hash(text: str) -> None:
    """Nothing is looked up for it."""
    assert totp.recovery_hash(text) is None


def test_different_recovery_codes_have_different_hashes() -> None:
    """Every one of the 24 letters counts."""
    codes = {RECOVERY[:i] + "B" + RECOVERY[i + 1 :] for i in range(27) if RECOVERY[i] != "-"}

    assert len({totp.recovery_hash(code) for code in codes}) == len(codes) == 24

"""service/domain/password_policy.py: what may be a password, and why not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import ValidationFailedError
from service.domain.password_policy import MAX_BYTES, PasswordPolicy, canonical

POLICY = PasswordPolicy()
FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "sunshine")
REGULAR, COMMON, OWN = "repeats itself", "tried first", "your e-mail address, your name"


def objections(password: str, *, mfa: bool = False, policy: PasswordPolicy = POLICY) -> list[str]:
    """What is said against a password of Ann Lee."""
    faults = policy.faults(
        password, field="new_password", email="ann.lee@lenders.example", name="Ann Lee", mfa=mfa
    )
    assert {fault.field for fault in faults} <= {"new_password"}
    return [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("password", "mfa", "least"),
    [
        pytest.param("purple tax 4mo", False, 15, id="14 characters as the only factor"),
        pytest.param("pax-4mo", True, 8, id="7 characters beside a second factor"),
    ],
)
def test_length_is_at_least_15_without_and_8_with_a_second_factor(
    password: str, mfa: bool, least: int
) -> None:
    """SP 800-63B-4 §3.1.1.2; ASVS 6.2.1."""
    assert objections(password, mfa=mfa) == [
        f"use at least {least} characters: a few words that do not belong together will do"
    ]
    assert objections(password + "q", mfa=mfa) == []


def test_the_lengths_are_settings() -> None:
    """A company may want more, or a test installation less."""
    policy = PasswordPolicy(min_length=20, min_length_with_mfa=10)

    assert "at least 20" in objections("purple tax 4mo kettle"[:19], policy=policy)[0]
    assert "at least 10" in objections("purpl-tax", policy=policy, mfa=True)[0]


@pytest.mark.parametrize(
    "password",
    [
        pytest.param(
            "velvet comet drifts under nine quiet bridges near the old harbour wall", id="64"
        ),
        pytest.param("9f" + "q7-zx.Kp" * 3 + "m" * 3 + "w2!" * 300, id="hundreds"),
    ],
)
def test_64_and_more_are_accepted(password: str) -> None:
    """ASVS 6.2.9; every character counts (6.2.8), see the hasher's test."""
    assert len(password) >= 64
    assert objections(password) == []


def test_what_is_too_long_is_refused_not_cut() -> None:
    """ASVS 6.2.8."""
    words = "velvet comet drifts under nine quiet bridges "
    longest = (words * 40)[: MAX_BYTES - 9] + "end 7q!zk"

    assert objections(longest) == []
    assert objections(longest + "x") == [f"use at most {MAX_BYTES} bytes"]
    assert objections("é" + longest[1:]) == [f"use at most {MAX_BYTES} bytes"]


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("kettle purple window", id="lower case only"),
        pytest.param("KETTLE PURPLE WINDOW", id="upper case only"),
        pytest.param("correct horse battery staple", id="words with spaces"),
        pytest.param("830295617402938", id="digits only"),
        pytest.param("чайник фиолетовый окно", id="another alphabet"),
        pytest.param("紫色的水壶在窗户旁边唱着老歌谣呢", id="another script"),
        pytest.param("🫖 purple 🪟 window!!", id="pictures"),
        pytest.param("demo-only-not-secret-42", id="the one of the demo"),
    ],
)
def test_no_rule_wants_kinds_of_characters(password: str) -> None:
    """ASVS 6.2.5."""
    assert objections(password) == []


@pytest.mark.parametrize(
    ("password", "mfa", "reason"),
    [
        pytest.param("sunshine", True, COMMON, id="a common one"),
        pytest.param("Sunshine", True, COMMON, id="with a capital"),
        pytest.param("5un5h1ne", True, COMMON, id="with digits for letters"),
        pytest.param("p@$$w0rd", True, COMMON, id="with signs for letters"),
        pytest.param("sunshine99!!", True, COMMON, id="with an ending"),
        pytest.param("!!sunshine-2024!", False, COMMON, id="with an ending and a beginning"),
        pytest.param(FULL_WIDTH, True, COMMON, id="in full width"),
        pytest.param("Passwordpassword!", False, COMMON, id="twice"),
        pytest.param("summer2024summer", False, COMMON, id="around a year"),
        pytest.param("responsibilities", False, COMMON, id="one long word"),
        pytest.param("aaaaaaaaaaaaaaaa", False, REGULAR, id="one key"),
        pytest.param("aaaaabbbbbcccccddddd", False, REGULAR, id="few keys"),
        pytest.param("abcabcabcabcabcabc", False, REGULAR, id="three letters over and over"),
        pytest.param("123456789012345", False, REGULAR, id="counting"),
        pytest.param("zyxwvutsrqponmlk", False, REGULAR, id="the alphabet backwards"),
        pytest.param("QWERTYUIOPASDFGHJKL", False, REGULAR, id="rows of keys"),
        pytest.param("1qaz2wsx3edc4rfv", False, REGULAR, id="columns of keys"),
        pytest.param("abcd1234", True, REGULAR, id="two runs"),
        pytest.param("ann.lee@lenders.example", False, OWN, id="the address itself"),
        pytest.param("Lenders-AnnLee-2024", False, OWN, id="parts of it and a year"),
        pytest.param("4nn.l33.4nn.l33.x7", False, OWN, id="with digits for letters of the name"),
        pytest.param("Inphora Inphora 26!", False, OWN, id="the product's name"),
        pytest.param("inphora7", True, OWN, id="the product and a digit"),
    ],
)
def test_what_is_tried_first_is_refused_with_the_reason(
    password: str, mfa: bool, reason: str
) -> None:
    """ASVS 6.2.4 and 6.2.11; SP 800-63B-4: commonly used, expected, or made of the context."""
    (said,) = objections(password, mfa=mfa)

    assert reason in said


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("sunshine on 9 velvet bridges", id="a common word among others"),
        pytest.param("ann keeps seven purple kettles", id="one's name among others"),
        pytest.param("password8302947561", id="a common word and ten random digits"),
        pytest.param("abcdef but then something else", id="a run among others"),
    ],
)
def test_a_part_that_is_common_does_not_spoil_the_rest(password: str) -> None:
    """SP 800-63B-4: the entire password is compared, not its parts."""
    assert objections(password) == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_one_unicode_policy_nfkc(text: str) -> None:
    """All forms of one text are one password, to the policy and to the hash; NFKC is settled."""
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}

    assert len({canonical(form) for form in forms}) == 1
    assert len({tuple(objections(form)) for form in forms}) == 1
    assert canonical(canonical(text)) == canonical(text)


def test_characters_are_counted_after_nfkc() -> None:
    """Fifteen letters with accents are fifteen, composed or not."""
    composed = "évéqéxûgûpölöwñ"
    assert len(composed) == 15
    apart = unicodedata.normalize("NFD", composed)

    assert objections(composed) == objections(apart) == []
    assert "at least 15" in objections(unicodedata.normalize("NFD", composed[:14]))[0]


@given(st.text(max_size=200), st.booleans())
def test_whatever_is_typed_gets_an_answer(text: str, mfa: bool) -> None:
    """Also half surrogates, controls and the empty text; never an error, and never twice a reason."""
    assert len(objections(text, mfa=mfa)) <= 1


@given(st.text("abcdefghijkmnpqrstuvwxyz23456789", min_size=20, max_size=20))
def test_random_ones_are_hardly_ever_refused(text: str) -> None:
    """A generator's password passes, unless it drew a run of eight by chance."""
    assert len(set(text)) < 9 or objections(text) in ([], [objections("a" * 20)[0]])


def test_a_refusal_names_the_field() -> None:
    """What the route raises."""
    with pytest.raises(ValidationFailedError) as refused:
        POLICY.check("short", field="password", email="a@b.example")

    assert [fault.field for fault in refused.value.errors] == ["password"]

"""People and their addresses."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.users import EMAIL_MAX, User, email_key, is_email, user_from_json


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("ann@inphora.example", "ann@inphora.example", id="plain"),
        pytest.param("Ann@Inphora.EXAMPLE", "ann@inphora.example", id="in capitals"),
        pytest.param("  ann@inphora.example\t", "ann@inphora.example", id="with spaces around"),
        pytest.param(
            "\N{FULLWIDTH LATIN SMALL LETTER E}@example.org",
            "e@example.org",
            id="in full-width letters",
        ),
        pytest.param("Jose\u0301@x.org", "jos\u00e9@x.org", id="with a combining accent"),
        pytest.param("\ufb01n@x.org", "fin@x.org", id="with a ligature"),
        pytest.param("Straße@x.org", "strasse@x.org", id="with a sharp s"),
        pytest.param("ΔΙΣ@x.org", "δισ@x.org", id="with a sigma at its end"),
        pytest.param(
            "\u1fae\u0301@x.org", "\u1f66\u03af@x.org", id="where folding undoes the form"
        ),
    ],
)
def test_an_address_is_the_same_however_it_was_typed(typed: str, key: str) -> None:
    """Letter case, width, accents' form and spaces around do not make another person."""
    assert email_key(typed) == key


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    """Typed back from the screen or the database it is still the same person."""
    key = email_key(text)

    assert email_key(key) == key


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_equivalent_texts_have_one_key(text: str) -> None:
    """Unicode's forms of one text, in any case, are one address."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert email_key(unicodedata.normalize(form, text)) == email_key(text)
    assert email_key(unicodedata.normalize("NFKC", text).casefold()) == email_key(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a@b.co", id="short"),
        pytest.param("ann.lee+loans@sub.inphora.example", id="with a tag and subdomains"),
        pytest.param("o'brien@x.org", id="with an apostrophe"),
        pytest.param("jos\u00e9@\u00e9cole.example", id="with accents (RFC 6531)"),
        pytest.param(" ann@x.org ", id="with spaces around"),
        pytest.param("l" * 64 + "@x.org", id="with the longest local part (RFC 5321 §4.5.3.1.1)"),
        pytest.param("l@" + "d" * (EMAIL_MAX - 4) + ".e", id="as long as may be"),
    ],
)
def test_an_address(text: str) -> None:
    """Has something, an @, and a domain with a dot."""
    assert is_email(text) is True


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("@", id="only an @"),
        pytest.param("ann", id="a name"),
        pytest.param("ann@localhost", id="a domain without a dot"),
        pytest.param("@x.org", id="no local part"),
        pytest.param("ann@", id="no domain"),
        pytest.param("ann@x.", id="a dot at the end"),
        pytest.param("ann@.", id="a domain of one dot"),
        pytest.param("a@b@x.org", id="two @"),
        pytest.param("a b@x.org", id="a space inside"),
        pytest.param("a\u00a0b@x.org", id="a hard space inside"),
        pytest.param("a\nb@x.org", id="a line break inside"),
        pytest.param("a@x.org\r\nBcc: all@x.org", id="a mail header behind"),
        pytest.param("a\0@x.org", id="a NUL"),
        pytest.param("a\x7f@x.org", id="a delete character"),
        pytest.param("a\x85@x.org", id="a C1 control"),
        pytest.param("a\ud800@x.org", id="half a surrogate pair"),
        pytest.param("a\u200b@x.org", id="a space of no width"),
        pytest.param("a\u202e@x.org", id="a mark that turns the text around"),
        pytest.param("a\ufeff@x.org", id="a byte order mark"),
        pytest.param("evil@x.org\uff20y.org@z.org", id="an @ of another form"),
        pytest.param("a\u00a8@x.org", id="a sign that becomes a space"),
        pytest.param("l" * 65 + "@x.org", id="a local part too long"),
        pytest.param("l@" + "d" * (EMAIL_MAX - 3) + ".e", id="longer by one than may be"),
        pytest.param("\ufdfa" * 15 + "@x.org", id="a key longer than may be"),
    ],
)
def test_no_address(text: str) -> None:
    """Nothing that could be another address, break a header or not be stored."""
    assert is_email(text) is False


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_is_an_address_can_be_stored_and_so_can_its_key(local: str, domain: str) -> None:
    """An address has no NUL, no half surrogate and a key that is an address as well."""
    text = f"{local}@{domain}.org"
    if is_email(text):
        assert is_email(email_key(text))
        assert "\0" not in text.encode().decode()


def test_a_user_survives_the_cache() -> None:
    """`user_from_json` undoes `to_json`, in any script."""
    user = User(
        id="1",
        email="jos\u00e9@x.org",
        name="José 審",
        roles=("admin", "auditor"),
        mfa_enabled=True,
        created_at="2026-01-01T00:00:00.000Z",
    )

    assert user_from_json(user.to_json()) == user

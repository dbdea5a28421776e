"""service/domain/mail_links.py: links that are mailed."""

from secrets import token_bytes

from service.domain.mail_links import Links, Purpose, token_hash

LINKS = Links("https://auth.example.com", token_bytes)


def test_a_token_is_good_for_one_purpose() -> None:
    """ASVS 9.2.2: what is kept of it is bound to what it is good for."""
    token = LINKS.make(Purpose.RESET).url.partition("#token=")[2]

    assert len({token_hash(purpose, token) for purpose in Purpose}) == len(Purpose)


def test_what_is_kept_is_of_what_is_mailed() -> None:
    """ASVS 6.4.1: and nothing that was never a token has a hash."""
    link = LINKS.make(Purpose.VERIFY)
    page, _, token = link.url.partition("#token=")

    assert page == "https://auth.example.com/verify"
    assert token_hash(Purpose.VERIFY, token) == link.token_hash
    assert token_hash(Purpose.VERIFY, token + "A") is None
    assert token_hash(Purpose.VERIFY, "") is None

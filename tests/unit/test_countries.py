"""GEOIP_FILE: countries of addresses, files that change, and files that are none."""

from pathlib import Path

import pytest

from service.simulation.country_file import to_mmdb
from service.store.countries import LOOK_SECONDS, Countries, CountriesUnreadableError

KENYA = {"196.201.208.0/20": "KE", "2c0f:fe38::/32": "KE", "81.0.0.0/8": "DE"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "countries.mmdb"
    path.write_bytes(to_mmdb(KENYA))
    return path


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("196.201.208.1", "KE"),
        ("196.201.223.255", "KE"),
        ("196.201.224.0", ""),
        ("2c0f:fe38::1", "KE"),
        ("81.2.69.142", "DE"),
        ("127.0.0.1", ""),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_an_address_has_its_country(path: Path, address: str, country: str) -> None:
    assert Countries(path)(address) == country


def test_a_file_that_is_replaced_is_read_again(path: Path) -> None:
    """Not at once, but within a minute; what was remembered of the old one is forgotten."""
    clock = Clock()
    countries = Countries(path, clock)
    assert countries("196.201.208.1") == "KE"
    path.with_suffix(".new").write_bytes(to_mmdb({"196.201.208.0/20": "UG"}))
    path.with_suffix(".new").replace(path)
    assert countries("196.201.208.1") == "KE"
    clock.now += LOOK_SECONDS
    assert countries("196.201.208.1") == "UG"


@pytest.mark.parametrize("found", [b"", b"<html>moved</html>", None], ids=["empty", "html", "gone"])
def test_a_bad_replacement_changes_nothing(path: Path, found: bytes | None) -> None:
    """The old file answers until there is a good one."""
    clock = Clock()
    countries = Countries(path, clock)
    path.unlink()
    if found is not None:
        path.write_bytes(found)
    clock.now += LOOK_SECONDS
    assert countries("196.201.208.1") == "KE"
    path.write_bytes(to_mmdb({"196.201.208.0/20": "UG"}))
    clock.now += LOOK_SECONDS
    assert countries("196.201.208.1") == "UG"


@pytest.mark.parametrize(
    "found",
    [b"", b"<html></html>", to_mmdb(KENYA)[-200:], None],
    ids=["empty", "html", "cut", "no"],
)
def test_no_file_of_countries_is_said_at_once(tmp_path: Path, found: bytes | None) -> None:
    """With its name, and what to do."""
    path = tmp_path / "countries.mmdb"
    if found is not None:
        path.write_bytes(found)
    with pytest.raises(CountriesUnreadableError, match=r"countries\.mmdb.*GEOIP_FILE"):
        Countries(path)

"""What `doctor` says of GEOIP_FILE."""

from pathlib import Path

from service.operations.diagnose import countries_findings
from service.simulation.country_file import to_mmdb

BUILT = 1_790_000_000
DAY = 86_400


def test_no_file_is_no_finding() -> None:
    assert countries_findings(None, BUILT * 1000) == []


def test_a_file_is_named_with_its_age(tmp_path: Path) -> None:
    """Old ones are wrong about more and more addresses."""
    path = tmp_path / "countries.mmdb"
    path.write_bytes(to_mmdb({"10.0.0.0/8": "KE"}, built=BUILT))

    [young] = countries_findings(path, (BUILT + 30 * DAY) * 1000)
    [old] = countries_findings(path, (BUILT + 200 * DAY) * 1000)

    assert (young.ok, old.ok) == (True, False)
    assert young.what == "GEOIP_FILE is a Tiny-Country, 30 days old"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    [finding] = countries_findings(tmp_path / "none.mmdb", BUILT * 1000)

    assert not finding.ok
    assert "none.mmdb: No such file" in finding.what
    assert "workers do not start" in finding.mend

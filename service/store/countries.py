"""The country of an address, by a MaxMind DB file that an operator provides: GEOIP_FILE.

Of the address nothing is kept with the facts but the country. A file that is replaced is read again
within a minute; until it can be read, the one before answers.
"""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import structlog
from maxminddb import MODE_MEMORY, InvalidDatabaseError, Reader, open_database

LOOK_SECONDS = 60.0
KEPT = 20_000
LETTERS = 2

log = structlog.get_logger(__name__)


class CountriesUnreadableError(Exception):
    """No file of countries is there; the message says what to do."""


class Countries:
    """Asked for an address, says an ISO 3166-1 code, or an empty text for what is not known.

    Raises CountriesUnreadableError when it is made.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        self.path, self._clock = path, clock
        self._state = _state(path)
        self._reader = _open(path)
        self._looked = clock()
        self._known: dict[str, str] = {}

    def __call__(self, address: str) -> str:
        if self._clock() - self._looked >= LOOK_SECONDS:
            self._look()
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            found = self._known[address] = _find(self._reader, address)
        return found

    @property
    def kind(self) -> str:
        """What the file says that it is, such as GeoLite2-Country."""
        return self._reader.metadata().database_type

    @property
    def built_at(self) -> int:
        """When the file was made, in epoch seconds."""
        return self._reader.metadata().build_epoch

    def _look(self) -> None:
        """Take a file that was replaced."""
        self._looked = self._clock()
        state = _state(self.path)
        if state == self._state:
            return
        try:
            self._reader = _open(self.path)
        except CountriesUnreadableError as error:
            log.warning("countries.unreadable", error=str(error))
            return
        self._state = state
        self._known.clear()
        log.info("countries.read", path=str(self.path))


def _open(path: Path) -> Reader:
    """In memory, so that a file that is overwritten under us does no harm."""
    try:
        reader = open_database(path, MODE_MEMORY)
        reader.get("::" if reader.metadata().ip_version == 6 else "0.0.0.0")  # noqa: S104
    except OSError as error:
        message = f"{path}: {error.strerror or error}; give a MaxMind DB file, or unset GEOIP_FILE"
        raise CountriesUnreadableError(message) from error
    except (InvalidDatabaseError, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        message = (
            f"{path} is no MaxMind DB file, or not all of it: {error}; get it again, or unset "
            "GEOIP_FILE"
        )
        raise CountriesUnreadableError(message) from error
    return reader


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _find(reader: Reader, address: str) -> str:
    try:
        found = reader.get(ip_address(address))
    except (ValueError, InvalidDatabaseError):  # no address; or of IPv6, where there is only IPv4
        return ""
    record = found if isinstance(found, dict) else {}
    country = record.get("country") or record.get("country_code")
    code = country.get("iso_code") if isinstance(country, dict) else country
    known = isinstance(code, str) and len(code) == LETTERS and code.isascii() and code.isalpha()
    return str(code).upper() if known else ""

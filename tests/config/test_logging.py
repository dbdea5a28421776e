"""config/logging.py: no secret is ever in a log, whoever writes it and however."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from service.domain.ids import encode
from tests.unit.domain.test_access_token import TOKEN

ROOT = Path(__file__).parent.parent.parent
RANDOM = bytes(range(100, 132))
TEXTS = {
    "an access token": TOKEN,
    "a refresh token": "rt_" + encode(RANDOM + bytes(7)),
    "a challenge": "mfa_" + encode(RANDOM[:17]),
    "a trusted device's token": "td_" + encode(RANDOM),
    "a webhook's secret": "whsec_" + encode(RANDOM),
    "a mailed link's token": f"https://auth.example/reset#token={encode(RANDOM)}",
    "a recovery code": "ABCDEF-GHIJKL-MNOPQR-STUVWX",
    "a URL's login": "postgresql://user:hunter2hunter2@db/auth",
}
"""What can be told by its look, wherever it stands."""
NAMES = (
    "password",
    "new_password",
    "current_password",
    "secret",
    "secret_key",
    "access_token",
    "refresh_token",
    "mfa_token",
    "device_token",
    "authorization",
    "cookie",
    "code",
    "recovery_codes",
    "totp",
    "key",
)
"""Under these nothing is told, whatever it looks like."""
HIDDEN_BY_NAME = "kettle purple window"
LOG = """
import json, logging, sys, structlog
from config.logging import configure_logging
names, texts, hidden = json.load(sys.stdin)
configure_logging(level="info", form=sys.argv[1], process="web")
ours, theirs = structlog.get_logger("service"), logging.getLogger("somebody.elses")
for name in names:
    ours.info("named", **{name: hidden})
for text in texts:
    ours.info("told", about="before " + text)
    theirs.info("told %s", text)
    try:
        local = text
        raise ValueError("no good: " + text)
    except ValueError:
        ours.exception("failed")
        theirs.exception("failed")
    ours.info("within", request={"of": [text], "about": [{names[0]: hidden}]})
print("harmless", file=sys.stderr)
"""


def log_of(form: str) -> str:
    """Everything that a process writes which is careless with all of these."""
    done = subprocess.run(
        [sys.executable, "-c", LOG, form],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        input=json.dumps([NAMES, list(TEXTS.values()), HIDDEN_BY_NAME]),
    )
    assert "harmless" in done.stderr
    assert done.stderr.count("[hidden]") >= len(TEXTS)
    return done.stdout + done.stderr


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_ever_in_a_log(form: str) -> None:
    """Neither by its name nor by its look: in a line, within it, or in an exception's text."""
    log = log_of(form)
    secrets = {
        what: text.partition("#token=")[2] or text.partition("user:")[2][:14] or text
        for what, text in TEXTS.items()
    }

    assert [what for what, secret in secrets.items() if secret in log] == []
    assert HIDDEN_BY_NAME not in log

"""The ACL rule that docs/redis.md gives, so that the tests try what people will copy."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "redis.md"
RULE = re.compile(r"^ACL SETUSER (\S+) ((?:.*\\\n)*.*)$", re.MULTILINE)


def documented_rule(user: str) -> list[str]:
    """The words after ACL SETUSER, without the password."""
    for found in RULE.finditer(GUIDE.read_text()):
        if found[1] == user:
            words = found[2].replace("\\\n", " ").split()
            return [user, *(word for word in words if not word.startswith(">"))]
    message = f"docs/redis.md has no rule for {user}"
    raise LookupError(message)

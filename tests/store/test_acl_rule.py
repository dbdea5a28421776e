"""The rights in docs/redis.md are those that the scripts need."""

import re

import pytest

from service.store.scripts import Script, load_all
from tests.support.acl import documented_rule

CALL = re.compile(r'redis\.p?call\("([A-Z]+)"(?:, "(CREATE|DELCONSUMER|CONSUMERS)")?')
"""A command, and the subcommand where there is one."""


@pytest.mark.parametrize("user", ["inphora", "inphora-sessions"])
@pytest.mark.parametrize("script", load_all(), ids=lambda script: script.name)
def test_every_command_of_a_script_is_granted(script: Script, user: str) -> None:
    rule = documented_rule(user)

    for words in CALL.findall(script.source):
        assert "+" + "|".join(word.lower() for word in words if word) in rule
    assert "+@all" not in rule

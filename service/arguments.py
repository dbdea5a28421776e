"""What commands take from whoever types them."""

from collections.abc import Callable

import click


def line_of(longest: int) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Take one line of text of so many letters at most, and at least one, or no option at all.

    An empty one is most often a variable of a shell that was never set; a longer or unprintable one
    does not fit into the event that tells of the command.
    """

    def check(_: click.Context, param: click.Parameter, text: str | None) -> str | None:
        if text is None:
            return None
        if not text.strip():
            message = "it is empty: leave the option out, or say something"
            raise click.BadParameter(message, param=param)
        if len(text) > longest or not text.isprintable():
            message = f"give one line of at most {longest} letters"
            raise click.BadParameter(message, param=param)
        return text

    return check

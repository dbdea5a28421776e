"""Secrets that are nearly right."""

PLACE = -6
"""Of the character that differs: near the end, where no base64 has spare bits."""


def altered(text: str) -> str:
    """The same text with one character changed to another, never to itself."""
    other = "B" if text[PLACE] == "A" else "A"
    return text[:PLACE] + other + text[PLACE + 1 :]

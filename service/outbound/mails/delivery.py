"""What comes of handing a mail on."""

from email.message import EmailMessage
from enum import StrEnum
from typing import NamedTuple, Protocol


class Fate(StrEnum):
    """SENT: somebody else has it now. LATER: this mail is to wait. NEVER: it was refused for good.

    AWAY: nobody can be reached, or our own settings are refused: no mail is at fault.
    """

    SENT = "sent"
    LATER = "later"
    NEVER = "never"
    AWAY = "away"


class Delivery(NamedTuple):
    """A fate, and in a word why; never with an address."""

    fate: Fate
    why: str = ""


class Carrier(Protocol):
    """Hands mails on, one after the other."""

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Hand one on; an outcome, never an exception of the network."""

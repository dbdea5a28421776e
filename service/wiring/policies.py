"""Rules as the settings have them, for the web process and for commands."""

from config.settings import Settings
from service.domain.password_policy import PasswordPolicy


def password_policy(settings: Settings) -> PasswordPolicy:
    """What may be a password."""
    return PasswordPolicy(
        settings.password_min_length, settings.password_min_length_with_mfa, settings.product_name
    )

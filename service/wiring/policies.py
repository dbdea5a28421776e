"""Rules as the settings have them, for the web process and for commands."""

from config.settings import Settings
from service.domain.password_policy import PasswordPolicy
from service.domain.sessions import SessionPolicy


def password_policy(settings: Settings) -> PasswordPolicy:
    """What may be a password."""
    return PasswordPolicy(
        settings.password_min_length, settings.password_min_length_with_mfa, settings.product_name
    )


def session_policy(settings: Settings) -> SessionPolicy:
    """How long things live."""
    return SessionPolicy(
        access_ttl=settings.access_token_ttl,
        idle_ttl=settings.session_idle_ttl,
        max_ttl=settings.session_max_ttl,
        replay_window=settings.refresh_replay_seconds,
    )

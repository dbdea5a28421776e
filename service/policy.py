"""The rules of sessions, from settings; for composition roots only."""

from config.settings import Settings
from service.domain.sessions import SessionPolicy


def session_policy(settings: Settings) -> SessionPolicy:
    """How long things live."""
    return SessionPolicy(
        access_ttl=settings.access_token_ttl,
        idle_ttl=settings.session_idle_ttl,
        max_ttl=settings.session_max_ttl,
        replay_window=settings.refresh_replay_seconds,
    )

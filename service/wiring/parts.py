"""What the operations of the web process share: opened once by `service.app.wire`."""

from dataclasses import dataclass

from aiohttp import web

from config.settings import Settings
from service.domain.access_token import AccessTokens
from service.domain.refresh_token import RefreshTokenCodec
from service.domain.secrets import Sealer
from service.domain.sessions import SessionPolicy
from service.operations.end_sessions import EndSessions
from service.operations.open_session import OpenSession
from service.operations.prove_password import ProvePassword
from service.operations.require_fresh import RequireFresh
from service.operations.throttle import Throttle
from service.store.challenges import Challenges
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.mail_outbox import MailOutbox
from service.store.password_hasher import PasswordHasher
from service.store.revocations import Revocations
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.signing_keys import SigningKeyRecords
from service.store.users import UserRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Stores and operations that others are built of. A `wire_…` module takes them from the app."""

    settings: Settings
    policy: SessionPolicy
    database: Database
    scripts: ScriptClient
    users: UserRecords
    records: SessionRecords
    live: LiveSessions
    challenges: Challenges
    events: EventLog
    revocations: Revocations
    mails: MailOutbox
    seal: Sealer
    signing: SigningKeyRecords
    tokens: AccessTokens
    codec: RefreshTokenCodec
    hasher: PasswordHasher
    open_session: OpenSession
    end_sessions: EndSessions
    prove_password: ProvePassword
    require_fresh: RequireFresh
    throttle: Throttle


PARTS = web.AppKey("parts", Parts)

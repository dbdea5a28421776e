from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from service.domain.errors import StepUpRequiredError
from service.domain.step_up import is_fresh
from service.operations.authenticate import Caller


@dataclass(frozen=True, slots=True)
class RequireFresh:
    """Let only those on who proved of late who they are. Raises StepUpRequiredError."""

    within: timedelta
    now_ms: Callable[[], int]

    def __call__(self, caller: Caller, *, proven: Collection[str] = ()) -> None:
        """`proven`: the methods (RFC 8176) that this very request has shown."""
        fresh = is_fresh(
            amr=caller.session.amr,
            opened_ms=caller.session.created_ms,
            now_ms=self.now_ms(),
            has_second_factor=caller.user.mfa_enabled,
            within=self.within,
            proven=proven,
        )
        if not fresh:
            raise StepUpRequiredError

"""Bodies of what changes a second factor, and of a step-up."""

from service.web.bodies import Body, Code, Password


class EnableBody(Body):
    """A first code, which proves that a secret arrived."""

    code: Code
    end_other_sessions: bool = False


class DisableBody(Body):
    """All that signing in takes, once more."""

    password: Password
    code: Code
    end_other_sessions: bool = False


class RenewCodesBody(Body):
    """All that signing in takes, once more."""

    password: Password
    code: Code


class StepUpBody(Body):
    """The caller's password once more; with a second factor also a code."""

    password: Password
    code: Code | None = None
    cookie: bool = False

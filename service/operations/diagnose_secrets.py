from datetime import timedelta

from service.domain.instants import to_ms, to_rfc3339
from service.operations.findings import Finding
from service.store.resealing import Resealing

MARGIN = timedelta(hours=1)
"""For processes that were restarted with the new key later than the first worker."""


async def secret_findings(
    resealing: Resealing, *, idle_ttl: timedelta, now_ms: int
) -> list[Finding]:
    """Whether all secrets at rest can be opened, and when SECRET_KEY_PREVIOUS may be taken away."""
    standing = await resealing.standing()
    left = sum(standing.left.values())
    where = ", ".join(standing.left)
    if len(resealing.sealer.keys) == 1:
        return [
            Finding(
                left == 0,
                f"{left} secrets are sealed under another SECRET_KEY ({where})"
                if left
                else "every secret at rest is sealed under SECRET_KEY",
                "set SECRET_KEY_PREVIOUS to the key before, and run: inphora-auth keys reseal",
            )
        ]
    if left:
        what = (
            f"SECRET_KEY_PREVIOUS is needed: {left} secrets are sealed under it ({where}); "
            "workers seal them anew, or: inphora-auth keys reseal"
        )
    elif standing.first_used is None:
        what = "SECRET_KEY_PREVIOUS is needed: no worker has run with the new SECRET_KEY yet"
    else:
        until_ms = to_ms(standing.first_used + idle_ttl + MARGIN)
        what = (
            "SECRET_KEY_PREVIOUS is needed by no secret and no refresh token: take it away"
            if now_ms >= until_ms
            else f"SECRET_KEY_PREVIOUS is needed until {to_rfc3339(until_ms)}, by refresh tokens"
        )
    return [Finding(ok=True, what=what, mend="")]

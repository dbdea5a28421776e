"""Checkpoints as objects of a bucket, at AWS or whoever speaks S3. Needs the extra `s3`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from service.outbound.checkpoint_sinks import Signed
from service.outbound.http import CONNECT_SECONDS, TOTAL_SECONDS, USER_AGENT

if TYPE_CHECKING:  # not there at run time
    from obstore.store import ClientConfig, RetryConfig, S3Config

RETRIES: "RetryConfig" = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=TOTAL_SECONDS),
}
"""Few: the job comes again every ten seconds."""
SAID = 200
"""Characters of an error; libraries quote whole answers."""


@dataclass(frozen=True, slots=True)
class S3Sink:
    """One object each, `PREFIX/checkpoint-000000000001.json`; none is ever written over."""

    store: S3Store

    @classmethod
    def of(cls, address: str) -> Self:
        """From `s3://bucket/prefix?endpoint=https://…&region=…`.

        Credentials are found as AWS's own tools find them: AWS_ACCESS_KEY_ID and
        AWS_SECRET_ACCESS_KEY, or the role of the machine, container or pod.
        """
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query))
        config: S3Config = {"bucket": parts.netloc, "conditional_put": "etag"}
        if "region" in options:
            config["region"] = options["region"]
        if "endpoint" in options:
            config["endpoint"] = options["endpoint"]
        client: ClientConfig = {
            "allow_http": options.get("endpoint", "").startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=TOTAL_SECONDS),
            "user_agent": USER_AGENT,
        }
        prefix = parts.path.strip("/") or None
        return cls(
            S3Store(prefix=prefix, config=config, client_options=client, retry_config=RETRIES)
        )

    async def deliver(self, signed: Signed) -> None:
        path, line = f"{signed.name}.json", signed.to_line().encode()
        try:
            await self.store.put_async(path, line, mode="create", use_multipart=False)
        except AlreadyExistsError:
            await self._compare(path, line)
        except (BaseError, OSError) as error:
            raise _refused(error) from None

    async def _compare(self, path: str, line: bytes) -> None:
        """Ours, of a worker that died before it could note it, or somebody else's."""
        try:
            there = await (await self.store.get_async(path)).bytes_async()
        except (BaseError, OSError) as error:
            raise _refused(error) from None
        if bytes(there) != line:
            message = (
                f"{path} is there already and says something else: another deployment writes to "
                "this bucket and prefix, or somebody forges checkpoints"
            )
            raise OSError(message)


def _refused(error: Exception) -> OSError:
    first = str(error).strip().partition("\n")[0]
    return OSError(f"S3 does not take it: {first[:SAID]}")

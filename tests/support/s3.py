"""As much of S3 as a sink needs, on loopback: PUT and GET of objects, `If-None-Match: *`.

Signatures are checked by a computation of our own, as AWS documents it (Signature Version 4), so a
client that signs wrongly, or not at all, is refused as a real bucket would.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

ACCESS_KEY, SECRET_KEY = "AKIDTEST", "s3-secret-of-a-test"
REGION = "eu-test-1"


@dataclass(slots=True)
class Bucket:
    """What is in it; `deny` names methods that its policy forbids."""

    url: str = ""
    name: str = "checkpoints"
    objects: dict[str, bytes] = field(default_factory=dict)
    deny: set[str] = field(default_factory=set)
    down: bool = False
    refused: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        bucket, _, key = request.path.lstrip("/").partition("/")
        well = signed_well(request, body)
        if not well:
            self.refused.append(request.path)
        troubles = {
            (503, "SlowDown"): self.down,
            (403, "SignatureDoesNotMatch"): not well,
            (403, "AccessDenied"): request.method in self.deny,
            (404, "NoSuchBucket"): bucket != self.name,
            (404, "NoSuchKey"): request.method == "GET" and key not in self.objects,
            (412, "PreconditionFailed"): request.headers.get("If-None-Match") == "*"
            and key in self.objects,
        }
        for (status, code), there in troubles.items():
            if there:
                return _error(status, code)
        headers = {"ETag": '"x"', "Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT"}
        if request.method == "GET":
            return web.Response(body=self.objects[key], headers=headers)
        self.objects[key] = body
        return web.Response(headers=headers)


def signed_well(request: web.Request, body: bytes) -> bool:
    """Whether Authorization is what the secret key gives for just this request."""
    said = request.headers.get("Authorization", "")
    if not said.startswith("AWS4-HMAC-SHA256 "):
        return False
    parts = dict(each.strip().split("=", 1) for each in said.split(" ", 1)[1].split(","))
    who, day, region, service, end = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    digest = request.headers["x-amz-content-sha256"]
    if digest != hashlib.sha256(body).hexdigest() and digest != "UNSIGNED-PAYLOAD":
        return False
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(request.query.items())
    )
    canonical = "\n".join(
        [
            request.method,
            quote(request.path, safe="/-_.~"),
            query,
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            digest,
        ]
    )
    scope = f"{day}/{region}/{service}/{end}"
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers["x-amz-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    right = (ACCESS_KEY, REGION, "s3", "aws4_request", "host" in names)
    return right == (who, region, service, end, True) and hmac.compare_digest(
        signature, parts["Signature"]
    )


def _error(status: int, code: str) -> web.Response:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return web.Response(status=status, text=body, content_type="application/xml")


@asynccontextmanager
async def bucket() -> AsyncIterator[Bucket]:
    """An empty bucket until the block ends."""
    opened = Bucket()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", opened.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        opened.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield opened
    finally:
        await runner.cleanup()

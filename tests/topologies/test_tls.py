"""TLS, and every way in which it does not come about: one clear line each."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from service.embedded import EmbeddedServer, start_valkey
from service.store.redis_faults import explain
from service.store.redis_pool import open_redis
from tests.support.forked import ROOT
from tests.support.processes import free_port
from tests.support.tls import HOST, Authority, tls_proxy
from tests.support.waiting import PATIENCE

ELSEWHERE = "192.0.2.1"


@pytest.fixture
async def proxy(valkey: EmbeddedServer, authority: Authority) -> AsyncIterator[str]:
    """The shared Valkey behind a certificate of an authority that nobody knows."""
    async with tls_proxy(valkey.port, authority.issue(HOST)) as port:
        yield valkey.url.replace("redis://", "rediss://").replace(f":{valkey.port}", f":{port}")


async def refusal(url: str) -> str:
    """What an operator reads when it cannot be reached."""
    redis = open_redis(url, timeout=1)
    with pytest.raises((RedisError, OSError)) as refused:
        await redis.ping()
    await redis.aclose()
    return explain(refused.value)


async def answers(url: str) -> bool:
    redis = open_redis(url, timeout=PATIENCE)
    answered = bool(await redis.ping())
    await redis.aclose()
    return answered


async def test_an_authority_of_our_own(proxy: str, authority: Authority) -> None:
    assert await answers(f"{proxy}?ssl_ca_certs={authority.file}")


async def test_an_unknown_authority_is_refused(proxy: str, tmp_path: Path) -> None:
    """Neither the system's authorities nor another one vouch for the server."""
    other = Authority(tmp_path, "other")

    for url in (proxy, f"{proxy}?ssl_ca_certs={other.file}"):
        said = await refusal(url)
        assert "is not trusted" in said
        assert "REDIS_CA_FILE" in said


async def test_a_certificate_for_another_host_is_refused(
    valkey: EmbeddedServer, authority: Authority
) -> None:
    """A trusted authority is not enough: the name must be the one that was asked for."""
    async with tls_proxy(valkey.port, authority.issue(ELSEWHERE)) as port:
        url = valkey.url.replace("redis://", "rediss://").replace(f":{valkey.port}", f":{port}")
        assert "REDIS_CA_FILE" in await refusal(f"{url}?ssl_ca_certs={authority.file}")


async def test_verification_off_is_loud(proxy: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A self-signed certificate is taken where somebody said so, with a warning."""
    assert await answers(f"{proxy}?ssl_cert_reqs=none")

    assert "redis.certificate_not_verified" in capsys.readouterr().out


async def test_a_server_that_speaks_no_tls(valkey: EmbeddedServer) -> None:
    assert "speaks no TLS" in await refusal(valkey.url.replace("redis://", "rediss://"))


async def test_a_server_that_speaks_only_tls(proxy: str) -> None:
    assert "rediss://" in await refusal(proxy.replace("rediss://", "redis://"))


async def test_real_tls(redis7: Path, authority: Authority, tmp_path: Path) -> None:
    """A server's own TLS, where one that was built with it is installed."""
    issued, port = authority.issue(HOST), free_port()
    lines = [
        f"tls-port {port}",
        f"tls-cert-file {issued.cert}",
        f"tls-key-file {issued.key}",
        f"tls-ca-cert-file {authority.file}",
        "tls-auth-clients no",
    ]
    with start_valkey(tmp_path / "redis", lines=lines, binary=redis7) as server:
        url = server.url.replace("redis://", "rediss://").replace(f":{server.port}", f":{port}")
        assert await answers(f"{url}?ssl_ca_certs={authority.file}")
        assert "REDIS_CA_FILE" in await refusal(url)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda url: url, "REDIS_CA_FILE", id="an unknown authority"),
        pytest.param(
            lambda url: url.replace("rediss://:", "rediss://:x") + "?ssl_cert_reqs=none",
            "refuses the user or password",
            id="a wrong password",
        ),
    ],
)
async def test_doctor_says_why(
    proxy: str, environment: dict[str, str], change: Callable[..., Any], said: str
) -> None:
    """One line on the terminal, exit code 1, no password in it."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "doctor"),
        cwd=ROOT,
        env={**environment, "REDIS_URL": change(proxy), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, _ = await command.communicate()

    lines = [line for line in out.decode().splitlines() if "Redis does not answer" in line]
    assert command.returncode == 1
    assert len(lines) == 1
    assert said in lines[0]
    assert proxy.partition("@")[0].rpartition(":")[2] not in out.decode()

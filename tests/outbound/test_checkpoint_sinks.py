"""Copies of checkpoints: in a file, by POST, in a bucket; whole, in order, never written over."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.settings import Settings
from service.domain.checkpoint import Checkpoint
from service.outbound.checkpoint_sinks import CheckpointSink, open_sink
from tests.conftest import MakeSettings
from tests.support.receiver import Receiver, receiver
from tests.support.s3 import ACCESS_KEY, REGION, SECRET_KEY, Bucket, bucket

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def checkpoints(count: int) -> list[Checkpoint]:
    made: list[Checkpoint] = []
    for n in range(count):
        previous = made[-1] if made else None
        made.append(
            Checkpoint.sign(KEY, heads={3: (n + 1, bytes(32))}, made_ms=n, previous=previous)
        )
    return made


def kept_by(sink: CheckpointSink | None) -> CheckpointSink:
    """The sink that an address opened."""
    assert sink is not None
    return sink


@pytest.fixture
async def product() -> AsyncIterator[Receiver]:
    async with receiver() as there:
        yield there


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    """A bucket, and the credentials to it where AWS's tools look for them."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    async with bucket() as opened:
        yield opened


def address(store: Bucket, prefix: str = "/auth/prod") -> str:
    return f"s3://{store.name}{prefix}?endpoint={store.url}&region={REGION}"


@pytest.mark.parametrize("scheme", ["", "file:", "file://"])
async def test_a_file(tmp_path: Path, scheme: str) -> None:
    """A line each."""
    first, second = checkpoints(2)
    async with open_sink(f"{scheme}{tmp_path}/sink") as sink:
        await kept_by(sink).deliver(first)
        await kept_by(sink).deliver(second)
    assert (tmp_path / "sink").read_text() == first.to_line() + second.to_line()


async def test_a_file_that_can_not_be(tmp_path: Path) -> None:
    """An OSError: the checkpoint waits."""
    async with open_sink(f"{tmp_path}/missing/sink") as sink:
        with pytest.raises(OSError, match="missing"):
            await kept_by(sink).deliver(checkpoints(1)[0])


async def test_by_post(product: Receiver) -> None:
    """With the token where there is one."""
    [one] = checkpoints(1)
    for token in (None, "s3cret"):
        async with open_sink(product.url, token=token) as sink:
            await kept_by(sink).deliver(one)
            assert "s3cret" not in repr(sink)
    assert [each.body.decode() for each in product.got] == [one.to_line()] * 2
    said = [each.headers.get("authorization") for each in product.got]
    assert said == [None, "Bearer s3cret"]


@pytest.mark.parametrize("status", [302, 401, 500])
async def test_what_does_not_take_it(product: Receiver, status: int) -> None:
    """Only 2xx says that it is kept, and a token goes nowhere else."""
    async with receiver() as elsewhere, open_sink(product.url, token="t") as sink:
        product.status, product.headers = status, {"Location": elsewhere.url}
        with pytest.raises(OSError, match=f"checkpoint-000000000001: it answered {status}"):
            await kept_by(sink).deliver(checkpoints(1)[0])
        assert elsewhere.got == []


async def test_a_bucket(store: Bucket) -> None:
    """An object each, under its number, signed as S3 wants it."""
    made = checkpoints(11)
    async with open_sink(address(store)) as sink:
        for each in made:
            await kept_by(sink).deliver(each)
    assert store.refused == []
    assert [store.objects[name].decode() for name in sorted(store.objects)] == [
        each.to_line() for each in made
    ]
    assert min(store.objects) == "auth/prod/checkpoint-000000000001.json"


async def test_a_bucket_without_prefix(store: Bucket) -> None:
    """Objects at the top."""
    async with open_sink(address(store, "")) as sink:
        await kept_by(sink).deliver(checkpoints(1)[0])
    assert list(store.objects) == ["checkpoint-000000000001.json"]


async def test_an_object_is_never_written_over(store: Bucket) -> None:
    """The same again is well: a worker died before it could note it. Another one is told of."""
    [one] = checkpoints(1)
    forged = replace(one, signature=bytes(64))
    async with open_sink(address(store)) as sink:
        await kept_by(sink).deliver(one)
        await kept_by(sink).deliver(one)
        with pytest.raises(OSError, match=r"000001\.json is there already and says something else"):
            await kept_by(sink).deliver(forged)
        store.deny = {"GET"}
        with pytest.raises(OSError, match="S3 does not take it"):
            await kept_by(sink).deliver(one)
    assert [body.decode() for body in store.objects.values()] == [one.to_line()]


@pytest.mark.parametrize("trouble", ["down", "denied", "wrong key", "another bucket", "away"])
async def test_a_bucket_that_does_not_take_it(
    store: Bucket, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """An OSError of one line without the key, and soon: the job comes again."""
    where = address(store)
    if trouble == "down":
        store.down = True
    elif trouble == "denied":
        store.deny = {"PUT"}
    elif trouble == "wrong key":
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    elif trouble == "another bucket":
        where = where.replace(store.name, "nobodys")
    else:
        where = where.replace(store.url, "http://127.0.0.1:9")
    async with open_sink(where) as sink:
        with pytest.raises(OSError, match="S3 does not take it") as refused:
            await kept_by(sink).deliver(checkpoints(1)[0])
    assert "\n" not in str(refused.value)
    assert "another-secret" not in str(refused.value)
    assert store.objects == {}


def test_without_the_extra(
    make_settings_of_nothing: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start error that says how to install it."""
    monkeypatch.setattr("config.sinks.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"requirements-s3\.txt"):
        make_settings_of_nothing(audit_checkpoint_sink="s3://bucket/prefix")


@pytest.mark.parametrize(
    "sink",
    [
        "s3://",
        "s3:///prefix",
        "s3://key:secret@bucket/prefix",
        "s3://bucket/prefix?endpoint=http://minio.example.com",
        "s3://bucket/prefix?endpoint=minio",
        "s3://bucket/prefix?acl=public",
        "https://me:secret@sink.example.com/",
        "http://sink.example.com/",
        "file://host/path",
        "relative",
    ],
)
def test_what_is_no_sink(make_settings_of_nothing: MakeSettings, sink: str) -> None:
    """Refused at the start."""
    with pytest.raises(ValueError, match="audit_checkpoint_sink"):
        make_settings_of_nothing(audit_checkpoint_sink=sink)


@pytest.fixture
def make_settings_of_nothing() -> MakeSettings:
    """Settings of servers that nobody calls."""
    given = {
        "database_url": "postgres://127.0.0.1/x",
        "redis_url": "redis://127.0.0.1",
        "secret_key": "k" * 40,
    }
    return lambda **changes: Settings(**{**given, **changes})

"""What `doctor` complains of in a Redis that answers, and what it leaves alone."""

from dataclasses import replace
from typing import Any

import pytest

from service.operations.diagnose_redis import redis_findings
from service.store.health import RedisState, replication_lag
from service.store.redis_url import Topology

MIB = 1024 * 1024
WELL = RedisState(
    latency_ms=0.2,
    topology=Topology.SERVER,
    nodes=1,
    nodes_away=0,
    role="master",
    server="valkey",
    version="9.1.2",
    used_memory_bytes=10 * MIB,
    maxmemory_bytes=512 * MIB,
    maxmemory_policy="noeviction",
    replicas=0,
    replication_lag_bytes=None,
    aof_enabled=True,
    last_save_ok=True,
)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="one server with its log"),
        pytest.param({"maxmemory_bytes": 0}, id="no limit of memory"),
        pytest.param({"version": "7.0.15", "server": "redis"}, id="Redis 7"),
        pytest.param(
            {"aof_enabled": False, "replicas": 1, "replication_lag_bytes": 0},
            id="a replica instead of a log",
        ),
        pytest.param({"topology": Topology.CLUSTER, "nodes": 3}, id="a cluster without replicas"),
    ],
)
def test_all_is_well(change: dict[str, Any]) -> None:
    assert [f for f in redis_findings(replace(WELL, **change)) if not f.ok] == []


@pytest.mark.parametrize(
    ("change", "what", "mend"),
    [
        ({"version": "6.2.1"}, "6.2.1", "upgrade"),
        ({"role": "slave"}, "it is a slave", "primary"),
        ({"maxmemory_policy": "allkeys-lru"}, "allkeys-lru", "noeviction"),
        ({"used_memory_bytes": 500 * MIB}, "500 MiB are used of 512 MiB", "maxmemory"),
        ({"aof_enabled": False}, "no append-only file", "appendonly yes"),
        ({"last_save_ok": False}, "cannot write to disk", "disk"),
        ({"replicas": 2, "replication_lag_bytes": 2_000_000}, "2000000 bytes behind", "replica"),
        ({"topology": Topology.SENTINEL}, "no replica", "replicaof"),
        (
            {"topology": Topology.CLUSTER, "nodes": 3, "nodes_away": 1},
            "2 of 3 primaries",
            "redis-cli --cluster check",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_complaint(change: dict[str, Any], what: str, mend: str) -> None:
    """Just one, which says how to mend it."""
    (finding,) = [f for f in redis_findings(replace(WELL, **change)) if not f.ok]

    assert what in finding.what
    assert mend in finding.mend


@pytest.mark.parametrize(
    ("info", "lag"),
    [
        ({"connected_slaves": 0}, None),
        ({"connected_slaves": 1, "master_repl_offset": 9, "slave0": {"offset": 4}}, 5),
        (
            {
                "connected_slaves": 2,
                "master_repl_offset": 9,
                "slave0": {"offset": 4},
                "slave1": {"offset": 8},
            },
            1,
        ),
        ({"connected_slaves": 1, "master_repl_offset": 9, "slave0": {"offset": 12}}, 0),
    ],
    ids=["nobody", "one behind", "the nearest of two", "one that knows more already"],
)
def test_replication_lag(info: dict[str, Any], lag: int | None) -> None:
    assert replication_lag(info) == lag

"""What `doctor` makes of Redis' state, and how to mend it. docs/redis.md says more of each."""

from collections.abc import Sequence

from service.operations.findings import Finding
from service.store.health import RedisState
from service.store.redis_url import Topology

OLDEST_REDIS = 7
LAG_BYTES = 1_000_000
FULL = 0.8
MIB = 1024 * 1024


def redis_findings(state: RedisState) -> Sequence[Finding]:
    """Everything worth knowing of a Redis that answers."""
    return [*_servers(state), *_replicas(state), *_memory(state), *_persistence(state)]


def _servers(state: RedisState) -> Sequence[Finding]:
    what = f"{state.server} {state.version} answers in {state.latency_ms:.1f} ms"
    nodes = Finding(
        state.nodes_away == 0,
        f"{state.nodes - state.nodes_away} of {state.nodes} primaries of the cluster answer",
        "people whose partitions lie on the others cannot sign in: start them, or let a replica "
        "take over (redis-cli --cluster check HOST:PORT says which)",
    )
    return [
        Finding(
            int(state.version.split(".")[0]) >= OLDEST_REDIS,
            what,
            f"upgrade it: scripts with flags need {OLDEST_REDIS} or newer",
        ),
        *([nodes] if state.topology is Topology.CLUSTER else []),
        Finding(
            state.role == "master",
            f"it is a {state.role}",
            "point REDIS_URL at the primary; a replica refuses writes",
        ),
    ]


def _replicas(state: RedisState) -> Sequence[Finding]:
    lag = state.replication_lag_bytes
    if lag is not None:
        return [
            Finding(
                lag <= LAG_BYTES,
                f"{state.replicas} replicas, the nearest {lag} bytes behind",
                "a failover now would lose that: look at the replica's load and network "
                "(redis-cli info replication), and raise repl-backlog-size",
            )
        ]
    return [
        Finding(
            state.topology is not Topology.SENTINEL,
            "no replica is connected",
            "Sentinel has nobody to fail over to: start a replica (replicaof), and check that it "
            "has masterauth",
        )
    ]


def _memory(state: RedisState) -> Sequence[Finding]:
    used, limit = state.used_memory_bytes, state.maxmemory_bytes
    of = f"of {limit / MIB:.0f} MiB" if limit else "and no maxmemory is set"
    return [
        Finding(
            state.maxmemory_policy == "noeviction",
            f"maxmemory-policy is {state.maxmemory_policy}",
            "run: redis-cli config set maxmemory-policy noeviction; and set it in redis.conf: "
            "an evicting server forgets revocations and events",
        ),
        Finding(
            not limit or used < FULL * limit,
            f"{used / MIB:.0f} MiB are used {of}",
            "raise maxmemory (redis-cli config set maxmemory 1gb, and in redis.conf), or see that "
            "workers drain the streams: a full server refuses sign-ins",
        ),
    ]


def _persistence(state: RedisState) -> Sequence[Finding]:
    kept = "a log of every write" if state.aof_enabled else "no append-only file"
    return [
        Finding(
            state.aof_enabled or state.replicas > 0,
            f"it keeps {kept}",
            "a restart loses events that no worker has stored yet: redis-cli config set appendonly "
            "yes; and set it in redis.conf",
        ),
        Finding(
            state.last_save_ok,
            "its last write to disk succeeded" if state.last_save_ok else "it cannot write to disk",
            "it refuses all writes until it can: free space on its disk; its log says what failed",
        ),
    ]

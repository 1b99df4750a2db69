"""A MinIO as tests meet it: the stack's, or one of a test's own, where root makes the calls and nobody else is."""

from __future__ import annotations

import dataclasses
import secrets
import time
import typing as t
from contextlib import contextmanager

import docker

ROOT = "root-of-a-test"
HEALTH = ["CMD", "healthcheck", "http://127.0.0.1:9000/minio/health/cluster"]


@dataclasses.dataclass(frozen=True)
class Minio:
    endpoint: str
    access_key: str
    secret_key: str
    root_user: str
    root_password: str


@contextmanager
def own_minio(image: str, **environment: str) -> t.Iterator[Minio]:
    """A server of that image, healthy, which keeps its data in memory; ``environment`` is MinIO's configuration."""
    password = secrets.token_hex(16)
    container = docker.from_env().containers.run(
        image,
        ["server", "/own", "--address", ":9000"],
        detach=True,
        environment={"MINIO_ROOT_USER": ROOT, "MINIO_ROOT_PASSWORD": password, **environment},
        tmpfs={"/own": "mode=1777"},
        ports={"9000/tcp": ("127.0.0.1", None)},
        healthcheck={"test": HEALTH, "interval": 10**9, "retries": 60},
    )
    try:
        while container.health != "healthy":
            assert container.health in ("starting", "unknown"), container.logs().decode()
            time.sleep(0.3)
            container.reload()
        port = container.ports["9000/tcp"][0]["HostPort"]
        yield Minio(f"http://127.0.0.1:{port}", ROOT, password, ROOT, password)
    finally:
        container.remove(force=True, v=True)

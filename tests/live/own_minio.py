"""A MinIO of a test's own, where root makes the calls and nobody else is. What it holds is in memory."""

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
class OwnMinio:
    endpoint: str
    secret_key: str
    access_key: str = ROOT
    root_user: str = ROOT

    @property
    def root_password(self) -> str:
        return self.secret_key


@contextmanager
def own_minio(image: str, **environment: str) -> t.Iterator[OwnMinio]:
    """A server of that image, healthy; ``environment`` is MinIO's configuration."""
    root = {"MINIO_ROOT_USER": ROOT, "MINIO_ROOT_PASSWORD": secrets.token_hex(16)}
    container = docker.from_env().containers.run(
        image,
        ["server", "/own", "--address", ":9000"],
        detach=True,
        environment=root | environment,
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
        yield OwnMinio(f"http://127.0.0.1:{port}", root["MINIO_ROOT_PASSWORD"])
    finally:
        container.remove(force=True, v=True)

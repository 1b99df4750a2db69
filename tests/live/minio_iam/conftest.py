"""Identities on the test stack, and a server of a test's own for what must not happen to anybody else's."""

from __future__ import annotations

import dataclasses
import typing as t

import docker
import pytest
import requests
from identities_of_a_test import Iam, RunModule


@pytest.fixture
def iam(run_module: RunModule, minio: t.Any) -> t.Iterator[Iam]:
    made = Iam(run_module, minio)
    yield made
    made.apply(**made.gone())


@dataclasses.dataclass(frozen=True)
class OwnServer:
    """Only root is there."""

    endpoint: str
    access_key: str = "root-of-a-test"
    secret_key: str = "password-of-a-test"
    root_user: str = "root-of-a-test"
    root_password: str = "password-of-a-test"


@pytest.fixture(scope="session")
def own_server(minio_image: str) -> t.Iterator[OwnServer]:
    server = docker.from_env().containers.run(
        minio_image,
        ["server", "/own", "--address", ":9000"],
        detach=True,
        environment={"MINIO_ROOT_USER": OwnServer.root_user, "MINIO_ROOT_PASSWORD": OwnServer.root_password},
        tmpfs={"/own": "mode=1777"},
        ports={"9000/tcp": ("127.0.0.1", None)},
    )
    try:
        server.reload()
        endpoint = f"http://127.0.0.1:{server.ports['9000/tcp'][0]['HostPort']}"
        ready = requests.Session()
        tries = requests.adapters.Retry(60, backoff_factor=0.1, backoff_max=0.5)
        ready.mount("http://", requests.adapters.HTTPAdapter(max_retries=tries))
        assert ready.get(f"{endpoint}/minio/health/ready", timeout=5).ok
        yield OwnServer(endpoint)
    finally:
        server.remove(force=True, v=True)


@pytest.fixture
def own(run_module: RunModule, own_server: OwnServer) -> t.Iterator[Iam]:
    """Identities on a server where root makes the calls and nobody else is; everything goes after the test."""
    made = Iam(run_module, own_server)
    yield made
    everything = {kind: [] for kind in ("policies", "users", "groups", "service_accounts")}
    for manager in ("mine", "theirs"):
        made.apply(manager=manager, purge="managed", **everything)
    made.apply(purge="all", **everything)

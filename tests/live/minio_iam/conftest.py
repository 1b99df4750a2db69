"""Identities on the test stack, and a server of a test's own for what must not happen to anybody else's."""

from __future__ import annotations

import typing as t

import pytest
from identities_of_a_test import Iam, RunModule
from own_minio import Minio, own_minio


@pytest.fixture
def iam(run_module: RunModule, minio: t.Any) -> t.Iterator[Iam]:
    made = Iam(run_module, minio)
    yield made
    made.apply(**made.gone())


@pytest.fixture(scope="session")
def own_server(minio_image: str) -> t.Iterator[Minio]:
    with own_minio(minio_image) as server:
        yield server


@pytest.fixture
def own(run_module: RunModule, own_server: Minio) -> t.Iterator[Iam]:
    """Identities on a server where root makes the calls and nobody else is; everything goes after the test."""
    made = Iam(run_module, own_server)
    yield made
    everything = {kind: [] for kind in ("policies", "users", "groups", "service_accounts")}
    for manager in ("mine", "theirs"):
        made.apply(manager=manager, purge="managed", **everything)
    made.apply(purge="all", **everything)

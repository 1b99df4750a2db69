"""A bucket of a test's own, and somebody else's clients to look at it and to change it by hand."""

from __future__ import annotations

import typing as t
import uuid

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from s3 import remove_bucket, s3_client

RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(scope="session")
def connection(minio: t.Any) -> dict[str, str]:
    return {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}


@pytest.fixture(scope="session")
def s3(connection: dict[str, str]) -> t.Any:
    return s3_client(**connection)


@pytest.fixture(scope="session")
def admin(minio: t.Any) -> Admin:
    where = Connection(minio.endpoint, minio.access_key, minio.secret_key, "us-east-1", True, 1.0)
    return Admin(where, read_only=False)


@pytest.fixture
def name(s3: t.Any) -> t.Iterator[str]:
    made = f"test-{uuid.uuid4().hex[:12]}"
    yield made
    remove_bucket(s3, made)


@pytest.fixture
def names(s3: t.Any) -> t.Iterator[list[str]]:
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    made = [f"{prefix}-{number}" for number in range(3)]
    yield made
    for each in made:
        remove_bucket(s3, each)


@pytest.fixture
def bucket(run_module: RunModule, connection: dict[str, str], name: str) -> RunModule:
    """bucket(check_mode=False, **options) runs minio_bucket for one bucket of its own."""

    def run(check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module("minio_bucket", check_mode=check_mode, **connection, name=name, **options)

    return run


@pytest.fixture
def buckets(run_module: RunModule, connection: dict[str, str]) -> RunModule:
    """buckets(list, check_mode=False, **options) runs minio_buckets."""

    def run(items: list[dict[str, t.Any]], check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module("minio_buckets", check_mode=check_mode, **connection, buckets=items, **options)

    return run


@pytest.fixture
def steps() -> t.Callable[[RunModule, t.Iterable[dict[str, t.Any]]], None]:
    """Each state is reached twice, each time foretold by check mode: twelve steps for three states."""

    def walk(run: RunModule, states: t.Iterable[dict[str, t.Any]]) -> None:
        for options in states:
            foretold, done = run(check_mode=True, **options), run(**options)
            assert foretold["changed"] and done["changed"], options
            assert foretold["diff"] == done["diff"], options
            assert not run(check_mode=True, **options)["changed"], options
            assert not run(**options)["changed"], options

    return walk

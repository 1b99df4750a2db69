"""minio_info and minio_object_info against the real server."""

from __future__ import annotations

import hashlib
import json
import typing as t
import uuid

import pytest
from s3 import s3_client

RunModule = t.Callable[..., dict[str, t.Any]]

SECRET = "a-secret-of-a-test"


@pytest.fixture
def connection(minio: t.Any) -> dict[str, str]:
    return {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}


@pytest.fixture
def user(run_module: RunModule, connection: dict[str, str]) -> t.Iterator[t.Callable[..., str]]:
    """user(**options) keeps a user of the test and tells its name."""
    name = f"user-{uuid.uuid4().hex[:8]}"

    def keep(**options: t.Any) -> str:
        run_module("minio_user", **connection, name=name, **options)
        return name

    yield keep
    keep(state="absent")


@pytest.fixture
def caller(run_module: RunModule, connection: dict[str, str]) -> t.Callable[[str, str], str]:
    def ask(access_key: str, secret_key: str) -> str:
        key = {"access_key": access_key, "secret_key": secret_key}
        return t.cast(str, run_module("minio_info", **{**connection, **key}, gather=[])["caller"])

    return ask


def test_callers(caller: t.Callable[[str, str], str], user: t.Callable[..., str], minio: t.Any) -> None:
    assert caller(minio.access_key, minio.secret_key) == "administrator"
    assert caller(minio.root_user, minio.root_password) == "administrator"
    assert caller(minio.access_key, "another-secret") == "wrong_secret"
    assert caller("nobody-here", "another-secret") == "unknown"
    name = user(secret=SECRET, policies=["readonly"])
    assert caller(name, SECRET) == "valid"
    user(policies=["consoleAdmin"])
    assert caller(name, SECRET) == "administrator"
    user(policies=[])
    assert caller(name, SECRET) == "valid"
    user(enabled=False)
    assert caller(name, SECRET) == "unknown"


def test_a_service_account_of_an_administrator_is_no_administrator(
    run_module: RunModule,
    connection: dict[str, str],
    caller: t.Callable[[str, str], str],
    user: t.Callable[..., str],
) -> None:
    """The server tells it the policy of its parent."""
    parent = user(secret=SECRET, policies=["consoleAdmin"])
    account = f"account-{uuid.uuid4().hex[:8]}"
    access = [{"bucket": "test-bucket", "mode": "read"}]
    run_module("minio_svcacct", **connection, name=account, parent=parent, secret=SECRET, access=access)
    assert caller(account, SECRET) == "valid"
    run_module("minio_svcacct", **connection, name=account, state="absent")


def test_lists(run_module: RunModule, connection: dict[str, str], user: t.Callable[..., str]) -> None:
    name, bucket = user(secret=SECRET, policies=["readonly"]), f"test-{uuid.uuid4().hex[:8]}"
    run_module("minio_bucket", **connection, name=bucket, versioning=True, quota="1MiB")
    found = run_module("minio_info", check_mode=True, **connection)
    assert not found["changed"]
    (seen,) = [each for each in found["buckets"] if each["name"] == bucket]
    assert (seen["versioning"], seen["quota"], seen["anonymous"]) == (True, 1 << 20, "none")
    assert set(seen) >= {"tags", "lifecycle", "object_lock", "replication", "size", "objects"}
    assert {"name": name, "enabled": True, "policies": ["readonly"], "groups": []} in found["users"]
    assert "readonly" in [each["name"] for each in found["policies"]]
    assert SECRET not in json.dumps(found)
    run_module("minio_bucket", **connection, name=bucket, state="absent")


def test_a_wrong_secret_is_an_error_where_something_is_asked_for(
    run_module: RunModule, connection: dict[str, str]
) -> None:
    with pytest.raises(Exception, match=r"the secret key given for .* is wrong"):
        run_module("minio_info", **{**connection, "secret_key": "another-secret"}, gather=["buckets"])


def test_objects(run_module: RunModule, connection: dict[str, str]) -> None:
    bucket = f"test-{uuid.uuid4().hex[:8]}"
    run_module("minio_bucket", **connection, name=bucket)
    client = s3_client(**connection)
    contents = {"a/1": b"one", "a/2": b"x" * 3_000_000, "b": b""}
    for key, content in contents.items():
        client.put_object(Bucket=bucket, Key=key, Body=content)
    told = {
        key: {"key": key, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for key, content in contents.items()
    }
    ask = {**connection, "bucket": bucket}
    assert run_module("minio_object_info", **ask, key="a/2")["objects"] == [told["a/2"]]
    assert run_module("minio_object_info", **ask, key="c")["objects"] == []
    assert run_module("minio_object_info", **ask, prefix="a/")["objects"] == [told["a/1"], told["a/2"]]
    assert run_module("minio_object_info", **ask, prefix="")["objects"] == list(told.values())
    run_module("minio_bucket", **connection, name=bucket, state="absent", force=True)

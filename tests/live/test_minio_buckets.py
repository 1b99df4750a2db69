"""minio_buckets and minio_bucket against the real server."""

from __future__ import annotations

import json
import typing as t
import uuid

import boto3
import pytest
import requests
from botocore.config import Config

RunModule = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def s3(minio: t.Any) -> t.Any:
    """Somebody else's client, to look and to change things by hand."""
    return boto3.client(
        "s3",
        endpoint_url=minio.endpoint,
        region_name="us-east-1",
        aws_access_key_id=minio.access_key,
        aws_secret_access_key=minio.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture
def name(s3: t.Any) -> t.Iterator[str]:
    made = f"test-{uuid.uuid4().hex[:12]}"
    yield made
    try:
        for version in _versions(s3, made):
            s3.delete_object(Bucket=made, **version)
        s3.delete_bucket(Bucket=made)
    except s3.exceptions.NoSuchBucket:
        pass


@pytest.fixture
def bucket(run_module: RunModule, minio: t.Any, name: str) -> RunModule:
    """bucket(check_mode=False, **options) runs minio_bucket for one bucket of its own."""

    def run(check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module("minio_bucket", check_mode=check_mode, **_connection(minio), name=name, **options)

    return run


def _connection(minio: t.Any) -> dict[str, str]:
    return {"endpoint": minio.endpoint, "access_key": minio.access_key, "secret_key": minio.secret_key}


def _versions(s3: t.Any, name: str) -> list[dict[str, str]]:
    told = s3.list_object_versions(Bucket=name)
    found = [*told.get("Versions", ()), *told.get("DeleteMarkers", ())]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


DECLARED = {
    "versioning": True,
    "quota": "10GiB",
    "tags": {"team": "churn"},
    "keep_old_versions_days": 30,
    "lifecycle": [{"id": "scratch", "prefix": "tmp/", "expire_days": 7}],
}
MODIFIED = {
    "versioning": False,
    "quota": "0",
    "tags": {},
    "keep_old_versions_days": 0,
    "lifecycle": [],
    "anonymous": "download",
}


def test_life(bucket: RunModule, s3: t.Any, name: str) -> None:
    for options in (DECLARED, MODIFIED, {"state": "absent"}):
        foretold = bucket(check_mode=True, **options)
        done = bucket(**options)
        assert foretold["changed"] and done["changed"]
        assert foretold["diff"]["before"] == done["diff"]["before"]
        assert foretold["diff"]["after"] == done["diff"]["after"]
        assert not bucket(check_mode=True, **options)["changed"]
        assert not bucket(**options)["changed"]
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_bucket(Bucket=name)


def test_what_is_declared_is_there(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(**DECLARED)
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "churn"}]
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["keep-old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rules["keep-old-versions"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert rules["scratch"]["Filter"] == {"Prefix": "tmp/"}


def test_what_is_not_declared_is_left_alone(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket(**DECLARED, anonymous="download")
    assert not bucket(anonymous="unmanaged")["changed"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_policy(Bucket=name)


def _suspend(s3: t.Any, name: str) -> None:
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})


def _retag(s3: t.Any, name: str) -> None:
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "other"}]})


def _lose_rules(s3: t.Any, name: str) -> None:
    s3.delete_bucket_lifecycle(Bucket=name)


def _add_rule_of_another_kind(s3: t.Any, name: str) -> None:
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    extra = {
        "ID": "foreign",
        "Status": "Enabled",
        "Filter": {"Tag": {"Key": "a", "Value": "b"}},
        "Expiration": {"Days": 1},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [*rules, extra]})


def _open(s3: t.Any, name: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.mark.parametrize(
    ("by_hand", "field"),
    [
        (_suspend, "versioning"),
        (_retag, "tags"),
        (_lose_rules, "lifecycle"),
        (_add_rule_of_another_kind, "lifecycle"),
        (_open, "anonymous"),
    ],
)
def test_drift_is_found_and_repaired_exactly(
    bucket: RunModule, s3: t.Any, name: str, by_hand: t.Callable[[t.Any, str], None], field: str
) -> None:
    bucket(**DECLARED)
    by_hand(s3, name)
    seen = bucket(check_mode=True, **DECLARED)["diff"]
    assert [key for key in seen["after"] if seen["after"][key] != seen["before"][key]] == [field]
    assert bucket(**DECLARED)["changed"]
    assert not bucket(**DECLARED)["changed"]


def test_access_without_a_key(bucket: RunModule, s3: t.Any, name: str, minio: t.Any) -> None:
    bucket(anonymous="download")
    s3.put_object(Bucket=name, Key="a", Body=b"a")
    assert requests.get(f"{minio.endpoint}/{name}/a", timeout=10).text == "a"
    assert bucket()["changed"], "none is the default"
    assert requests.get(f"{minio.endpoint}/{name}/a", timeout=10).status_code == 403


def test_a_policy_in_another_form_is_the_same(bucket: RunModule, s3: t.Any, name: str) -> None:
    bucket()
    statement = {"Sid": "x", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
    document = {"Statement": {**statement, "Resource": [f"arn:aws:s3:::{name}/*"]}}
    assert bucket(anonymous=document)["changed"]
    _open(s3, name)
    assert not bucket(anonymous=json.dumps(document))["changed"]


def test_object_lock_is_fixed_at_creation(bucket: RunModule) -> None:
    bucket(object_lock=True)
    assert not bucket(object_lock=True, versioning=True)["changed"]
    with pytest.raises(Exception, match=r"bucket test-\w+: object_lock is True and cannot become False"):
        bucket(object_lock=False)


def test_object_lock_cannot_be_added(bucket: RunModule) -> None:
    bucket(versioning=True)
    with pytest.raises(Exception, match="object_lock is False and cannot become True"):
        bucket(object_lock=True)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_full_bucket_is_only_removed_with_force(bucket: RunModule, s3: t.Any, name: str, check_mode: bool) -> None:
    bucket(versioning=True)
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    s3.delete_object(Bucket=name, Key="a")
    with pytest.raises(Exception, match="is not empty: it is only removed with force"):
        bucket(check_mode=check_mode, state="absent")
    assert len(_versions(s3, name)) == 2
    assert bucket(state="absent", force=True)["changed"]


@pytest.mark.parametrize("bad", ["Data", "a", "data_sets", "10.0.0.1", "minio", "-data"])
def test_a_name_that_s3_refuses(run_module: RunModule, bad: str) -> None:
    """There is no server at that address: the sentence comes before any request."""
    nowhere = {"endpoint": "http://127.0.0.1:1", "access_key": "nobody", "secret_key": "nothing-at-all"}
    with pytest.raises(Exception, match=f"bucket name {bad} is not possible"):
        run_module("minio_buckets", **nowhere, buckets=[{"name": bad}])


def test_a_list(run_module: RunModule, minio: t.Any, s3: t.Any) -> None:
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    buckets = [{"name": f"{prefix}-{number}", "versioning": True, "quota": "1GiB"} for number in range(12)]
    gone = [{"name": bucket["name"], "state": "absent"} for bucket in buckets]
    try:
        assert len(run_module("minio_buckets", **_connection(minio), buckets=buckets)["buckets"]) == 12
        assert not run_module("minio_buckets", **_connection(minio), buckets=buckets)["changed"]
        _suspend(s3, f"{prefix}-7")
        drift = run_module("minio_buckets", check_mode=True, **_connection(minio), buckets=buckets)
        assert list(drift["diff"]["after"]) == [f"{prefix}-7"]
        assert list(run_module("minio_buckets", **_connection(minio), buckets=buckets)["buckets"]) == [f"{prefix}-7"]
    finally:
        assert run_module("minio_buckets", **_connection(minio), buckets=gone)["changed"]
    assert not run_module("minio_buckets", **_connection(minio), buckets=gone)["changed"]


def test_the_client_refuses_to_write_in_check_mode(minio: t.Any) -> None:
    from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
    from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
    from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3

    connection = Connection(minio.endpoint, minio.access_key, minio.secret_key, "us-east-1", True, 1.0)
    with pytest.raises(AssertionError, match="BUG: CreateBucket in check mode"):
        S3(connection, read_only=True).call("create_bucket", Bucket="test-never-made")
    with pytest.raises(AssertionError, match="BUG: PUT import-iam-v2 in check mode"):
        Admin(connection, read_only=True).call("PUT", "import-iam-v2")

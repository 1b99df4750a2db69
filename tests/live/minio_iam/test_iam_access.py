"""What a grant really allows: tried with the key that has it."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError
from identities_of_a_test import SECRET, Iam, refusal
from s3 import remove_bucket


def test_access_allows_what_it_says_and_nothing_else(iam: Iam) -> None:
    admin = iam.s3(iam.minio.access_key, iam.minio.secret_key)
    mine, other = f"mine-{uuid.uuid4().hex[:8]}", f"other-{uuid.uuid4().hex[:8]}"
    for bucket in (mine, other):
        admin.create_bucket(Bucket=bucket)
        for key in ("churn/a", "churn2/a", "top"):
            admin.put_object(Bucket=bucket, Key=key, Body=b"x")
    outer = [{"bucket": mine, "mode": "read-write", "delete": True}, {"bucket": other, "mode": "read-write"}]
    state = iam.declared(access=[{"bucket": mine, "prefix": "churn", "mode": "read-write"}])
    state["policies"][0]["access"] = outer
    try:
        iam.apply(**state)
        key = iam.s3(iam.account, SECRET)
        assert key.get_object(Bucket=mine, Key="churn/a")["Body"].read() == b"x"
        key.put_object(Bucket=mine, Key="churn/b", Body=b"y")
        listed = key.list_objects_v2(Bucket=mine, Prefix="churn/")["Contents"]
        assert [each["Key"] for each in listed] == ["churn/a", "churn/b"]
        key.get_bucket_location(Bucket=mine)
        for denied in (
            lambda: key.get_object(Bucket=mine, Key="churn2/a"),
            lambda: key.get_object(Bucket=mine, Key="top"),
            lambda: key.put_object(Bucket=mine, Key="churn2/b", Body=b"y"),
            lambda: key.delete_object(Bucket=mine, Key="churn/a"),
            lambda: key.list_objects_v2(Bucket=mine),
            lambda: key.list_objects_v2(Bucket=mine, Prefix="churn2/"),
            lambda: key.get_object(Bucket=other, Key="churn/a"),
            lambda: key.list_objects_v2(Bucket=other),
            lambda: key.create_bucket(Bucket=f"{mine}-2"),
        ):
            with pytest.raises(ClientError) as error:
                denied()
            assert refusal(error.value) == "AccessDenied"
        iam.apply(**{**state, "service_accounts": iam.declared(access=outer[:1])["service_accounts"]})
        key.delete_object(Bucket=mine, Key="churn/a")
    finally:
        for bucket in (mine, other):
            remove_bucket(admin, bucket)

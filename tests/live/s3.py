"""Somebody else's S3 client for tests, and how its traces are removed."""

from __future__ import annotations

import typing as t

import boto3
from botocore.config import Config


def s3_client(endpoint: str, access_key: str, secret_key: str, *, region: str = "us-east-1", **config: t.Any) -> t.Any:
    """boto3's client there; what else is given are settings of botocore's Config."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(**{"s3": {"addressing_style": "path"}, **config}),
    )


def remove_versions(s3: t.Any, bucket: str, prefix: str) -> None:
    """Remove every version and delete marker of the keys that begin so."""
    # all pages before the first deletion: the next one begins behind the last version of this one
    for page in list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)):
        for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            version = {"Key": each["Key"], "VersionId": each["VersionId"]}
            s3.delete_object(Bucket=bucket, **version, BypassGovernanceRetention=True)


def remove_bucket(s3: t.Any, name: str) -> None:
    """Remove the bucket with all that is in it, if it is there."""
    try:
        remove_versions(s3, name, "")
        s3.delete_bucket(Bucket=name)
    except s3.exceptions.NoSuchBucket:
        pass

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What is really stored under a key."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3

CHUNK = 1 << 20


def objects(s3: S3, bucket: str, *, key: str | None, prefix: str | None) -> list[dict[str, t.Any]]:
    """Size and SHA-256 of one object (an empty list where it does not exist), or of all with a prefix."""
    keys = [key] if key is not None else _keys(s3, bucket, prefix or "")
    return [found for each in keys if (found := _object(s3, bucket, each)) is not None]


def _keys(s3: S3, bucket: str, prefix: str) -> list[str]:
    found: list[str] = []
    following: dict[str, str] = {}
    while True:
        page = s3.call("list_objects_v2", Bucket=bucket, Prefix=prefix, **following) or {}
        found += [each["Key"] for each in page.get("Contents", ())]
        if not page.get("IsTruncated"):
            return sorted(found)
        following = {"ContinuationToken": page["NextContinuationToken"]}


def _object(s3: S3, bucket: str, key: str) -> dict[str, t.Any] | None:
    told = s3.call("get_object", missing=("NoSuchKey",), Bucket=bucket, Key=key)
    if told is None:
        return None
    digest = hashlib.sha256()
    for chunk in told["Body"].iter_chunks(CHUNK):
        digest.update(chunk)
    return {"key": key, "size": told["ContentLength"], "sha256": digest.hexdigest()}

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What somebody without any key may do in a bucket."""

from __future__ import annotations

import fnmatch
import json
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy

NONE, DOWNLOAD, UNMANAGED = "none", "download", "unmanaged"

ARGUMENT: dict[str, t.Any] = {"type": "raw", "default": NONE}


def declared(access: t.Any, bucket: str, where: str) -> str | policy.Document | None:
    if access in (NONE, DOWNLOAD, UNMANAGED):
        return None if access == UNMANAGED else t.cast(str, access)
    document = policy.parsed(
        access, f"{where}: anonymous must be none, download or a policy document", bucket_policy=True
    )
    for statement in document["Statement"]:
        for resource in statement.get("Resource", ()):
            if not fnmatch.fnmatchcase(bucket, resource.removeprefix(policy.ARN).partition("/")[0]):
                raise InvalidInputError(f"{where}: anonymous: the resource {resource} is not in this bucket")
    return DOWNLOAD if document == download(bucket) else document


def found(document: Document, bucket: str) -> str | policy.Document:
    if not document:
        return NONE
    access = policy.canonical(document)
    return DOWNLOAD if access == download(bucket) else access


def request(access: str | policy.Document, bucket: str) -> tuple[str, dict[str, t.Any]]:
    if access == NONE:
        return "delete_bucket_policy", {}
    return "put_bucket_policy", {"Policy": json.dumps(download(bucket) if access == DOWNLOAD else access)}


def download(bucket: str) -> policy.Document:
    """What the product calls download: everybody may list the bucket and read its objects."""
    everybody = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
    itself = {**everybody, "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": [policy.ARN + bucket]}
    objects = {**everybody, "Action": ["s3:GetObject"], "Resource": [f"{policy.ARN}{bucket}/*"]}
    return policy.canonical({"Statement": [itself, objects]})

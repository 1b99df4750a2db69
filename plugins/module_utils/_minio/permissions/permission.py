# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Requests that tell whether their sender may do something, and that leave nothing behind.

The server authorizes each of them and then refuses it for another reason. Two obstacles stand before every write of an
object: MinIO's own header for trying a permission, which spares the quota and whoever listens to events, and one more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from ansible_collections.repro.stack.plugins.module_utils._minio.sealed import sealed

LIST, GET, PUT, DELETE = "list", "get", "put", "delete"
# What each of them needs, in the words of policies.
ACTIONS = {LIST: "s3:ListBucket", GET: "s3:GetObject", PUT: "s3:PutObject", DELETE: "s3:DeleteObject"}
SIGN_IN = "sign in"
OWN_SERVICE_ACCOUNT = "make a service account of its own"
SERVER = "the server"

ONLY_TRY = {"X-Minio-Source-Replication-Check": "true"}
ONLY_TRIED = "ReplicationPermissionCheck"


@dataclass(frozen=True)
class Request:
    """``authorized``: the server's words for a refusal that comes after its sender was found to be allowed this."""

    operation: str
    place: str
    method: str
    path: str
    authorized: tuple[str, ...] = ()
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def folder_requests(bucket: str, prefix: str) -> list[Request]:
    """One for each of ACTIONS, about an object directly in the folder that does not exist."""
    place, name = f"{bucket}/{prefix}", f"probe-{uuid.uuid4()}"
    listing = f"/{bucket}?list-type=2&max-keys=0&prefix={quote(prefix, safe='')}"
    key = f"/{bucket}/{quote(prefix, safe='/')}{name}"
    # No body: the gateway closes the connection of a request that is refused before its body was read.
    something = {"Content-MD5": _md5(b"something"), **ONLY_TRY}
    # No version: for that a service account needs one more action than a user.
    some_time = {"X-Minio-Source-Mtime": "some time", **ONLY_TRY}
    return [
        Request(LIST, place, "GET", listing),
        Request(GET, place, "GET", key, ("NoSuchKey",)),
        Request(PUT, place, "PUT", key, (ONLY_TRIED, "BadDigest"), something),
        Request(DELETE, place, "DELETE", key, (ONLY_TRIED, "InvalidArgument"), some_time),
    ]


def bucket_requests(bucket: str) -> list[Request]:
    """Ways to open a bucket to everybody or to lose what is in it, each with a body that is not whole."""

    def configure(action: str, query: str, refusal: str, body: bytes = b"") -> Request:
        headers = {"Content-MD5": _md5(body)}
        return Request(f"s3:{action}", bucket, "PUT", f"/{bucket}?{query}=", (refusal,), headers, body)

    return [
        configure("PutBucketPolicy", "policy", "MissingContentLength"),
        configure(
            "PutBucketVersioning",
            "versioning",
            "IllegalVersioningConfigurationException",
            b"<VersioningConfiguration/>",
        ),
        configure("PutLifecycleConfiguration", "lifecycle", "InvalidArgument", b"<LifecycleConfiguration/>"),
    ]


def server_requests() -> list[Request]:
    """Ways to become somebody else or to rule the server, about names that nobody has."""
    nobody = f"probe-{uuid.uuid4()}"

    def administer(action: str, method: str, call: str, *authorized: str) -> Request:
        return Request(f"admin:{action}", SERVER, method, f"/minio/admin/v3/{call}", authorized)

    return [
        administer("ExportIAM", "GET", "export-iam"),
        administer("ImportIAM", "PUT", "import-iam-v2", "InvalidRequest"),
        administer("CreatePolicy", "PUT", f"add-canned-policy?name={nobody}", "MissingContentLength"),
        administer(
            "AttachUserOrGroupPolicy",
            "PUT",
            f"set-user-or-group-policy?isGroup=false&policyName={nobody}&userOrGroup={nobody}",
            "XMinioAdminNoSuchUser",
        ),
        administer("EnableUser", "PUT", f"set-user-status?accessKey={nobody}&status=enabled", "XMinioAdminNoSuchUser"),
        administer("ConfigUpdate", "GET", "help-config-kv?key=&subSys=api"),
    ]


def own_service_account_request(secret_key: str) -> Request:
    """A service account of the sender with a policy that no server takes."""
    body = sealed(json.dumps({"policy": {"Statement": "none"}}).encode(), secret_key)
    path = "/minio/admin/v3/add-service-account"
    return Request(OWN_SERVICE_ACCOUNT, SERVER, "PUT", path, ("XMinioMalformedIAMPolicy",), {}, body)


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()

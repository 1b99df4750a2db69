# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. How objects are encrypted whose writer says nothing about it."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document, listed
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO

Encryption = dict[str, str]

NONE, SSE_S3, SSE_KMS = "none", "sse-s3", "sse-kms"
ALGORITHMS = {SSE_S3: "AES256", SSE_KMS: "aws:kms"}
MODES = {algorithm: mode for mode, algorithm in ALGORITHMS.items()}

ARGUMENTS: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "mode": {"type": "str", "choices": [NONE, SSE_S3, SSE_KMS], "default": NONE},
        "key": {"type": "str", "no_log": False},
    },
}


def declared(given: t.Mapping[str, t.Any] | None, flavour: str, where: str) -> Encryption | None:
    if given is None:
        return None
    mode, key = given.get("mode") or NONE, given.get("key") or ""
    if key and mode != SSE_KMS:
        raise InvalidInputError(f"{where}: an encryption key is named for the mode {SSE_KMS} only")
    if mode == SSE_KMS and not key and flavour == MINIO:
        raise InvalidInputError(f"{where}: the encryption mode {SSE_KMS} needs the name of a key")
    return _encryption(mode, key)


def found(document: Document) -> Encryption:
    for rule in listed(document.get("Rule")):
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        algorithm = default.get("SSEAlgorithm", "")
        return _encryption(MODES.get(algorithm, algorithm), default.get("KMSMasterKeyID") or "")
    return {"mode": NONE}


def request(encryption: Encryption) -> tuple[str, dict[str, t.Any]]:
    if encryption["mode"] == NONE:
        return "delete_bucket_encryption", {}
    default = {"SSEAlgorithm": ALGORITHMS[encryption["mode"]]}
    if "key" in encryption:
        default["KMSMasterKeyID"] = encryption["key"]
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    return "put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def refusal(code: str, wanted: Encryption) -> str | None:
    """What MinIO means when it refuses one with ``code``."""
    if code == "NotImplemented":
        return "default encryption needs key management (KMS), which the server lacks"
    if code in ("kms:KeyNotFound", "KMS.NotFoundException"):
        return f"the server's key management (KMS) has no key {wanted.get('key')}"
    return None


def _encryption(mode: str, key: str) -> Encryption:
    return {"mode": mode, "key": key} if key else {"mode": mode}

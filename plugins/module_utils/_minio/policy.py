# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Policy documents: one canonical form, so that equal meaning compares equal."""

from __future__ import annotations

import difflib
import fnmatch
import json
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

Document = dict[str, t.Any]

VERSION = "2012-10-17"
ARN = "arn:aws:s3:::"
LISTS = ("Action", "NotAction", "Resource", "NotResource")
PARTS = {"Sid", "Effect", "Principal", "Condition", *LISTS}
# What MinIO knows; an import takes any other word without complaint and then never matches it.
_ACTIONS = """
    AbortMultipartUpload BypassGovernanceRetention CreateBucket DeleteBucket DeleteBucketCors DeleteBucketPolicy
    DeleteObject DeleteObjectTagging DeleteObjectVersion DeleteObjectVersionTagging ForceDeleteBucket
    GetBucketCors GetBucketLocation GetBucketNotification GetBucketObjectLockConfiguration GetBucketPolicy
    GetBucketPolicyStatus GetBucketTagging GetBucketVersioning GetEncryptionConfiguration
    GetLifecycleConfiguration GetObject GetObjectAttributes GetObjectLegalHold GetObjectRetention
    GetObjectTagging GetObjectVersion GetObjectVersionAttributes GetObjectVersionForReplication
    GetObjectVersionTagging GetReplicationConfiguration HeadBucket ListAllMyBuckets ListBucket
    ListBucketMultipartUploads ListBucketVersions ListMultipartUploadParts ListenBucketNotification
    ListenNotification PutBucketCors PutBucketNotification PutBucketObjectLockConfiguration PutBucketPolicy
    PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration PutObject
    PutObjectFanOut PutObjectLegalHold PutObjectRetention PutObjectTagging PutObjectVersionTagging
    PutReplicationConfiguration ReplicateDelete ReplicateObject ReplicateTags ResetBucketReplicationState
    RestoreObject
"""
ACTIONS = _ACTIONS.split()


def canonical(document: t.Mapping[str, t.Any]) -> Document:
    """The same policy with sorted lists and statements, without what has no meaning (Id, Sid, order, duplicates)."""
    statements = {json.dumps(each, sort_keys=True): each for each in map(_statement, _list(document.get("Statement")))}
    return {
        "Version": document.get("Version") or VERSION,
        "Statement": [statements[key] for key in sorted(statements)],
    }


def parsed(document: t.Any, where: str) -> Document:
    """A declared document (mapping or JSON text), or a sentence that begins with ``where`` and says what is wrong."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError as error:
            raise InvalidInputError(f"{where}: the policy is not JSON: {error}") from error
    if not isinstance(document, dict) or not document.get("Statement"):
        raise InvalidInputError(f"{where}: a policy is a mapping with at least one Statement")
    if document.get("Version", VERSION) != VERSION:
        raise InvalidInputError(f"{where}: the policy's Version must be {VERSION}, not {document['Version']}")
    for number, statement in enumerate(_list(document["Statement"]), start=1):
        _check(statement, f"{where}: statement {number} of the policy")
    return canonical(document)


def grants_everything(document: t.Mapping[str, t.Any]) -> bool:
    """Whether this is an administrator's policy: every admin and every S3 action, and nothing denied."""
    statements = canonical(document)["Statement"]
    allowed = {action for each in statements if "Condition" not in each for action in each.get("Action", ())}
    denied = any(each.get("Effect") == "Deny" for each in statements)
    return {"admin:*", "s3:*"} <= allowed and not denied


def size(document: t.Mapping[str, t.Any]) -> int:
    """Its bytes as the server counts them."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode()) + 5 * sum(text.count(sign) for sign in "<>&")


def _statement(statement: t.Mapping[str, t.Any]) -> Document:
    made = {key: value for key, value in statement.items() if key != "Sid" and value not in ({}, [], None)}
    for key in LISTS:
        if key in made:
            made[key] = _set(made[key])
    if made.get("Principal") == "*":
        made["Principal"] = {"AWS": ["*"]}
    if "Principal" in made:
        made["Principal"] = {kind: _set(names) for kind, names in made["Principal"].items()}
    if "Condition" in made:
        made["Condition"] = {
            operator: {key: _set(map(_text, _list(values))) for key, values in keys.items()}
            for operator, keys in made["Condition"].items()
        }
    return made


def _check(statement: t.Any, where: str) -> None:
    if not isinstance(statement, dict):
        raise InvalidInputError(f"{where} is not a mapping")
    unknown = sorted(set(statement) - PARTS)
    if unknown:
        raise InvalidInputError(f"{where} has an unknown part {unknown[0]}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise InvalidInputError(f"{where} needs the Effect Allow or Deny, not {statement.get('Effect')}")
    if bool(statement.get("Action")) == bool(statement.get("NotAction")):
        raise InvalidInputError(f"{where} needs either Action or NotAction")
    actions = _list(statement.get("Action") or statement.get("NotAction"))
    for action in actions:
        _check_action(action, where)
    resources = _list(statement.get("Resource") or statement.get("NotResource"))
    if any(action == "*" or action.startswith("s3:") for action in actions) and not resources:
        raise InvalidInputError(f"{where} names no Resource")
    for resource in resources:
        if not str(resource).startswith((ARN, "arn:minio:kms:::", "*")):
            raise InvalidInputError(f"{where}: the resource {resource} does not start with {ARN}")


def _check_action(action: t.Any, where: str) -> None:
    service, _colon, name = str(action).partition(":")
    if service == "s3" and not fnmatch.filter(ACTIONS, name):
        near = difflib.get_close_matches(name, ACTIONS, n=1, cutoff=0)
        raise InvalidInputError(f"{where}: there is no action {action}; the nearest is s3:{near[0]}")
    if service not in ("s3", "admin", "kms", "sts", "*"):
        raise InvalidInputError(f"{where}: the action {action} does not start with s3:, admin:, kms: or sts:")


def _list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _set(values: t.Any) -> list[str]:
    return sorted(set(_list(values) if isinstance(values, (str, list)) else values))


def _text(value: t.Any) -> str:
    """MinIO gives conditions back with booleans and numbers as it likes."""
    return str(value).lower() if isinstance(value, bool) else str(value)

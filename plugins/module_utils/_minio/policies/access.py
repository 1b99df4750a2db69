# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What people mean by access (bucket, folder, mode), written as a policy document."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.names import check_bucket_name
from ansible_collections.repro.stack.plugins.module_utils._minio.policies.policy import (
    ARN,
    VERSION,
    Document,
    canonical,
)

MODES = ("list", "read", "write", "read-write")
READ = ("s3:GetObject",)
# The last two let a client finish or give up an upload in parts.
WRITE = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
DELETE = ("s3:DeleteObject",)

ARGUMENTS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "bucket": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "mode": {"type": "str", "choices": list(MODES), "required": True},
        "delete": {"type": "bool", "default": False},
    },
}


def document(access: t.Iterable[t.Mapping[str, t.Any]], where: str) -> Document:
    """The policy that grants exactly ``access``; grants of one kind share a statement, since size is limited."""
    granted: dict[str, set[str]] = {}
    listed: dict[str, set[str]] = {}
    for grant in access:
        bucket, prefix = grant["bucket"], folder(grant.get("prefix") or "", where)
        check_bucket_name(bucket)
        granted.setdefault("s3:GetBucketLocation", set()).add(ARN + bucket)
        for action in _actions(grant):
            granted.setdefault(action, set()).add(f"{ARN}{bucket}/{prefix}*")
        if grant["mode"] != "write":
            listed.setdefault(bucket, set()).add(prefix)
    statements: list[Document] = []
    for bucket, prefixes in listed.items():
        if "" in prefixes:
            granted.setdefault("s3:ListBucket", set()).add(ARN + bucket)
        else:
            inside = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
            statements.append({**_allow(["s3:ListBucket"], [ARN + bucket]), "Condition": inside})
    actions_on: dict[frozenset[str], list[str]] = {}
    for action, resources in granted.items():
        actions_on.setdefault(frozenset(resources), []).append(action)
    statements += [_allow(actions, resources) for resources, actions in actions_on.items()]
    return canonical({"Version": VERSION, "Statement": statements})


def granted(access: t.Iterable[t.Mapping[str, t.Any]], action: str, bucket: str, prefix: str) -> bool:
    """Whether ``document`` allows the action on what lies directly in ``prefix``. All prefixes are folders."""
    return any(
        grant["bucket"] == bucket
        and prefix.startswith(grant["prefix"])
        and (action in _actions(grant) or (action == "s3:ListBucket" and grant["mode"] != "write"))
        for grant in access
    )


def folder(prefix: str, where: str) -> str:
    """A prefix always ends with a slash: churn must not reach churn-secret."""
    if set("*?$") & set(prefix):
        raise InvalidInputError(f"{where}: the prefix {prefix} is a folder and may not contain *, ? or $")
    inside = prefix.strip("/")
    if inside and {"", ".", ".."} & set(inside.split("/")):
        raise InvalidInputError(f"{where}: the prefix {prefix} is no folder that MinIO could hold")
    return f"{inside}/" if inside else ""


def _actions(grant: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    mode = grant["mode"]
    return (
        (READ if mode in ("read", "read-write") else ())
        + (WRITE if mode in ("write", "read-write") else ())
        + (DELETE if grant.get("delete") else ())
    )


def _allow(actions: list[str], resources: t.Iterable[str]) -> Document:
    return {"Effect": "Allow", "Action": actions, "Resource": sorted(resources)}

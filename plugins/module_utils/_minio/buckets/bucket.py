# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. One bucket: S3 for everything but the quota, which only MinIO's admin API knows."""

from __future__ import annotations

import json
import typing as t
from functools import partial

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import (
    anonymous,
    encryption,
    lifecycle,
    notification,
    replication,
    retention,
    tags,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket_documents as documents
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO, PLAIN_S3
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import Store
from ansible_collections.repro.stack.plugins.module_utils._minio.names import bytes_of, check_bucket_name
from ansible_collections.repro.stack.plugins.module_utils._module import STATE
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

ARGUMENTS: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "versioning": {"type": "bool"},
    "object_lock": {"type": "bool"},
    "retention": retention.ARGUMENTS,
    "quota": {"type": "str"},
    "tags": {"type": "dict"},
    "keep_old_versions_days": {"type": "int"},
    "lifecycle": lifecycle.ARGUMENTS,
    "encryption": encryption.ARGUMENTS,
    "notification": notification.ARGUMENTS,
    "replication": replication.ARGUMENT,
    "anonymous": anonymous.ARGUMENT,
    "state": STATE,
    "force": {"type": "bool", "default": False},
}


def declared(options: t.Mapping[str, t.Any], flavour: str = MINIO) -> State | None:
    """The desired state that the options of one bucket ask for; None means absent."""
    name, where = options["name"], f"bucket {options['name']}"
    check_bucket_name(name)
    if options["state"] == "absent":
        return None
    locked, kept = options["object_lock"], retention.declared(options["retention"], where)
    if kept and kept["mode"] != retention.NONE:
        if locked is False:
            raise InvalidInputError(f"{where}: a retention needs object_lock")
        locked = True
    if locked and options["versioning"] is False:
        raise InvalidInputError(f"{where}: object_lock needs versioning")
    quota = options["quota"]
    if quota is not None and flavour == PLAIN_S3:
        raise InvalidInputError(f"{where}: a quota is MinIO's own, the flavour s3 has none")
    wanted = {
        "name": name,
        "tags": tags.declared(options["tags"], where),
        "versioning": options["versioning"],
        "object_lock": locked,
        "retention": kept,
        "quota": None if quota is None else bytes_of(quota, where),
        "lifecycle": lifecycle.declared(options["lifecycle"], options["keep_old_versions_days"], flavour, where),
        "encryption": encryption.declared(options["encryption"], flavour, where),
        "notification": notification.declared(options["notification"], flavour, where),
        "replication": replication.declared(options["replication"], flavour, where),
        "anonymous": anonymous.declared(options["anonymous"], name, where),
    }
    return {field: value for field, value in wanted.items() if value is not None}


class Field(t.NamedTuple):
    """The document that holds a field, how it is read from it, and the S3 operation that writes it."""

    file: str
    found: t.Callable[[documents.Document], t.Any]
    request: t.Callable[[t.Any], tuple[str, dict[str, t.Any]]] | None = None


def fields(name: str) -> dict[str, Field]:
    """The fields of the bucket ``name``, in the order in which they are written: who may enter comes first."""
    return {
        "manager": Field(documents.TAGGING, lambda document: tags.found(document).get(tags.MANAGER, "")),
        "tags": Field(documents.TAGGING, lambda document: tags.own(tags.found(document))),
        "anonymous": Field(
            documents.POLICY, partial(anonymous.found, bucket=name), partial(anonymous.request, bucket=name)
        ),
        "replication": Field(documents.REPLICATION_TARGETS, replication.found, replication.request),
        "versioning": Field(documents.VERSIONING, _versioning, _put_versioning),
        "object_lock": Field(documents.OBJECT_LOCK, lambda document: document.get("ObjectLockEnabled") == "Enabled"),
        "retention": Field(documents.OBJECT_LOCK, retention.found, retention.request),
        "quota": Field(documents.QUOTA, lambda document: document.get("size") or document.get("quota") or 0),
        "lifecycle": Field(documents.LIFECYCLE, lifecycle.found, lifecycle.request),
        "encryption": Field(documents.ENCRYPTION, encryption.found, encryption.request),
        "notification": Field(documents.NOTIFICATION, notification.found, notification.request),
    }


class Bucket(Resource):
    """Only the fields of ``desired`` are asked for and told; None is a bucket that shall not be."""

    immutable = ("object_lock",)

    def __init__(self, store: Store, name: str, desired: State | None, *, force: bool = False) -> None:
        self.label = f"bucket {name}"
        self._store = store
        self._name = name
        self._desired = desired
        self._force = force
        self._fields = {field: each for field, each in fields(name).items() if field in (desired or ())}
        self._tags: tags.Tags = {}
        self._written: State = {}

    def read(self) -> State | None:
        kept = self._store.documents.read(self._name, {field.file for field in self._fields.values()})
        if kept is None:
            return None
        if self._desired is None:
            if not self._force and not self.is_empty():
                raise StackError(f"{self.label} is not empty: it is only removed with force")
            return {"name": self._name}
        self._tags = tags.found(kept.get(documents.TAGGING, {}))
        found = {name: field.found(kept.get(field.file, {})) for name, field in self._fields.items()}
        manager = self._desired.get("manager")
        if manager and found["manager"] not in ("", manager):
            raise StackError(
                f"{self.label} is kept by {found['manager']}: it needs to lose its tag {tags.MANAGER} first"
            )
        if found.get("anonymous") == anonymous.NONE:
            self._prove_closed()
        for name, value in self._written.items():
            if found[name] != value:
                raise ServiceError(f"{self.label}: {name} was written, but the server keeps {found[name]!r}")
        return {"name": self._name, **found}

    def create(self, desired: State) -> None:
        options: dict[str, t.Any] = {"ObjectLockEnabledForBucket": True} if desired.get("object_lock") else {}
        if self._store.admin is None and self._store.s3.region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._store.s3.region}
        self._call("create_bucket", **options)
        self._write_tags(desired)
        made = self.read() or {}
        self.update({field: value for field, value in desired.items() if made.get(field) != value})
        self._written = {field: desired[field] for field in self._fields}

    def update(self, changes: State) -> None:
        self._write_tags(changes)
        if "quota" in changes:
            self._set_quota(changes["quota"])
        for name, field in self._fields.items():
            if name in changes and field.request:
                self._write(name, changes[name], *field.request(changes[name]))
        self._written = changes

    def delete(self) -> None:
        while versions := self._versions(1000):
            told = self._call("delete_objects", Delete={"Objects": versions, "Quiet": True}) or {}
            for refused in told.get("Errors", ()):
                raise StackError(f"{self.label} cannot be emptied: {refused['Key']}: {refused['Message']}")
        self._call("delete_bucket")

    def is_empty(self) -> bool:
        """Whether there is no object in it, nor an old version of one."""
        return not self._versions(1)

    def _call(self, operation: str, **arguments: t.Any) -> dict[str, t.Any] | None:
        return self._store.s3.call(operation, Bucket=self._name, **arguments)

    def _write(self, field: str, value: t.Any, operation: str, arguments: dict[str, t.Any]) -> None:
        try:
            self._call(operation, **arguments)
        except ServiceError as error:
            said = encryption.refusal(error.code, value) if field == "encryption" else None
            raise (StackError(f"{self.label}: {said}") if said else error) from error

    def _write_tags(self, changes: State) -> None:
        """The manager's is one of them, so neither is written without the other."""
        wanted = dict(self._tags)
        if "tags" in changes:
            wanted = {**tags.reserved(wanted), **changes["tags"]}
        if "manager" in changes:
            wanted[tags.MANAGER] = changes["manager"]
        if wanted != self._tags:
            operation, arguments = tags.request(wanted)
            self._call(operation, **arguments)

    def _set_quota(self, size: int) -> None:
        # "quota" is the older word of the same field
        body = json.dumps({"quota": size, "size": size, "quotatype": "hard"} if size else {}).encode()
        t.cast(Admin, self._store.admin).call("PUT", "set-bucket-quota", {"bucket": self._name}, body=body)

    def _prove_closed(self) -> None:
        status = self._store.s3.anonymous_status(f"{self._name}?max-keys=0")
        if status != 403:
            raise ServiceError(f"{self.label} has no policy, yet somebody without a key gets {status} instead of 403")

    def _versions(self, limit: int) -> list[dict[str, str]]:
        told = self._call("list_object_versions", MaxKeys=limit) or {}
        found = [*told.get("Versions", ()), *told.get("DeleteMarkers", ())]
        return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _versioning(document: documents.Document) -> bool | str:
    """MinIO can leave prefixes and folders out of it, which is said in words: nobody can declare that here."""
    prefixes = [each["Prefix"] for each in documents.listed(document.get("ExcludedPrefixes"))]
    if document.get("ExcludeFolders") == "true":
        prefixes.append("folders")
    if document.get("Status") == "Enabled" and prefixes:
        return f"enabled, except for {', '.join(prefixes)}"
    return document.get("Status") == "Enabled"


def _put_versioning(enabled: bool) -> tuple[str, dict[str, t.Any]]:
    status = {"Status": "Enabled" if enabled else "Suspended"}
    return "put_bucket_versioning", {"VersioningConfiguration": status}

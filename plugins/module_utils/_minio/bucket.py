# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. One bucket: S3 for everything but the quota, which only MinIO's admin API knows."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._minio import lifecycle, policy
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.names import bytes_of, check_bucket_name
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State

NONE, DOWNLOAD, UNMANAGED = "none", "download", "unmanaged"

FIELDS = ("name", "versioning", "object_lock", "quota", "tags", "lifecycle", "anonymous")
ARGUMENTS: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "versioning": {"type": "bool"},
    "object_lock": {"type": "bool"},
    "quota": {"type": "str"},
    "tags": {"type": "dict"},
    "keep_old_versions_days": {"type": "int"},
    "lifecycle": lifecycle.ARGUMENTS,
    "anonymous": {"type": "raw", "default": NONE},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force": {"type": "bool", "default": False},
}


def declared(options: t.Mapping[str, t.Any]) -> State | None:
    """The desired state that the options of one bucket ask for; None means absent."""
    name = options["name"]
    check_bucket_name(name)
    if options["state"] == "absent":
        return None
    where = f"bucket {name}"
    if options["object_lock"] and options["versioning"] is False:
        raise InvalidInputError(f"{where}: object_lock needs versioning")
    tags, quota = options["tags"], options["quota"]
    wanted = {
        "name": name,
        "versioning": options["versioning"],
        "object_lock": options["object_lock"],
        "quota": None if quota is None else bytes_of(quota, where),
        "tags": None if tags is None else {str(key): str(value) for key, value in tags.items()},
        "lifecycle": lifecycle.declared(options["lifecycle"], options["keep_old_versions_days"], where),
        "anonymous": _anonymous(options["anonymous"], name, where),
    }
    return {field: value for field, value in wanted.items() if value is not None}


class Bucket(Resource):
    """Only the declared ``fields`` are asked for and told."""

    immutable = ("object_lock",)

    def __init__(self, s3: S3, admin: Admin, name: str, fields: t.Collection[str] | None, *, force: bool) -> None:
        self.label = f"bucket {name}"
        self._s3 = s3
        self._admin = admin
        self._name = name
        self._fields = fields
        self._force = force

    def read(self) -> State | None:
        if self._call("head_bucket", missing=("404", "NoSuchBucket")) is None:
            return None
        if self._fields is None and not self._force and self._versions(1):
            raise StackError(f"{self.label} is not empty: it is only removed with force")
        readers: dict[str, t.Callable[[], t.Any]] = {
            "name": lambda: self._name,
            "versioning": lambda: self._told("get_bucket_versioning").get("Status") == "Enabled",
            "object_lock": self._object_lock,
            "quota": self._quota,
            "tags": self._tags,
            "lifecycle": self._lifecycle,
            "anonymous": self._anonymous_access,
        }
        return {field: readers[field]() for field in self._fields or ("name",)}

    def create(self, desired: State) -> None:
        self._call("create_bucket", ObjectLockEnabledForBucket=bool(desired.get("object_lock")))
        made = self.read() or {}
        self.update({field: value for field, value in desired.items() if made.get(field) != value})

    def update(self, changes: State) -> None:
        writers: dict[str, t.Callable[[t.Any], object]] = {
            "versioning": self._set_versioning,
            "quota": self._set_quota,
            "tags": self._set_tags,
            "lifecycle": self._set_lifecycle,
            "anonymous": self._set_anonymous_access,
        }
        for field, value in changes.items():
            writers[field](value)

    def delete(self) -> None:
        while versions := self._versions(1000):
            told = self._call("delete_objects", Delete={"Objects": versions, "Quiet": True}) or {}
            for refused in told.get("Errors", ()):
                raise StackError(f"{self.label} cannot be emptied: {refused['Key']}: {refused['Message']}")
        self._call("delete_bucket")

    def _call(self, operation: str, **arguments: t.Any) -> dict[str, t.Any] | None:
        return self._s3.call(operation, Bucket=self._name, **arguments)

    def _told(self, operation: str, *missing: str) -> dict[str, t.Any]:
        return self._call(operation, missing=missing) or {}

    def _object_lock(self) -> bool:
        told = self._told("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError")
        return told.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"

    def _set_versioning(self, enabled: bool) -> None:
        status = {"Status": "Enabled" if enabled else "Suspended"}
        self._call("put_bucket_versioning", VersioningConfiguration=status)

    def _quota(self) -> int:
        told = json.loads(self._admin.call("GET", "get-bucket-quota", {"bucket": self._name}))
        return int(told.get("size") or told.get("quota") or 0)

    def _set_quota(self, size: int) -> None:
        # "quota" is the older word of the same field
        body = json.dumps({"quota": size, "size": size, "quotatype": "hard"} if size else {}).encode()
        self._admin.call("PUT", "set-bucket-quota", {"bucket": self._name}, body=body)

    def _tags(self) -> dict[str, str]:
        told = self._told("get_bucket_tagging", "NoSuchTagSet")
        return {each["Key"]: each["Value"] for each in told.get("TagSet", ())}

    def _set_tags(self, tags: dict[str, str]) -> None:
        if not tags:
            self._call("delete_bucket_tagging")
            return
        self._call("put_bucket_tagging", Tagging={"TagSet": [{"Key": key, "Value": tags[key]} for key in tags]})

    def _lifecycle(self) -> list[lifecycle.Rule]:
        told = self._told("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")
        return lifecycle.from_s3(told.get("Rules", ()))

    def _set_lifecycle(self, rules: list[lifecycle.Rule]) -> None:
        if not rules:
            self._call("delete_bucket_lifecycle")
            return
        self._call("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": lifecycle.to_s3(rules)})

    def _anonymous_access(self) -> str | policy.Document:
        told = self._told("get_bucket_policy", "NoSuchBucketPolicy")
        if not told:
            self._prove_closed()
            return NONE
        found = policy.canonical(json.loads(told["Policy"]))
        return DOWNLOAD if found == _download(self._name) else found

    def _set_anonymous_access(self, access: str | policy.Document) -> None:
        if access == NONE:
            self._call("delete_bucket_policy")
            return
        document = _download(self._name) if access == DOWNLOAD else access
        self._call("put_bucket_policy", Policy=json.dumps(document))

    def _prove_closed(self) -> None:
        status = self._s3.anonymous_status(f"{self._name}?max-keys=0")
        if status != 403:
            raise ServiceError(f"{self.label} has no policy, yet somebody without a key gets {status} instead of 403")

    def _versions(self, limit: int) -> list[dict[str, str]]:
        told = self._call("list_object_versions", MaxKeys=limit) or {}
        found = [*told.get("Versions", ()), *told.get("DeleteMarkers", ())]
        return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _download(name: str) -> policy.Document:
    """What the product calls download: everybody may list the bucket and read its objects."""
    everybody = {"Effect": "Allow", "Principal": {"AWS": ["*"]}}
    bucket = {**everybody, "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": [policy.ARN + name]}
    objects = {**everybody, "Action": ["s3:GetObject"], "Resource": [f"{policy.ARN}{name}/*"]}
    return policy.canonical({"Statement": [bucket, objects]})


def _anonymous(access: t.Any, name: str, where: str) -> str | policy.Document | None:
    if access in (NONE, DOWNLOAD, UNMANAGED):
        return None if access == UNMANAGED else t.cast(str, access)
    document = policy.parsed(access, f"{where}: anonymous must be none, download or a policy document")
    return DOWNLOAD if document == _download(name) else document

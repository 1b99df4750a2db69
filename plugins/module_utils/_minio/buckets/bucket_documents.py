# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The documents that a store keeps about its buckets, read by MinIO's export or one by one."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.s3 import S3

Document = dict[str, t.Any]

# Named as in MinIO's export.
VERSIONING, OBJECT_LOCK, TAGGING = "versioning.xml", "object-lock.xml", "tagging.xml"
LIFECYCLE, ENCRYPTION, NOTIFICATION = "lifecycle.xml", "bucket-encryption.xml", "notification.xml"
POLICY, QUOTA = "policy.json", "quota.json"
REPLICATION_TARGETS = "bucket-targets.json"  # which is XML

# How S3 is asked for each, and what it says where there is none.
OPERATIONS = {
    VERSIONING: ("get_bucket_versioning", ""),
    OBJECT_LOCK: ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    TAGGING: ("get_bucket_tagging", "NoSuchTagSet"),
    LIFECYCLE: ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ENCRYPTION: ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    NOTIFICATION: ("get_bucket_notification_configuration", ""),
    POLICY: ("get_bucket_policy", "NoSuchBucketPolicy"),
}
WRONG_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch")


class Documents(t.Protocol):
    def every(self, file: str) -> dict[str, Document]:
        """One document of every bucket that there is, by the bucket's name."""

    def read(self, name: str, files: t.Collection[str]) -> dict[str, Document] | None:
        """At least those of ``files`` that the bucket has; None where there is no such bucket."""


class Exported:
    """By MinIO's admin API: one call for all buckets, or one for each that was written since."""

    def __init__(self, admin: Admin, *, ahead: bool) -> None:
        self._admin = admin
        self._ahead = self._export({}) if ahead else None
        self._told: set[str] = set()

    def every(self, file: str) -> dict[str, Document]:
        found = self._export({}) if self._ahead is None else self._ahead
        return {name: documents.get(file, {}) for name, documents in found.items()}

    def read(self, name: str, files: t.Collection[str]) -> dict[str, Document] | None:
        if self._ahead is not None and name not in self._told:
            self._told.add(name)
            return self._ahead.get(name)
        return self._export({"bucket": name}).get(name)

    def _export(self, query: dict[str, str]) -> dict[str, dict[str, Document]]:
        try:
            exported = self._admin.call("GET", "export-bucket-metadata", query)
        except ServiceError as error:
            if error.code == "NoSuchBucket":
                return {}
            if error.status < 400 or error.status >= 500 or error.code in WRONG_KEY:
                raise
            raise ServiceError(f"{error} (without MinIO's admin API buckets need the flavour s3)") from error
        found: dict[str, dict[str, Document]] = {}
        try:
            with zipfile.ZipFile(io.BytesIO(exported)) as archive:
                for path in archive.namelist():
                    name, _slash, file = path.partition("/")
                    kept = found.setdefault(name, {})
                    if file in (*OPERATIONS, QUOTA, REPLICATION_TARGETS):
                        kept[file] = parsed(file, archive.read(path))
        except (zipfile.BadZipFile, ValueError, ElementTree.ParseError) as error:
            raise ServiceError(f"The export of MinIO's buckets is not whole: {error}") from error
        return found


class Asked:
    """By S3 alone: a request for each document of each bucket."""

    def __init__(self, s3: S3) -> None:
        self._s3 = s3

    def every(self, file: str) -> dict[str, Document]:
        names = [each["Name"] for each in (self._s3.call("list_buckets") or {}).get("Buckets", ())]
        with ThreadPoolExecutor(max_workers=8) as pool:
            return dict(zip(names, pool.map(lambda name: self._document(name, file), names), strict=True))

    def read(self, name: str, files: t.Collection[str]) -> dict[str, Document] | None:
        if self._s3.call("get_bucket_location", missing=("NoSuchBucket",), Bucket=name) is None:
            return None
        return {file: self._document(name, file) for file in files}

    def _document(self, name: str, file: str) -> Document:
        operation, none = OPERATIONS[file]
        found = self._s3.document(operation, name, missing=(none, "NoSuchBucket"))
        return {} if found is None else parsed(file, found)


def parsed(file: str, content: bytes) -> Document:
    """A document as nested mappings: text at the leaves, a list for what repeats, nothing of XML's namespaces."""
    if file in (POLICY, QUOTA):
        return t.cast(Document, json.loads(content) or {})
    found = _tree(ElementTree.fromstring(content))  # noqa: S314 - from the store that we administer
    return found if isinstance(found, dict) else {}


def listed(value: t.Any) -> list[t.Any]:
    """What may occur any number of times; an empty element counts as nothing."""
    if isinstance(value, list):
        return value
    return [value] if value else []


def _tree(element: ElementTree.Element) -> t.Any:
    if not len(element):
        return element.text or ""
    found: Document = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        value = _tree(child)
        found[name] = [*listed(found[name]), value] if name in found else value
    return found

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Lifecycle rules: the user's words here, S3's words inside, one canonical form between."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document, listed
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO

Rule = dict[str, t.Any]

SHORT_FORM = "keep-old-versions"
EFFECTS = ("expire_days", "expire_delete_markers", "noncurrent_days", "noncurrent_versions", "abort_multipart_days")

ARGUMENTS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "id": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "tags": {"type": "dict"},
        "enabled": {"type": "bool", "default": True},
        "expire_days": {"type": "int"},
        "expire_delete_markers": {"type": "bool", "default": False},
        "noncurrent_days": {"type": "int"},
        "noncurrent_versions": {"type": "int"},
        "abort_multipart_days": {"type": "int"},
    },
}


def declared(
    rules: list[Rule] | None, keep_old_versions_days: int | None, flavour: str, where: str
) -> list[Rule] | None:
    """All rules of a bucket in their canonical form; None where nothing was said about them."""
    if rules is None and keep_old_versions_days is None:
        return None
    wanted = [_canonical(rule) for rule in rules or ()]
    if keep_old_versions_days:
        wanted.append(
            {
                "id": SHORT_FORM,
                "prefix": "",
                "enabled": True,
                "noncurrent_days": keep_old_versions_days,
                "expire_delete_markers": True,
            }
        )
    for rule in wanted:
        _check(rule, flavour, f"{where}: lifecycle rule {rule['id']}")
    if len({rule["id"] for rule in wanted}) < len(wanted):
        raise InvalidInputError(f"{where}: two lifecycle rules have the same id")
    return _sorted(wanted)


def found(document: Document) -> list[Rule]:
    """Rules as the store tells them; what has no word here stays visible under ``other``."""
    return _sorted([_found(dict(rule)) for rule in listed(document.get("Rule"))])


def request(rules: t.Iterable[Rule]) -> tuple[str, dict[str, t.Any]]:
    if not rules:
        return "delete_bucket_lifecycle", {}
    return "put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [_to_s3(rule) for rule in rules]}}


def _found(rule: Document) -> Rule:
    selected = dict(rule.pop("Filter", None) or {})
    selected.update(selected.pop("And", None) or {})
    expiration = dict(rule.pop("Expiration", None) or {})
    noncurrent = dict(rule.pop("NoncurrentVersionExpiration", None) or {})
    uploads = dict(rule.pop("AbortIncompleteMultipartUpload", None) or {})
    read = {
        "id": rule.pop("ID", ""),
        "prefix": selected.pop("Prefix", "") or rule.pop("Prefix", ""),
        "tags": {each["Key"]: each.get("Value", "") for each in listed(selected.pop("Tag", None))},
        "enabled": rule.pop("Status", None) == "Enabled",
        "expire_days": int(expiration.pop("Days", 0)),
        "expire_delete_markers": expiration.pop("ExpiredObjectDeleteMarker", None) == "true",
        "noncurrent_days": int(noncurrent.pop("NoncurrentDays", 0)),
        "noncurrent_versions": int(noncurrent.pop("NewerNoncurrentVersions", 0)),
        "abort_multipart_days": int(uploads.pop("DaysAfterInitiation", 0)),
    }
    rule.pop("Prefix", None)
    other = {**selected, **expiration, **noncurrent, **uploads, **rule}
    return _canonical({**read, "other": {key: str(value) for key, value in other.items()}})


def _to_s3(rule: Rule) -> dict[str, t.Any]:
    expiration = {"Days": rule.get("expire_days"), "ExpiredObjectDeleteMarker": rule.get("expire_delete_markers")}
    noncurrent = {
        "NoncurrentDays": rule.get("noncurrent_days"),
        "NewerNoncurrentVersions": rule.get("noncurrent_versions"),
    }
    parts = {
        "Expiration": _given(expiration),
        "NoncurrentVersionExpiration": _given(noncurrent),
        "AbortIncompleteMultipartUpload": _given({"DaysAfterInitiation": rule.get("abort_multipart_days")}),
    }
    return {
        "ID": rule["id"],
        "Status": "Enabled" if rule["enabled"] else "Disabled",
        "Filter": _selecting(rule["prefix"], rule.get("tags", {})),
        **_given(parts),
    }


def _selecting(prefix: str, tags: t.Mapping[str, str]) -> dict[str, t.Any]:
    """S3 wants one condition alone, and several in And."""
    conditions = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
    if not conditions:
        return {"Prefix": prefix}
    if prefix or len(conditions) > 1:
        return {"And": _given({"Prefix": prefix, "Tags": conditions})}
    return {"Tag": conditions[0]}


def _canonical(rule: t.Mapping[str, t.Any]) -> Rule:
    made = {key: value for key, value in rule.items() if value or key in ("id", "prefix", "enabled")}
    if "tags" in made:
        made["tags"] = {str(key): str(value) for key, value in made["tags"].items()}
    return made


def _check(rule: Rule, flavour: str, where: str) -> None:
    if not 1 <= len(rule["id"]) <= 255:
        raise InvalidInputError(f"{where}: an id has 1 to 255 characters")
    if not _given({effect: rule.get(effect) for effect in EFFECTS}):
        raise InvalidInputError(f"{where} does nothing: give one of {', '.join(EFFECTS)}")
    if any(isinstance(value, int) and value < 0 for value in rule.values()):
        raise InvalidInputError(f"{where}: a number below zero")
    if rule.get("expire_days") and rule.get("expire_delete_markers"):
        raise InvalidInputError(f"{where}: S3 refuses expire_days and expire_delete_markers in one rule; use two rules")
    if rule.get("abort_multipart_days") and flavour == MINIO:
        raise InvalidInputError(
            f"{where}: MinIO drops abort_multipart_days without a word; it removes uploads in parts that were given up "
            "by itself, after a day unless its variable MINIO_API_STALE_UPLOADS_EXPIRY says otherwise"
        )


def _given(fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in fields.items() if value}


def _sorted(rules: list[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: t.cast(str, rule["id"]))

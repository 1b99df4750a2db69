# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Lifecycle rules: the user's words here, S3's words inside, one canonical form between."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

Rule = dict[str, t.Any]

SHORT_FORM = "keep-old-versions"
EFFECTS = ("expire_days", "expire_delete_markers", "noncurrent_days", "noncurrent_versions")

ARGUMENTS: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "id": {"type": "str", "required": True},
        "prefix": {"type": "str", "default": ""},
        "enabled": {"type": "bool", "default": True},
        "expire_days": {"type": "int"},
        "expire_delete_markers": {"type": "bool", "default": False},
        "noncurrent_days": {"type": "int"},
        "noncurrent_versions": {"type": "int"},
    },
}


def declared(rules: list[Rule] | None, keep_old_versions_days: int | None, where: str) -> list[Rule] | None:
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
        _check(rule, f"{where}: lifecycle rule {rule['id']}")
    if len({rule["id"] for rule in wanted}) < len(wanted):
        raise InvalidInputError(f"{where}: two lifecycle rules have the same id")
    return _sorted(wanted)


def from_s3(rules: t.Iterable[t.Mapping[str, t.Any]]) -> list[Rule]:
    """Rules as the store tells them; what has no word here stays visible under ``other``."""
    return _sorted([_from_s3(dict(rule)) for rule in rules])


def to_s3(rules: t.Iterable[Rule]) -> list[dict[str, t.Any]]:
    return [_to_s3(rule) for rule in rules]


def _from_s3(rule: dict[str, t.Any]) -> Rule:
    where = dict(rule.pop("Filter", {}))
    expiration = dict(rule.pop("Expiration", {}))
    noncurrent = dict(rule.pop("NoncurrentVersionExpiration", {}))
    found = {
        "id": rule.pop("ID", ""),
        "prefix": where.pop("Prefix", "") or rule.pop("Prefix", "") or "",
        "enabled": rule.pop("Status", None) == "Enabled",
        "expire_days": expiration.pop("Days", None),
        "expire_delete_markers": expiration.pop("ExpiredObjectDeleteMarker", None),
        "noncurrent_days": noncurrent.pop("NoncurrentDays", None),
        "noncurrent_versions": noncurrent.pop("NewerNoncurrentVersions", None),
    }
    other = {**where, **expiration, **noncurrent, **rule}
    if other:
        found["other"] = {key: str(value) for key, value in other.items()}
    return _canonical(found)


def _to_s3(rule: Rule) -> dict[str, t.Any]:
    expiration = {"Days": rule.get("expire_days"), "ExpiredObjectDeleteMarker": rule.get("expire_delete_markers")}
    noncurrent = {
        "NoncurrentDays": rule.get("noncurrent_days"),
        "NewerNoncurrentVersions": rule.get("noncurrent_versions"),
    }
    parts = {"Expiration": _given(expiration), "NoncurrentVersionExpiration": _given(noncurrent)}
    return {
        "ID": rule["id"],
        "Status": "Enabled" if rule["enabled"] else "Disabled",
        "Filter": {"Prefix": rule["prefix"]},
        **_given(parts),
    }


def _canonical(rule: t.Mapping[str, t.Any]) -> Rule:
    return {key: value for key, value in rule.items() if value or key in ("id", "prefix", "enabled")}


def _check(rule: Rule, where: str) -> None:
    if not _given({effect: rule.get(effect) for effect in EFFECTS}):
        raise InvalidInputError(f"{where} does nothing: give one of {', '.join(EFFECTS)}")
    if any(isinstance(value, int) and value < 0 for value in rule.values()):
        raise InvalidInputError(f"{where}: a number below zero")
    if rule.get("expire_days") and rule.get("expire_delete_markers"):
        raise InvalidInputError(f"{where}: S3 refuses expire_days and expire_delete_markers in one rule; use two rules")


def _given(fields: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in fields.items() if value}


def _sorted(rules: list[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: t.cast(str, rule["id"]))

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. For how long a new object of a bucket with object lock is kept from deletion."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import Document

Retention = dict[str, t.Any]

NONE, GOVERNANCE, COMPLIANCE = "none", "governance", "compliance"
MOST = {"days": 36500, "years": 100}

ARGUMENTS: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "mode": {"type": "str", "choices": [NONE, GOVERNANCE, COMPLIANCE], "default": NONE},
        "days": {"type": "int"},
        "years": {"type": "int"},
    },
}


def declared(given: t.Mapping[str, t.Any] | None, where: str) -> Retention | None:
    if given is None:
        return None
    mode = given.get("mode") or NONE
    periods = {unit: given[unit] for unit in MOST if given.get(unit) is not None}
    if len(periods) != (mode != NONE):
        raise InvalidInputError(f"{where}: a retention has a mode (governance or compliance) and either days or years")
    for unit, number in periods.items():
        if not 1 <= number <= MOST[unit]:
            raise InvalidInputError(f"{where}: a retention of {number} {unit} is not possible, only 1 to {MOST[unit]}")
    return {"mode": mode, **periods}


def found(document: Document) -> Retention:
    rule = (document.get("Rule") or {}).get("DefaultRetention")
    if not rule:
        return {"mode": NONE}
    periods = {unit: int(rule.get(name) or 0) for name, unit in _NAMES.items()}
    return {"mode": rule["Mode"].lower(), **{unit: number for unit, number in periods.items() if number}}


def request(retention: Retention) -> tuple[str, dict[str, t.Any]]:
    configuration: dict[str, t.Any] = {"ObjectLockEnabled": "Enabled"}
    if retention["mode"] != NONE:
        period = {name: retention[unit] for name, unit in _NAMES.items() if unit in retention}
        configuration["Rule"] = {"DefaultRetention": {"Mode": retention["mode"].upper(), **period}}
    return "put_object_lock_configuration", {"ObjectLockConfiguration": configuration}


_NAMES = {"Days": "days", "Years": "years"}

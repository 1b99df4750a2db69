# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What projects must agree on with the rest of the inventory."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory import projects, secrets
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import unknown
from ansible_collections.repro.stack.plugins.module_utils._inventory.variables import Variables
from ansible_collections.repro.stack.plugins.module_utils._minio.names import bytes_of

BUCKETS = ("projects_datasets_bucket", "projects_dvc_bucket")


def problems(variables: Variables, reserved: t.Collection[str]) -> t.Iterator[str]:
    """``reserved`` are the names of identities that the stack makes itself."""
    yield from _expiry(variables)
    yield from _limits(variables)
    declared, teams = variables.items("projects"), variables.items("projects_teams")
    if variables.refused("projects") or variables.refused("projects_teams"):
        return
    found = list(projects.problems(declared, teams))
    yield from found
    if declared:
        yield from _folder(variables)
    if not found:
        keys = {key for project in declared for key in projects.holders(project, teams)}
        yield from _names(variables, keys, reserved)
        yield from _secrets(variables, keys)


def _expiry(variables: Variables) -> t.Iterator[str]:
    """A commit may refer to any object of a DVC remote; only what was overwritten or deleted may expire."""
    datasets, dvc = (variables.value(name) for name in BUCKETS)
    if dvc == datasets and variables.items("projects"):
        yield f"{' and '.join(BUCKETS)} are both {dvc}; each needs a bucket of its own"
    for bucket in variables.items("minio_buckets"):
        for rule in (bucket.get("lifecycle") or ()) if bucket["name"] == dvc else ():
            if rule.get("expire_days") and rule.get("enabled", True):
                yield (
                    f"minio_buckets: {dvc}: the lifecycle rule {rule.get('id')} removes data that commits refer to; "
                    "only old versions may expire (noncurrent_days)"
                )


def _folder(variables: Variables) -> t.Iterator[str]:
    """Ansible reads every file of an inventory that is not hidden, and shows what it does not understand."""
    inventory, folder = variables.declared.get("inventory_dir"), variables.value("projects_keys_directory")
    if inventory and folder and Path(folder).is_relative_to(inventory):
        parts = Path(folder).relative_to(inventory).parts
        if not any(part.startswith(".") for part in parts):
            yield (
                f"projects_keys_directory is {folder}, where Ansible would read the keys as hosts; "
                "inside the inventory a folder's name must begin with a dot"
            )


def _limits(variables: Variables) -> t.Iterator[str]:
    limits = {name: variables.value(name) for name in ("projects_usage_limit", "projects_free_disk")}
    limits |= {
        f"projects: {each['name']}: usage_limit": each.get("usage_limit") for each in variables.items("projects")
    }
    for name, limit in limits.items():
        try:
            bytes_of(limit or "0", "")
        except InvalidInputError:
            yield f"{name} is {limit}, which is not a size such as 500GiB"


def _names(variables: Variables, keys: t.Collection[str], reserved: t.Collection[str]) -> t.Iterator[str]:
    accounts = {account["name"] for account in variables.items("minio_service_accounts")}
    for name in sorted(keys):
        if name in reserved:
            yield f"projects: {name} is an identity of the stack itself; choose another name"
        elif name in accounts:
            yield f"projects: {name} is also one of minio_service_accounts; choose another name"


def _secrets(variables: Variables, keys: t.Collection[str]) -> t.Iterator[str]:
    given = variables.value("projects_keys") or {}
    for name, secret in given.items():
        if name not in keys:
            yield f"projects_keys: the key {name} {unknown(str(name), keys)}"
        else:
            yield from secrets.faults(f"projects_keys: the secret of {name}", secret)
    for name in variables.value("projects_reissue") or ():
        if name in given:
            yield f"projects_reissue: the secret of {name} stands in projects_keys; change it there"
        elif name not in keys:
            yield f"projects_reissue: the key {name} {unknown(name, keys)}"

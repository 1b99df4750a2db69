# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Which secrets the inventory owes, and whether they will do. Values never leave here."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory.names import owner_fault
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import (
    Option,
    is_slip,
    nearest,
)
from ansible_collections.repro.stack.plugins.module_utils._inventory.variables import Variables
from ansible_collections.repro.stack.plugins.module_utils._minio.names import check_user

VAULT = re.compile(r"\{\{\s*(vault_\w+)\s*\}\}")
VAULT_NAME = re.compile(r"\bvault_\w+")
# Secrets of identities that MinIO is given in a list; that of its root is none of them.
MINIO_KEY = re.compile(r".*_secret_key|(vault_)?minio_administrator_password")
MINIMUM = 12
# MinIO says so of service accounts; the same holds for all keys here.
MAXIMUM_OF_KEYS = 40
# Names that log in are secrets only because they come with one.
MINIMUM_OF_NAMES = 3
REMEDY = "`ansible-playbook playbooks/secrets.yml` makes it in a new inventory; else add it to the vault file"


def vault_name(service: str, name: str, kind: str) -> str:
    return f"vault_{service}_{name.replace('-', '_')}_{kind}"


def needed(variables: Variables, options: t.Mapping[str, Option]) -> list[str]:
    """The names of all secrets that ``options`` and the declared accounts and databases ask for."""
    names = [_source(variables, name, option) for name, option in options.items()]
    if "minio_service_accounts" in options:
        for account in variables.items("minio_service_accounts"):
            names.append(vault_name("minio", account["name"], "secret_key"))
    if "postgres_databases" in options:
        for database in variables.items("postgres_databases"):
            owner = database.get("owner") or database["name"]
            if not owner_fault(owner):
                names.append(vault_name("postgres", owner, "password"))
    return sorted({name for name in names if name})


def problems(variables: Variables, options: t.Mapping[str, Option]) -> t.Iterator[str]:
    names = needed(variables, options)
    missing = [name for name in names if name not in variables.declared]
    spare = [name for name in variables.declared if _is_vaults(name) and name not in names]
    for name in missing:
        # vault_minio_<a>_secret_key and vault_minio_<b>_secret_key are alike without being each other's misspelling
        typo = nearest(name, spare, likeness=0.9)
        yield f"{name} is missing; " + (f"{typo} looks like a misspelling of it" if typo else REMEDY)
    for name in sorted(_mentioned(options) - {*names, *variables.declared}):
        if typo := nearest(name, spare, likeness=0.9):
            yield f"{typo} is not known; did you mean {name}?"
    for name in names:
        if name not in missing:
            yield from _faults(variables, name)


def _is_vaults(name: str) -> bool:
    """Whether the name begins like a vault variable's, perhaps with a slip."""
    first, _underscore, rest = name.partition("_")
    return bool(rest) and is_slip(first, "vault")


def _mentioned(options: t.Mapping[str, Option]) -> set[str]:
    """Every vault variable that a default would use, also where it may be left out."""
    return {found for option in options.values() for found in VAULT_NAME.findall(str(option.get("default", "")))}


def _source(variables: Variables, name: str, option: Option) -> str | None:
    """The vault variable behind a role's variable, or itself where the inventory gives it another value."""
    if option.get("type") == "dict":
        return None  # secrets by the name of what they belong to: rules looks at each
    default = option.get("default")
    behind = VAULT.fullmatch(default) if isinstance(default, str) else None
    if not behind and not option.get("no_log"):
        return None
    if not variables.is_default(name):
        return name
    if behind:
        return behind.group(1)
    # A secret with an empty default may be left out.
    return name if option.get("required") else None


def _faults(variables: Variables, name: str) -> t.Iterator[str]:
    minimum = MINIMUM_OF_NAMES if name.endswith("_user") else MINIMUM
    maximum = MAXIMUM_OF_KEYS if name.endswith("_secret_key") else None
    value = variables.value(name)
    if not variables.refused(name):
        yield from faults(name, value, minimum, maximum, is_key=MINIO_KEY.fullmatch(name) is not None)


def faults(
    name: str,
    value: t.Any,
    minimum: int = MINIMUM,
    maximum: int | None = MAXIMUM_OF_KEYS,
    *,
    is_key: bool = True,
) -> t.Iterator[str]:
    """What is wrong with a secret; ``is_key`` says that MinIO is given it as the one of an identity."""
    if value is None:
        yield f"{name} is empty"
    elif not isinstance(value, str):
        yield f"{name} is not a text; put it in quotes"
    elif len(value) < minimum:
        yield f"{name} is too short: at least {minimum} characters are needed"
    elif maximum and len(value) > maximum:
        yield f"{name} is too long: MinIO takes {maximum} characters"
    elif not value.isprintable() or value != value.strip():
        yield f"{name} has a line break, a space at an end, or another character that a file of secrets cannot hold"
    elif is_key:
        try:
            check_user("any", value, name)
        except InvalidInputError as error:
            yield str(error)

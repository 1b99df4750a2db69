# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What several values of the inventory must agree on, and what a service would refuse."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._inventory import project_rules, service_rules
from ansible_collections.repro.stack.plugins.module_utils._inventory.names import (
    account_fault,
    bucket_fault,
    database_fault,
    dsn_database,
    dsn_user,
    is_host_name,
    is_loopback,
    owner_fault,
    role_fault,
)
from ansible_collections.repro.stack.plugins.module_utils._inventory.variables import Variables
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identity

# Identities that the role minio makes itself. Only the second can have service accounts.
ADMINISTRATOR = "administrator"
PARENT = "platform"
# The account that MLflow signs in as, and whoever administers a server that is run here.
MLFLOW = "mlflow"
SUPERUSER = "postgres"


def problems(variables: Variables) -> t.Iterator[str]:
    for rule in (
        _stack_name,
        _addresses,
        _buckets,
        _used_buckets,
        _mlflow_account,
        _service_accounts,
        _databases,
        _forge,
        _gitea,
    ):
        yield from rule(variables)
    yield from service_rules.problems(variables, idle=() if _gitea_is_on(variables) else ("gitea",))
    yield from project_rules.problems(variables, {ADMINISTRATOR, PARENT})


def _stack_name(variables: Variables) -> t.Iterator[str]:
    name = variables.value("stack_name")
    if name is not None and not is_host_name(name):
        yield f"stack_name is {name!r}, which cannot be the name of a host"


def _addresses(variables: Variables) -> t.Iterator[str]:
    address = variables.value("gateway_address")
    if address is not None and not is_loopback(address):
        yield (
            f"gateway_address is {address}, but only a loopback address such as 127.0.0.1 is accepted, "
            "because the gateway speaks no TLS and asks nobody who they are"
        )


def _buckets(variables: Variables) -> t.Iterator[str]:
    buckets = variables.items("minio_buckets")
    yield from _repeated("minio_buckets", buckets)
    for declared in buckets:
        name = declared["name"]
        if fault := bucket_fault(name):
            yield f"minio_buckets: S3 refuses the name {name!r}: {fault}"
            continue
        if declared.get("keep_old_versions_days") and declared.get("versioning") is False:
            yield f"minio_buckets: bucket {name}: keep_old_versions_days needs versioning"
        yield from _refused_by(bucket.declared, declared, "minio_buckets")


def _used_buckets(variables: Variables) -> t.Iterator[str]:
    """A service names its bucket in `<service>_bucket`."""
    buckets = _declared_buckets(variables)
    idle = () if variables.items("projects") else project_rules.BUCKETS
    for name in variables.options:
        used = variables.value(name) if name.endswith("_bucket") and name not in idle else None
        if used and buckets is not None and used not in buckets:
            yield f"{name} is {used}, which minio_buckets does not declare"


def _mlflow_account(variables: Variables) -> t.Iterator[str]:
    """MLflow reads and writes its bucket as an account of its own name. What a policy grants is not looked into."""
    accounts, bucket = variables.items("minio_service_accounts"), variables.value("mlflow_bucket")
    if not bucket or variables.refused("minio_service_accounts"):
        return
    found = [each for each in accounts if each["name"] == MLFLOW and each.get("state") != "absent"]
    if not found:
        needed = f"{{name: {MLFLOW}, parent: {PARENT}, access: [{{bucket: {bucket}, mode: read-write}}]}}"
        yield f"minio_service_accounts lacks {MLFLOW}, the account that MLflow signs in as; add {needed}"
    for account in found:
        if account.get("enabled") is False:
            yield f"minio_service_accounts: {MLFLOW} is not enabled, but MLflow signs in as it"
        modes = {
            each.get("mode")
            for each in account.get("access") or ()
            if each.get("bucket") == bucket and not (each.get("prefix") or "").strip("/")
        }
        may = "read-write" in modes or modes >= {"read", "write"}
        if account.get("access") and not may and bucket in (_declared_buckets(variables) or ()):
            yield (
                f"minio_service_accounts: {MLFLOW} may not read and write the whole of {bucket}, which is "
                f"mlflow_bucket; add {{bucket: {bucket}, mode: read-write}} to its access"
            )


def _declared_buckets(variables: Variables) -> set[str] | None:
    """None where the list itself is wrong, which is said elsewhere."""
    names = {each["name"] for each in variables.items("minio_buckets") if each.get("state") != "absent"}
    return None if variables.refused("minio_buckets") else names


def _service_accounts(variables: Variables) -> t.Iterator[str]:
    accounts = variables.items("minio_service_accounts")
    buckets = _declared_buckets(variables)
    yield from _repeated("minio_service_accounts", accounts)
    for account in accounts:
        name = account["name"]
        if name in (ADMINISTRATOR, PARENT):
            yield f"minio_service_accounts: {name} is an identity of the stack itself; choose another name"
        elif fault := account_fault(name):
            yield f"minio_service_accounts: {name!r} cannot be an access key: {fault}"
            continue
        if account.get("parent") != PARENT:
            parent = account.get("parent")
            yield f"minio_service_accounts: {name} has the unknown parent {parent}; there is only {PARENT}"
        if not account.get("access"):
            yield f"minio_service_accounts: {name} has no access; an account without any would be given its parent's"
        for access in account.get("access") or []:
            used = access.get("bucket")
            if buckets is not None and used not in buckets:
                yield f"minio_service_accounts: {name} is given {used}, which minio_buckets does not declare"
        yield from _refused_by(_declared_account, account, "minio_service_accounts")


def _declared_account(account: t.Mapping[str, t.Any]) -> None:
    identity.declared({identity.SERVICE_ACCOUNTS: [{**account, "secret": None}]})


def _refused_by(
    declare: t.Callable[[t.Mapping[str, t.Any]], t.Any], item: t.Mapping[str, t.Any], variable: str
) -> t.Iterator[str]:
    """What the module would say that is given the item, only sooner."""
    try:
        declare(item)
    except InvalidInputError as error:
        yield f"{variable}: {error}"


def _databases(variables: Variables) -> t.Iterator[str]:
    """A service names its database in `<service>_database`; `<x>_dsn` leads to a server by somebody else's."""
    databases = variables.items("postgres_databases")
    yield from _repeated("postgres_databases", databases)
    for database in databases:
        if fault := database_fault(database["name"]):
            yield f"postgres_databases: {database['name']!r} cannot be a database: {fault}"
        yield from _roles_of(database, {SUPERUSER, dsn_user(variables.value("postgres_existing_dsn") or "")})
    idle = () if _gitea_is_on(variables) else ("gitea_database",)
    taken: dict[str, str] = {}
    for name in sorted(variables.options, key=lambda name: (not name.endswith("_dsn"), name)):
        if not name.endswith(("_database", "_dsn")) or name in idle or not variables.value(name):
            continue
        used = variables.value(name)
        if name.endswith("_dsn"):
            try:
                used = dsn_database(used)
            except ValueError as fault:
                yield f"{name} {fault}"
                continue
        elif variables.value("postgres_databases") is not None and used not in {each["name"] for each in databases}:
            yield f"{name} is {used}, which postgres_databases does not declare"
        if used in taken:
            yield f"{name} and {taken[used]} lead to the same database {used}; each service needs its own"
        taken[used] = name


def _roles_of(database: t.Mapping[str, t.Any], administrators: t.Collection[str | None]) -> t.Iterator[str]:
    name, owner = database["name"], database.get("owner")
    where = f"postgres_databases: {name}"
    if (owner or name) in administrators and not (owner is None and database_fault(name)):
        yield f"{where}: {owner or name} administers the server: it cannot own the database {name}"
    elif owner is not None and (fault := owner_fault(owner)):
        yield f"{where}: {owner!r} cannot be its owner: {fault}"
    for role in database.get("connect") or ():
        if fault := role_fault(role):
            yield f"{where}: {role!r} cannot be a role that connects: {fault}"


def _forge(variables: Variables) -> t.Iterator[str]:
    forge = variables.value("cookiecutter_publish_forge")
    if not forge:
        return
    if not re.match(r"https?://[^@\s]+$", forge):
        yield (
            "cookiecutter_publish_forge must be the forge's web address, such as https://git.example.org, "
            "without credentials"
        )
    elif _gitea_is_on(variables) and forge == variables.value("gitea_endpoint"):
        return  # its administrator publishes
    elif variables.value("cookiecutter_publish_api") and not variables.value("cookiecutter_publish_token"):
        yield (
            f"cookiecutter_publish_forge is {forge}, which wants a token: "
            "add vault_cookiecutter_publish_token to the vault file"
        )


def _gitea_is_on(variables: Variables) -> bool:
    return not variables.is_default("gitea_image") and bool(variables.value("gitea_image"))


def _gitea(variables: Variables) -> t.Iterator[str]:
    for section, settings in (variables.value("gitea_settings") or {}).items():
        if not isinstance(settings, dict):
            yield f"gitea_settings: {section} is not a section with its settings; what has none belongs to DEFAULT"
    published = ("cookiecutter_publish_forge", "cookiecutter_publish_url")
    if _gitea_is_on(variables) and not any(variables.value(name) for name in published):
        yield "cookiecutter_publish_forge is empty, but the port of static repositories is Gitea's: leave it out"


def _repeated(variable: str, items: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """Names that occur twice, or that would share one secret because they differ only in a dash."""
    seen: dict[str, str] = {}
    for item in items:
        name = item["name"]
        plain = name.replace("-", "_") if variable != "minio_buckets" else name
        if plain not in seen:
            seen[plain] = name
        elif seen[plain] == name:
            yield f"{variable} names {name} twice"
        else:
            yield f"{variable}: {seen[plain]} and {name} would share one secret; make them differ in more"

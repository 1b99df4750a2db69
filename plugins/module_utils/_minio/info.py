# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What minio_info tells: who the caller is, and what is there, without secrets."""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio import usage
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket import Bucket, fields
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.bucket_documents import VERSIONING
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.flavour import MINIO
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets.store import open_store
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity_resources import KINDS, Identity
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy
from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

BUCKETS = "buckets"
DISK = "disk"
SUBSETS = (BUCKETS, *KINDS, DISK)
REFUSALS = {"InvalidAccessKeyId": "unknown", "SignatureDoesNotMatch": "wrong_secret"}


def info(
    connection: Connection, subsets: t.Collection[str], folders: t.Sequence[usage.Folder] = ()
) -> dict[str, t.Any]:
    """The caller, and what is asked for; a caller who may not see it is an error only if anything is asked for."""
    admin = Admin(connection, read_only=True)
    try:
        account = json.loads(admin.call("GET", "accountinfo"))
    except ServiceError as error:
        if error.code in REFUSALS and not subsets and not folders:
            return {"caller": REFUSALS[error.code]}
        raise
    found: dict[str, t.Any] = {"caller": _caller(account, connection.access_key)}
    if BUCKETS in subsets:
        found[BUCKETS] = _buckets(connection, account)
    if DISK in subsets:
        found[DISK] = usage.disk(admin)
    if folders:
        found["folders"] = usage.folders(connection, folders)
    if set(subsets) & set(KINDS):
        stored = Identities(admin)
        found.update({kind: _items(stored, KINDS[kind]) for kind in KINDS if kind in subsets})
    return found


def _caller(account: t.Mapping[str, t.Any], access_key: str) -> str:
    # A service account is told its parent's name and policy here, which says nothing about itself.
    own = account["AccountName"] == access_key
    return "administrator" if own and policy.grants_everything(account["Policy"]) else "valid"


def _buckets(connection: Connection, account: t.Mapping[str, t.Any]) -> list[State]:
    """Every bucket with all its fields; its size is that of the server's last scan, None before the first."""
    scanned = {each["name"]: each for each in account.get("Buckets") or ()}
    store = open_store(connection, MINIO, ahead=True, read_only=True)

    def read(name: str) -> State:
        seen = scanned.get(name, {})
        found = Bucket(store, name, dict.fromkeys(fields(name))).read() or {}
        return {**found, "size": seen.get("size"), "objects": seen.get("objects")}

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(read, sorted(store.documents.every(VERSIONING))))


def _items(stored: Identities, kind: type[Identity]) -> list[dict[str, t.Any]]:
    return [{"name": name, **(kind(name, stored, name).read() or {})} for name in sorted(stored.of(kind.file))]

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A policy, a user, a service account, each as a resource over the exported identities."""

from __future__ import annotations

import hmac
import secrets
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio import identities, policy
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import Entry, Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identity import POLICIES, SERVICE_ACCOUNTS, USERS
from ansible_collections.repro.stack.plugins.module_utils._minio.names import NEVER, moment
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)

INHERITED = "inherited from the parent"
# How the server writes "no expiry".
NO_EXPIRY = ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "", None)


class Identity(Resource):
    """Something with a name in the exported state; writes are collected there and leave together."""

    file = ""

    def __init__(self, label: str, stored: Identities, name: str, secret: str | None = None) -> None:
        self.label = label
        self._stored = stored
        self._name = name
        self._secret = secret  # the declared one; None where it is not ours to compare

    @property
    def _entry(self) -> Entry | None:
        return self._stored.of(self.file).get(self._name)

    def read(self) -> State | None:
        entry = self._entry
        return None if entry is None else self._state(entry)

    def _state(self, entry: Entry) -> State:
        raise NotImplementedError

    def _secret_word(self, entry: Entry) -> State:
        if self._secret is None:
            return {}
        same = hmac.compare_digest(entry["secretKey"].encode(), self._secret.encode())
        return {"secret": SECRET_AS_DECLARED if same else SECRET_DIFFERS}


class Policy(Identity):
    file = identities.POLICIES

    def _state(self, entry: Entry) -> State:
        return {"document": policy.canonical(entry)}

    def create(self, desired: State) -> None:
        self._stored.put(self.file, self._name, desired["document"])

    update = create

    def delete(self) -> None:
        self._stored.drop(self.file, self._name)
        self._stored.later("DELETE", "remove-canned-policy", "name", self._name)


class User(Identity):
    file = identities.USERS

    def _state(self, entry: Entry) -> State:
        attached = self._stored.of(identities.USER_POLICIES).get(self._name, {}).get("policy", "")
        return {
            **self._secret_word(entry),
            "enabled": entry["status"] == "enabled",
            "policies": sorted(filter(None, attached.split(","))),
        }

    def create(self, desired: State) -> None:
        self.update({"policies": [], **desired})

    def update(self, changes: State) -> None:
        entry = self._entry
        if changes.keys() & {"secret", "enabled"}:
            enabled = changes["enabled"] if "enabled" in changes else t.cast(Entry, entry)["status"] == "enabled"
            secret = t.cast(Entry, entry)["secretKey"] if self._secret is None else self._secret
            status = "enabled" if enabled else "disabled"
            self._stored.put(self.file, self._name, {"secretKey": secret, "status": status})
        if changes.get("policies") or (entry and "policies" in changes):
            attached = {"version": 1, "policy": ",".join(changes["policies"])}
            self._stored.put(identities.USER_POLICIES, self._name, attached)

    def delete(self) -> None:
        self._stored.drop(self.file, self._name)
        self._stored.drop(identities.USER_POLICIES, self._name)
        self._stored.later("DELETE", "remove-user", "accessKey", self._name)


class ServiceAccount(Identity):
    file = identities.SERVICE_ACCOUNTS
    immutable = ("parent",)

    def _state(self, entry: Entry) -> State:
        inline, expires = entry.get("sessionPolicy") or {}, entry.get("expiration")
        return {
            "parent": entry["parent"],
            **self._secret_word(entry),
            "policy": policy.canonical(inline) if inline.get("Statement") else INHERITED,
            "display_name": entry.get("name") or "",
            "description": entry.get("description") or "",
            "expires": NEVER if expires in NO_EXPIRY else moment(expires, self.label),
            "enabled": entry["status"] == "on",
        }

    def create(self, desired: State) -> None:
        self._write(desired)

    def update(self, changes: State) -> None:
        entry = t.cast(Entry, self._entry)
        if changes.keys() == {"enabled"}:
            self._stored.of(self.file)[self._name] = {**entry, "status": _status(changes["enabled"])}
            self._set_status(entry["sessionPolicy"], changes["enabled"])
        else:
            self._write({**self._state(entry), **changes})

    def delete(self) -> None:
        self._stored.drop(self.file, self._name)
        self._stored.later("DELETE", "delete-service-account", "accessKey", self._name)

    def _write(self, fields: State) -> None:
        """Import the whole account: the server removes it and makes it anew, so that nothing may be left out."""
        current = self._entry or {}
        entry = {
            "parent": fields["parent"],
            "accessKey": self._name,
            "secretKey": current["secretKey"] if self._secret is None else self._secret,
            "groups": current.get("groups"),
            "claims": {"accessKey": self._name, "parent": fields["parent"], "sa-policy": "embedded-policy"},
            "sessionPolicy": fields["policy"],
            "status": _status(fields["enabled"]),
            "name": fields.get("display_name", ""),
            "description": fields.get("description", ""),
        }
        if fields["expires"] != NEVER:
            entry["expiration"] = fields["expires"]
        if fields["enabled"]:
            self._stored.put(self.file, self._name, entry)
            return
        # An import enables every account: a disabled one gets its real secret only when it is disabled.
        passing = {**entry, "secretKey": secrets.token_urlsafe(24)}
        self._stored.put(self.file, self._name, entry, sent=passing)
        self._set_status(fields["policy"], False, newSecretKey=entry["secretKey"])

    def _set_status(self, inline_policy: policy.Document, enabled: bool, **more: str) -> None:
        # without the policy this call would drop it
        body = {"newStatus": _status(enabled), "newPolicy": inline_policy, **more}
        self._stored.later("POST", "update-service-account", "accessKey", self._name, body)


KINDS: dict[str, type[Identity]] = {POLICIES: Policy, USERS: User, SERVICE_ACCOUNTS: ServiceAccount}


def _status(enabled: bool) -> str:
    return "on" if enabled else "off"

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A policy, a user and a group, each as a resource over the exported identities."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.exported import Identity
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Call, Entry
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import (
    GROUPS,
    POLICIES,
    SERVICE_ACCOUNTS,
    USERS,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.service_account import ServiceAccount
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy
from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

ENABLED = "enabled"


class Policy(Identity):
    file = identities.POLICIES

    def _state(self, entry: Entry) -> State:
        return {"document": policy.canonical(entry)}

    def create(self, desired: State) -> None:
        self._stored.put(self.file, self._name, desired["document"])

    update = create

    def delete(self) -> None:
        self._stored.drop(self.file, self._name)
        self._stored.later(identities.REMOVE_POLICY, Call("DELETE", "remove-canned-policy", {"name": self._name}))


class User(Identity):
    file = identities.USERS

    def _state(self, entry: Entry) -> State:
        return {
            **self._secret_word(entry),
            "enabled": entry["status"] == ENABLED,
            "policies": self._attached(identities.USER_POLICIES),
            "groups": self._stored.groups_of(self._name),
        }

    def create(self, desired: State) -> None:
        self.update({"policies": [], **desired})

    def update(self, changes: State) -> None:
        entry = self._entry or {}
        if changes.keys() & {"secret", "enabled"}:
            enabled = changes.get("enabled", entry.get("status") == ENABLED)
            secret = entry["secretKey"] if self._secret is None else self._secret
            self._stored.put(self.file, self._name, {"secretKey": secret, "status": _status(enabled)})
        if "policies" in changes:
            self._attach(identities.USER_POLICIES, changes["policies"])
        if "groups" in changes:
            there, wanted = set(self._stored.groups_of(self._name)), set(changes["groups"])
            for group in sorted(there ^ wanted):
                self._move(group, remove=group in there)

    def delete(self) -> None:
        for group in self._stored.groups_of(self._name):
            self._expect(group, remove=True)  # the server does it by itself
        self._stored.drop(self.file, self._name)
        self._stored.drop(identities.USER_POLICIES, self._name)
        self._stored.later(identities.REMOVE_USER, Call("DELETE", "remove-user", {"accessKey": self._name}))

    def _move(self, group: str, *, remove: bool) -> None:
        """A new user is imported before, and a group is what it is declared to be before somebody enters it."""
        self._expect(group, remove=remove)
        when = identities.CHANGE if remove else identities.JOIN
        self._stored.later(when, _membership(group, [self._name], remove=remove))

    def _expect(self, group: str, *, remove: bool) -> None:
        entry = self._stored.of(identities.GROUPS)[group]
        members = set(entry.get("members") or ()) - {self._name}
        kept = sorted(members if remove else {*members, self._name})
        self._stored.expect(identities.GROUPS, group, {**entry, "members": kept})


class Group(Identity):
    """An import makes a group and adds members to it; only calls take members out and change the status."""

    file = identities.GROUPS

    def _state(self, entry: Entry) -> State:
        return {
            "members": sorted(entry.get("members") or ()),
            "policies": self._attached(identities.GROUP_POLICIES),
            "enabled": entry["status"] == ENABLED,
        }

    def create(self, desired: State) -> None:
        self.update({"members": [], "policies": [], **desired})

    def update(self, changes: State) -> None:
        if changes.keys() & {"members", "enabled"}:
            self._write(changes)
        if "policies" in changes:
            self._attach(identities.GROUP_POLICIES, changes["policies"])

    def delete(self) -> None:
        members = t.cast(Entry, self._entry).get("members") or []
        self._stored.drop(self.file, self._name)
        self._stored.drop(identities.GROUP_POLICIES, self._name)
        # the server removes only an empty group, and takes "no members" for "the group"
        emptied = [_membership(self._name, members, remove=True)] if members else []
        self._stored.later(identities.REMOVE_GROUP, *emptied, _membership(self._name, [], remove=True))

    def _write(self, changes: State) -> None:
        """The import makes every new group enabled: a disabled one gets its members only when it is disabled."""
        entry = self._entry or {"status": ENABLED}
        before = set(entry.get("members") or ())
        members = set(changes.get("members", before))
        status = _status(changes["enabled"]) if "enabled" in changes else entry["status"]
        wanted = {"version": 1, "status": status, "members": sorted(members)}
        added, removed, calls = sorted(members - before), sorted(before - members), []
        if removed:
            calls.append(_membership(self._name, removed, remove=True))
        if status != entry["status"]:
            calls.append(Call("PUT", "set-group-status", {"group": self._name, "status": status}))
        if added and status != ENABLED:
            calls.append(_membership(self._name, added, remove=False))
        if self._entry is None or (added and status == ENABLED):
            at_once = added if status == ENABLED else []
            self._stored.put(self.file, self._name, wanted, sent={**wanted, "members": at_once})
        self._stored.expect(self.file, self._name, wanted)
        self._stored.later(identities.CHANGE, *calls)


KINDS: dict[str, type[Identity]] = {
    POLICIES: Policy,
    USERS: User,
    GROUPS: Group,
    SERVICE_ACCOUNTS: ServiceAccount,
}


def _membership(group: str, members: list[str], *, remove: bool) -> Call:
    return Call("PUT", "update-group-members", {}, {"group": group, "members": members, "isRemove": remove})


def _status(enabled: bool) -> str:
    return ENABLED if enabled else "disabled"

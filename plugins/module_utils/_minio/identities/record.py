# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Which identities are ours: a policy that nobody has names them, on the server itself.

It allows to read one object per identity, in a bucket that does not exist. A name enters before its identity is made
and leaves after it is removed, so that an interruption never leaves something of ours unnamed.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote, unquote

from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Call, Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import WORDS
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome

Names = dict[str, set[str]]

PREFIX = "repro.stack.managed."
RESOURCE = f"{policy.ARN}repro.stack.managed/"


def document(names: t.Mapping[str, t.Collection[str]]) -> policy.Document:
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [_resource(kind, name) for name in names[kind]]}
        for kind in WORDS
        if names[kind]
    ]
    return policy.canonical({"Version": policy.VERSION, "Statement": statements})


def names_in(recorded: t.Mapping[str, t.Any]) -> Names:
    """The names that a record holds, whatever else somebody wrote into it."""
    found: Names = {kind: set() for kind in WORDS}
    for statement in recorded.get("Statement") or ():
        for resource in statement.get("Resource") or ():
            kind, _slash, name = resource.removeprefix(RESOURCE).partition("/")
            if resource.startswith(RESOURCE) and kind in found:
                found[kind].add(unquote(name))
    return found


class Records:
    """What is recorded on the server as this manager's (where there is one), and as the others'."""

    def __init__(self, stored: Identities, manager: str | None) -> None:
        entries = stored.of(identities.POLICIES)
        self._stored = stored
        self._manager = manager
        self._name = f"{PREFIX}{manager}"
        self._others = {
            name.removeprefix(PREFIX): names_in(entry)
            for name, entry in entries.items()
            if name.startswith(PREFIX) and name != self._name
        }
        self.names = names_in({} if manager is None else entries.get(self._name, {}))

    def ours(self, kind: str, name: str) -> bool:
        return name in self.names[kind]

    def other_manager(self, kind: str, name: str) -> str | None:
        """Who else has it recorded."""
        return next((manager for manager, names in self._others.items() if name in names[kind]), None)

    def shown(self, outcome: Outcome, names: Names) -> Outcome:
        """The outcome with what enters and leaves the record."""
        if not self._differs(names):
            return outcome
        where = f"record of {self._manager}"
        leaving = {kind: sorted(self.names[kind] - names[kind]) for kind in WORDS}
        entering = {kind: sorted(names[kind] - self.names[kind]) for kind in WORDS}
        return Outcome(
            {**(outcome.before or {}), where: {kind: each for kind, each in leaving.items() if each}},
            {**(outcome.after or {}), where: {kind: each for kind, each in entering.items() if each}},
            changed=True,
        )

    def grow(self, names: Names) -> None:
        """Before anything is made: what enters."""
        self.write({kind: self.names[kind] | names[kind] for kind in WORDS})

    def write(self, names: Names) -> None:
        """At once, and not with what is collected: the record is never behind."""
        if not self._differs(names):
            return
        if any(names.values()):
            self._stored.import_now({identities.POLICIES: {self._name: document(names)}})
            self._stored.expect(identities.POLICIES, self._name, document(names))
        else:
            self._stored.call_now([Call("DELETE", "remove-canned-policy", {"name": self._name})])
            self._stored.drop(identities.POLICIES, self._name)

    def _differs(self, names: Names) -> bool:
        """Whether the record says something else than ``names``, or more than a record says."""
        if self._manager is None:
            return False
        entry = self._stored.of(identities.POLICIES).get(self._name)
        return any(names.values()) if entry is None else policy.canonical(entry) != document(names)


def _resource(kind: str, name: str) -> str:
    return f"{RESOURCE}{kind}/{quote(name, safe='')}"

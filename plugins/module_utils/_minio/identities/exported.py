# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What every resource over the exported identities shares."""

from __future__ import annotations

import hmac
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Entry, Identities
from ansible_collections.repro.stack.plugins.module_utils._reconcile import (
    SECRET_AS_DECLARED,
    SECRET_DIFFERS,
    Resource,
    State,
)


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

    def _attached(self, mappings: str) -> list[str]:
        return attached(self._stored, mappings, self._name)

    def _attach(self, mappings: str, policies: t.Sequence[str]) -> None:
        """Also for something new: the server keeps the attachments of a name that nobody has."""
        if self._attached(mappings) != policies:
            self._stored.put(mappings, self._name, {"version": 1, "policy": ",".join(policies)})


def attached(stored: Identities, mappings: str, name: str) -> list[str]:
    """The policies attached to a name."""
    return sorted(filter(None, stored.of(mappings).get(name, {}).get("policy", "").split(",")))

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. A service account as a resource over the exported identities."""

from __future__ import annotations

import re
import secrets
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identities
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.exported import Identity
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Call, Entry
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import INHERITED
from ansible_collections.repro.stack.plugins.module_utils._minio.names import NEVER, moment
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import policy
from ansible_collections.repro.stack.plugins.module_utils._reconcile import State

# How the server writes "no expiry", and how a call asks for it.
NO_EXPIRY = ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "", None)
CLEARED = "1970-01-01T00:00:00Z"
# The secret, known to nobody, of an account that was imported and not disabled yet, begins with it.
UNFINISHED = "unfinished."
LETTER = re.compile("[A-Za-z]")


class ServiceAccount(Identity):
    file = identities.SERVICE_ACCOUNTS

    def _state(self, entry: Entry) -> State:
        expires = entry.get("expiration")
        return {
            "parent": entry["parent"],
            **self._secret_word(entry),
            "policy": policy.canonical(entry["sessionPolicy"]) if has_policy(entry) else INHERITED,
            "display_name": entry.get("name") or "",
            "description": entry.get("description") or "",
            "expires": NEVER if expires in NO_EXPIRY else moment(expires, self.label),
            "enabled": entry["status"] == "on",
        }

    def create(self, desired: State) -> None:
        self._import({"policy": INHERITED, "display_name": "", "description": "", **desired})

    def update(self, changes: State) -> None:
        """A call changes the account. An import, which removes it and makes it anew, is for what no call can."""
        wanted = {**self._state(t.cast(Entry, self._entry)), **changes}
        if _a_call_can_make(changes):
            self._call(wanted, changes)
        else:
            self._import(wanted)

    def delete(self) -> None:
        self._stored.drop(self.file, self._name)
        call = Call("DELETE", "delete-service-account", {"accessKey": self._name})
        self._stored.later(identities.REMOVE_ACCOUNT, call)

    def _import(self, wanted: State) -> None:
        entry = self._made(wanted)
        if wanted["enabled"]:
            self._stored.put(self.file, self._name, entry)
            return
        # An import enables every account: a disabled one gets its real secret only when it is disabled.
        if self._secret is None:
            raise InvalidInputError(f"The {self.label} is disabled: give its secret, for it must be made anew for this")
        passing = {**entry, "secretKey": UNFINISHED + secrets.token_urlsafe(20)}
        self._stored.put(self.file, self._name, entry, sent=passing)
        self._update({**_inline(entry), "newStatus": "off", "newSecretKey": entry["secretKey"]})

    def _call(self, wanted: State, changes: State) -> None:
        entry = self._made(wanted)
        self._stored.expect(self.file, self._name, entry)
        body = {**_inline(entry), "newStatus": entry["status"]}
        if "secret" in changes:
            body["newSecretKey"] = entry["secretKey"]
        if "expires" in changes:
            body["newExpiration"] = entry.get("expiration", CLEARED)
        if "display_name" in changes:
            body["newName"] = entry["name"]
        if "description" in changes:
            body["newDescription"] = entry["description"]
        self._update(body)

    def _update(self, body: Entry) -> None:
        call = Call("POST", "update-service-account", {"accessKey": self._name}, body, encrypted=True)
        self._stored.later(identities.CHANGE, call)

    def _made(self, wanted: State) -> Entry:
        """The account as an export holds it, whole: an import takes what is left out for empty."""
        current = self._entry or {}
        inherits = wanted["policy"] == INHERITED
        entry = {
            "parent": wanted["parent"],
            "accessKey": self._name,
            "secretKey": current["secretKey"] if self._secret is None else self._secret,
            "groups": current.get("groups"),
            "claims": {
                "accessKey": self._name,
                "parent": wanted["parent"],
                "sa-policy": "inherited-policy" if inherits else "embedded-policy",
            },
            "status": "on" if wanted["enabled"] else "off",
            "name": wanted["display_name"],
            "description": wanted["description"],
        }
        if not inherits:
            entry["sessionPolicy"] = wanted["policy"]
        if wanted["expires"] != NEVER:
            entry["expiration"] = wanted["expires"]
        return entry


def has_policy(entry: Entry) -> bool:
    """Whether the account has a policy of its own; without, it may do what its parent may do."""
    return bool((entry.get("sessionPolicy") or {}).get("Statement"))


def is_whole(entry: Entry | None) -> bool:
    """Whether the account exists with a secret that somebody knows."""
    return entry is not None and not entry["secretKey"].startswith(UNFINISHED)


def _a_call_can_make(changes: State) -> bool:
    """It cannot clear a text, and takes only names that begin with a letter."""
    name, description = changes.get("display_name"), changes.get("description")
    return "parent" not in changes and description != "" and (name is None or LETTER.match(name) is not None)


def _inline(entry: Entry) -> Entry:
    """A call without the policy would drop it."""
    return {"newPolicy": entry["sessionPolicy"]} if "sessionPolicy" in entry else {}

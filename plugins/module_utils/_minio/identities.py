# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The whole identity state: one export, one import, and the calls an import cannot make."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin

Entry = dict[str, t.Any]

# The files of an export.
POLICIES, USERS, GROUPS, SERVICE_ACCOUNTS = "policies", "users", "groups", "svcaccts"
USER_POLICIES, GROUP_POLICIES = "user_mappings", "group_mappings"

# In this order nothing is removed that something else still needs.
CALLS = ("update-service-account", "delete-service-account", "remove-user", "remove-canned-policy")


class Identities:
    """What the server exported, with what is to be written: nothing leaves before ``send``."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._files: dict[str, dict[str, Entry]] = {}
        self._to_import: dict[str, dict[str, Entry]] = {}
        self._to_call: list[tuple[str, str, str, str, Entry | None]] = []
        self.load()

    @property
    def caller(self) -> str:
        """The access key of whoever reads and writes here."""
        return self._admin.access_key

    def load(self) -> None:
        exported = self._admin.call("GET", "export-iam")
        try:
            with zipfile.ZipFile(io.BytesIO(exported)) as archive:
                for name in archive.namelist():
                    self._files[name.rpartition("/")[2].removesuffix(".json")] = json.loads(archive.read(name)) or {}
        except (zipfile.BadZipFile, ValueError) as error:
            raise ServiceError(f"The export of MinIO's identities is not whole: {error}") from error

    def of(self, file: str) -> dict[str, Entry]:
        return self._files.get(file, {})

    def put(self, file: str, name: str, entry: Entry, *, sent: Entry | None = None) -> None:
        """Import ``entry``, or ``sent`` in its place where a later call completes it."""
        self._files.setdefault(file, {})[name] = entry
        self._to_import.setdefault(file, {})[name] = sent or entry

    def drop(self, file: str, name: str) -> None:
        self._files[file].pop(name, None)

    def later(self, method: str, call: str, key: str, name: str, body: Entry | None = None) -> None:
        """One of CALLS about ``name`` after the import; a body travels encrypted."""
        self._to_call.append((method, call, key, name, body))

    def send(self) -> None:
        """Write everything that was put, then make the calls; refuse an import of which a part failed."""
        if self._to_import:
            self._refuse_failed(json.loads(self._admin.call("PUT", "import-iam-v2", body=self._archive())))
        for method, call, key, name, body in sorted(self._to_call, key=lambda call: CALLS.index(call[1])):
            encrypted = self._admin.encrypted(body) if body else b""
            self._admin.call(method, call, {key: name}, body=encrypted)
        if self._to_import or self._to_call:
            self._to_import, self._to_call = {}, []
            self.load()

    def _archive(self) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, entries in self._to_import.items():
                archive.writestr(f"iam-assets/{file}.json", json.dumps(entries))
        return made.getvalue()

    def _refuse_failed(self, result: t.Mapping[str, t.Any]) -> None:
        failed = [each["name"] for entries in (result.get("failed") or {}).values() for each in entries or ()]
        skipped = [each for entries in (result.get("skipped") or {}).values() for each in entries or ()]
        if failed or skipped:
            raise ServiceError(f"MinIO did not import {', '.join(map(str, failed + skipped))} and does not say why")

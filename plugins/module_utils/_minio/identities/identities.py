# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The whole identity state: one export, one import, and the calls an import cannot make."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._module import library

Entry = dict[str, t.Any]


class ExportCutError(ServiceError):
    """The server gave up in the middle of an export."""

    def __init__(self, why: object) -> None:
        super().__init__(
            f"The export of MinIO's identities is not whole, as after a write that was cut off: {why}; "
            "MinIO reads them anew every ten minutes and when it is restarted"
        )


# The files of an export.
POLICIES, USERS, GROUPS, SERVICE_ACCOUNTS = "policies", "users", "groups", "svcaccts"
USER_POLICIES, GROUP_POLICIES = "user_mappings", "group_mappings"
FILES = (POLICIES, USERS, GROUPS, SERVICE_ACCOUNTS, USER_POLICIES, GROUP_POLICIES)

# When a call is made: in this order nobody enters a group that is not yet as declared, and nothing is removed that
# something else still needs.
CHANGE, JOIN, REMOVE_ACCOUNT, REMOVE_GROUP, REMOVE_USER, REMOVE_POLICY = range(6)
PARALLEL = 8


# What the server says of a user and of a service account that are not in its memory.
NOT_FOUND = ("XMinioAdminNoSuchUser", "XMinioInvalidIAMCredentials")


class Call(t.NamedTuple):
    """A request that an import cannot express; a body with secrets travels encrypted."""

    method: str
    name: str
    query: t.Mapping[str, str]
    body: Entry | None = None
    encrypted: bool = False

    @property
    def users(self) -> list[str]:
        """Whom it is about."""
        return [self.query["accessKey"]] if "accessKey" in self.query else (self.body or {}).get("members", [])


class Identities:
    """What the server exported, with what is to be written: nothing leaves before ``send``."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._files: dict[str, dict[str, Entry]] = {}
        self._groups_of: dict[str, set[str]] = {}
        self._to_import: dict[str, dict[str, Entry]] = {}
        self._to_call: dict[int, list[tuple[Call, ...]]] = {}
        self.load()

    @property
    def caller(self) -> str:
        """The access key of whoever reads and writes here."""
        return self._admin.access_key

    def load(self) -> None:
        try:
            self._read()
        except ExportCutError:  # also where somebody removes an account just then
            self._admin.hang_up()  # the server has closed that connection, and does not say so
            self._read()

    def _read(self) -> None:
        try:
            exported = self._admin.call("GET", "export-iam")
        except ServiceError as error:
            broken = library("requests").exceptions.ChunkedEncodingError
            if error.status == 404 or isinstance(error.__cause__, broken):
                raise ExportCutError("the server stopped in the middle") from error
            raise
        self._files = {}
        try:
            with zipfile.ZipFile(io.BytesIO(exported)) as archive:
                # A server that fails half-way ends its archive properly: what lacks a file must not pass for empty.
                for file in FILES:
                    text = io.TextIOWrapper(archive.open(f"iam-assets/{file}.json"), encoding="utf-8")
                    self._files[file] = json.load(text) or {}
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise ExportCutError(error) from error
        for entry in self._files[SERVICE_ACCOUNTS].values():
            entry.pop("claims", None)  # the policy again, twice
        self._groups_of = {}
        for name, entry in self._files[GROUPS].items():
            self._count_in(name, entry)

    def of(self, file: str) -> dict[str, Entry]:
        return self._files[file]

    def groups_of(self, user: str) -> list[str]:
        """The groups that a user is in, which only the groups' own entries tell."""
        return sorted(self._groups_of.get(user, ()))

    def exists(self, access_key: str) -> bool:
        """Whether the server has a key of that name, be it in no export, as root's is."""
        return self._admin.knows(access_key)

    def put(self, file: str, name: str, entry: Entry, *, sent: Entry | None = None) -> None:
        """Import ``entry``, or ``sent`` in its place where a later call completes it."""
        self.expect(file, name, entry)
        self._to_import.setdefault(file, {})[name] = sent or entry

    def expect(self, file: str, name: str, entry: Entry) -> None:
        """``entry`` is what calls will have made of it."""
        self.drop(file, name)
        self._files[file][name] = entry
        if file == GROUPS:
            self._count_in(name, entry)

    def drop(self, file: str, name: str) -> None:
        entry = self._files[file].pop(name, None)
        if file == GROUPS and entry is not None:
            for user in entry.get("members") or ():
                self._groups_of[user].discard(name)

    def _count_in(self, group: str, entry: Entry) -> None:
        for user in entry.get("members") or ():
            self._groups_of.setdefault(user, set()).add(group)

    def later(self, when: int, *calls: Call) -> None:
        """Calls about one identity, made after the import and one after the other."""
        if calls:
            self._to_call.setdefault(when, []).append(calls)

    def send(self) -> None:
        """Write everything that was put, then make the calls."""
        if self._to_import:
            self.import_now(self._to_import)
        for when in sorted(self._to_call):
            with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
                list(pool.map(self.call_now, self._to_call[when]))
        self._to_import, self._to_call = {}, {}

    def import_now(self, files: t.Mapping[str, t.Mapping[str, Entry]]) -> None:
        """Refuse an import of which a part failed, or whose answer does not tell."""
        answer = self._admin.call("PUT", "import-iam-v2", body=_archive(files))
        try:
            _refuse_failed(json.loads(answer))
        except ValueError as error:
            raise ServiceError("MinIO's answer to an import is not whole: run this again to complete it") from error

    def call_now(self, calls: t.Iterable[Call]) -> None:
        for call in calls:
            try:
                self._make(call)
            except ServiceError as error:
                if error.code not in NOT_FOUND:
                    raise
                # A removal that was cut off leaves a key on the server's disk, where it looks when somebody signs in.
                known = [key for key in call.users if self._admin.knows(key)]
                if known or call.method != "DELETE":
                    self._make(call)

    def _make(self, call: Call) -> None:
        body = b""
        if call.body is not None:
            body = self._admin.encrypted(call.body) if call.encrypted else json.dumps(call.body).encode()
        self._admin.call(call.method, call.name, call.query, body=body)


def _archive(files: t.Mapping[str, t.Mapping[str, Entry]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, entries in files.items():
            archive.writestr(f"iam-assets/{file}.json", json.dumps(entries))
    return made.getvalue()


def _refuse_failed(result: t.Mapping[str, t.Any]) -> None:
    failed = [each["name"] for entries in (result.get("failed") or {}).values() for each in entries or ()]
    skipped = [each for entries in (result.get("skipped") or {}).values() for each in entries or ()]
    if failed or skipped:
        raise ServiceError(f"MinIO did not import {', '.join(map(str, failed + skipped))} and does not say why")

"""The identities' engine over a store that is a dictionary: the record, purging, and an export that is not whole."""

from __future__ import annotations

import io
import json
import typing as t
import zipfile

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import iam, identities, identity, record
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import (
    Call,
    ExportCutError,
    Identities,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import WORDS
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.purge import Purge, purged
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.record import Records
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.refusals import refuse
from hypothesis import given
from hypothesis import strategies as st

Files = dict[str, t.Any]


def archive(files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        for file, entries in files.items():
            into.writestr(f"iam-assets/{file}.json", json.dumps(entries))
    return made.getvalue()


class Exporter:
    """Knows one export and who asks for it."""

    access_key = "caller"

    def __init__(self, content: bytes) -> None:
        self._content = content

    def hang_up(self) -> None:
        pass

    def call(self, method: str, name: str) -> bytes:
        assert (method, name) == ("GET", "export-iam")
        return self._content


def exported(**files: t.Any) -> Identities:
    whole = {file: {} for file in identities.FILES}
    return Identities(t.cast(t.Any, Exporter(archive({**whole, **files}))))


def user() -> dict[str, str]:
    return {"secretKey": "secret-of-a-user", "status": "enabled"}


def account(parent: str) -> dict[str, t.Any]:
    return {"parent": parent, "secretKey": "secret-of-an-account", "status": "on", "sessionPolicy": None}


def group(*members: str) -> dict[str, t.Any]:
    return {"status": "enabled", "members": list(members)}


def nothing() -> dict[str, dict[str, t.Any]]:
    return {kind: {} for kind in WORDS}


# The record -----------------------------------------------------------------------------------------------------------

NAMES = st.fixed_dictionaries({kind: st.sets(st.text(min_size=1, max_size=8), max_size=4) for kind in WORDS})


@given(NAMES)
def test_any_names_can_be_recorded(names: record.Names) -> None:
    text = json.dumps(record.document(names))
    assert record.names_in(json.loads(text)) == names
    assert not {"*", "?", "$"} & set(text.replace("s3:*", "")), "no name reaches another"


def test_a_record_holds_only_what_looks_like_one() -> None:
    resources = ["arn:aws:s3:::repro.stack.managed/users/alice", "arn:aws:s3:::repro.stack.managed/buckets/x", "*"]
    statements = [{"Effect": "Deny", "Resource": resources}, {"Effect": "Allow", "Action": ["admin:*"]}]
    assert record.names_in({"Statement": statements}) == {**{kind: set() for kind in WORDS}, "users": {"alice"}}
    assert record.names_in({"Statement": None}) == {kind: set() for kind in WORDS}


# An export that is not whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", identities.FILES)
def test_a_file_that_is_missing_is_not_an_empty_one(missing: str) -> None:
    """A server that gives up in the middle still ends the archive properly."""
    files = {file: {} for file in identities.FILES if file != missing}
    with pytest.raises(ExportCutError, match="export of MinIO's identities is not whole"):
        Identities(t.cast(t.Any, Exporter(archive(files))))


def test_an_export_that_is_cut_once_is_read_again() -> None:
    """Somebody may remove an account while it is exported."""

    class Cut(Exporter):
        answers: t.ClassVar[list[bytes]] = [b"PK", archive({file: {} for file in identities.FILES})]

        def call(self, method: str, name: str) -> bytes:
            return self.answers.pop(0)

    assert Identities(t.cast(t.Any, Cut(b""))).of("users") == {}


def test_null_is_empty() -> None:
    assert exported(users=None).of("users") == {}


def test_an_answer_to_an_import_that_is_not_whole() -> None:
    class Admin(Exporter):
        def call(self, method: str, name: str, query: t.Any = None, *, body: bytes = b"") -> bytes:
            return self._content if method == "GET" else b'{"added": {"users'

    stored = Identities(t.cast(t.Any, Admin(archive({file: {} for file in identities.FILES}))))
    stored.put("users", "alice", user())
    with pytest.raises(ServiceError, match="answer to an import is not whole: run this again"):
        stored.send()


class Forgetful(Exporter):
    """A server that says yes to every write and keeps nothing."""

    def call(self, method: str, name: str, query: t.Any = None, *, body: bytes = b"") -> bytes:
        return self._content if method == "GET" else b'{"added": {}, "failed": {}}'


@pytest.mark.parametrize(
    "declared",
    [
        {"users": {"alice": {"secret": "secret-of-alice", "policies": None, "groups": None, "enabled": True}}},
        {"users": {"u1": {"secret": None, "policies": ["p1"], "groups": None, "enabled": True}}},
        {"users": {"u1": {"secret": None, "policies": None, "groups": [], "enabled": True}}},
        {"users": {"u1": {"secret": None, "policies": None, "groups": ["g2"], "enabled": True}}},
        {"groups": {"g1": {"members": [], "policies": None, "enabled": True}}},
        {"groups": {"g1": None}},
        {"policies": {"p1": None}},
    ],
    ids=str,
)
def test_what_the_server_did_not_keep_is_an_error(declared: dict[str, t.Any]) -> None:
    files = {**{file: {} for file in identities.FILES}, **THERE}
    admin = t.cast(t.Any, Forgetful(archive(files)))
    with pytest.raises(ServiceError, match="was written, but MinIO did not keep it as it was written"):
        iam.apply_all(admin, lambda: ({**nothing(), **declared}, Purge()), update_secret="always", check_mode=False)
    with pytest.raises(ServiceError, match="was written, but MinIO did not keep it as it was written"):
        iam.apply_one(admin, {**nothing(), **declared}, check_mode=False)


@pytest.mark.parametrize(
    ("known", "calls"), [(True, ["remove-user", "knows", "remove-user"]), (False, ["remove-user", "knows"])]
)
def test_a_user_that_the_server_has_only_on_disk_is_removed(known: bool, calls: list[str]) -> None:
    """It looks there when somebody signs in, and not when it is told to remove the user."""

    made: list[str] = []

    class Absent(Exporter):
        def knows(self, access_key: str) -> bool:
            assert access_key == "alice"
            made.append("knows")
            return known

        def call(self, method: str, name: str, query: t.Any = None, *, body: bytes = b"") -> bytes:
            if method == "GET":
                return self._content
            made.append(name)
            if "knows" not in made:
                raise ServiceError("The specified user does not exist", status=404, code="XMinioAdminNoSuchUser")
            return b""

    admin = Absent(archive({**{file: {} for file in identities.FILES}, "users": {"alice": user()}}))
    stored = Identities(t.cast(t.Any, admin))
    stored.later(identities.REMOVE_USER, Call("DELETE", "remove-user", {"accessKey": "alice"}))
    stored.send()
    assert made == calls


# Purging --------------------------------------------------------------------------------------------------------------

KINDS = {"policies": "p", "users": "u", "groups": "g", "service_accounts": "a"}
THERE = {
    "policies": {"p1": {}, "p2": {}, "readonly": {}},
    "users": {"u1": user(), "u2": user()},
    "groups": {"g1": group("u1"), "g2": group()},
    "svcaccts": {"a1": account("u1"), "a2": account("u2")},
    "user_mappings": {"u2": {"policy": "p2"}},
}


def mine(**names: list[str]) -> dict[str, t.Any]:
    return {"repro.stack.managed.mine": record.document({kind: names.get(kind, []) for kind in WORDS})}


def purge(stored: Identities, declared: dict[str, t.Any], mode: str, kinds: t.Collection[str] = tuple(WORDS)) -> t.Any:
    records = Records(stored, "mine")
    made = purged(stored, records, {**nothing(), **declared}, Purge(mode, "mine", kinds))
    refuse(stored, made.declared, records)
    gone = {(kind, name) for kind, items in made.declared.items() for name, fields in items.items() if fields is None}
    return gone, made


@pytest.mark.parametrize(
    ("recorded", "gone", "kept"),
    [
        ({}, set(), {}),
        ({"users": ["u1"], "service_accounts": ["a1"]}, {("users", "u1"), ("service_accounts", "a1")}, {}),
        ({"users": ["u1"]}, set(), {"user u1": "MinIO would remove its service accounts a1"}),
        ({"policies": ["p1", "p2"]}, {("policies", "p1")}, {"policy p2": "it is attached to the user u2"}),
        (
            {"policies": ["p2"], "users": ["u2"], "service_accounts": ["a2"]},
            {("policies", "p2"), ("users", "u2"), ("service_accounts", "a2")},
            {},
        ),
        ({"policies": ["readonly"]}, set(), {"policy readonly": "it is built in"}),
        ({"groups": ["g1"], "users": ["nobody"]}, {("groups", "g1")}, {}),
    ],
)
def test_what_is_ours_and_not_declared_goes(recorded: t.Any, gone: set[t.Any], kept: dict[str, str]) -> None:
    stored = exported(**{**THERE, "policies": {**THERE["policies"], **mine(**recorded)}})
    assert purge(stored, {}, "none")[0] == set()
    found, made = purge(stored, {}, "managed")
    assert (found, made.kept) == (gone, kept)
    assert purge(stored, {}, "managed", kinds=())[0] == set()


def test_all_that_nobody_needs_goes() -> None:
    stored = exported(**{**THERE, "policies": {**THERE["policies"], **mine(), "repro.stack.managed.theirs": {}}})
    gone, made = purge(stored, {"users": {"u1": {"policies": ["p1"], "groups": None, "secret": None}}}, "all")
    assert {name for _kind, name in gone} == {"p2", "u2", "g1", "g2", "a1", "a2"}
    assert made.kept == {
        "policy p1": "it is attached to the user u1",
        "policy readonly": "it is built in",
        "policy repro.stack.managed.mine": "it records what is managed",
        "policy repro.stack.managed.theirs": "it records what is managed",
    }
    assert made.surprises == {"policy p1": "it is attached to the user u1"}


def test_the_record_holds_what_is_declared_and_what_is_still_there() -> None:
    recorded = mine(users=["u1", "u2", "nobody"], service_accounts=["a1", "a2"], policies=["p2"])
    stored = exported(**{**THERE, "policies": {**THERE["policies"], **recorded}})
    declared = {"users": {"new": {"secret": "x", "policies": None, "groups": None}}, "service_accounts": {"a1": None}}
    for mode, users, accounts, policies in (
        ("none", {"new", "u1", "u2"}, {"a2"}, {"p2"}),
        ("managed", {"new"}, set(), set()),
    ):
        made = purge(stored, declared, mode)[1].recorded
        assert (made["users"], made["service_accounts"], made["policies"]) == (users, accounts, policies)


def test_a_policy_of_a_user_that_nobody_is_can_go() -> None:
    """The server keeps attachments of names that nobody has."""
    stored = exported(policies={"p1": {}}, user_mappings={"nobody": {"policy": "p1"}})
    refuse(stored, {**nothing(), "policies": {"p1": None}}, Records(stored, None))


def test_a_policy_moves_from_one_to_another_in_one_run() -> None:
    stored = exported(**THERE)
    moved = {
        "policies": {"p2": None},
        "users": {"u2": {"policies": ["p1"], "groups": None, "secret": None}},
        "groups": {"g1": {"policies": ["p2"], "members": None, "enabled": True}},
    }
    with pytest.raises(InvalidInputError, match="policy p2 cannot be removed: it is attached to the group g1"):
        refuse(stored, {**nothing(), **moved}, Records(stored, None))
    moved["groups"]["g1"]["policies"] = []
    refuse(stored, {**nothing(), **moved}, Records(stored, None))


# Who is in which group ------------------------------------------------------------------------------------------------


def whole(kind: str, name: str, **fields: t.Any) -> dict[str, t.Any]:
    return {**dict.fromkeys(identity.arguments(kind)), "name": name, "state": "present", **fields}


@pytest.mark.parametrize(
    ("groups", "members", "said"),
    [
        (["g1"], [], "The user user1 names the group g1, whose members do not name it"),
        ([], ["user1"], "The group g1 names the member user1, whose groups do not name it"),
        (["g1"], ["user1"], None),
        ([], [], None),
        (None, ["user1"], None),
        (["g1"], None, None),
    ],
)
def test_a_group_and_a_user_say_the_same(groups: t.Any, members: t.Any, said: str | None) -> None:
    kinds = {"users": [whole("users", "user1", groups=groups)], "groups": [whole("groups", "g1", members=members)]}
    if said is None:
        assert identity.declared(kinds)["users"]["user1"]
    else:
        with pytest.raises(InvalidInputError, match=f"^{said}$"):
            identity.declared(kinds)


def test_a_group_that_a_user_is_to_be_in_stays_and_is_there() -> None:
    stored = exported(**{**THERE, "policies": mine(groups=["g2"])})
    wanted = {"users": {"u2": {"policies": None, "secret": None, "groups": ["g2"]}}}
    assert purge(stored, wanted, "managed", ["groups"])[1].kept == {"group g2": "the user u2 is declared to be in it"}
    with pytest.raises(InvalidInputError, match="group g2 cannot be removed: the user u2 is declared to be in it"):
        refuse(stored, {**nothing(), **wanted, "groups": {"g2": None}}, Records(stored, None))
    wanted["users"]["u2"]["groups"] = ["g3"]
    with pytest.raises(InvalidInputError, match="user u2 shall have the group g3, which does not exist"):
        refuse(stored, {**nothing(), **wanted}, Records(stored, None))


def test_groups_are_told_from_their_members() -> None:
    stored = exported(**THERE)
    assert (stored.groups_of("u1"), stored.groups_of("nobody")) == (["g1"], [])
    stored.expect("groups", "g2", group("u1", "u2"))
    assert (stored.groups_of("u1"), stored.groups_of("u2")) == (["g1", "g2"], ["g2"])
    stored.expect("groups", "g2", group("u2"))
    stored.drop("groups", "g1")
    stored.drop("groups", "g1")
    assert (stored.groups_of("u1"), stored.groups_of("u2")) == ([], ["g2"])
    stored.load()
    assert (stored.groups_of("u1"), stored.groups_of("u2")) == (["g1"], [])

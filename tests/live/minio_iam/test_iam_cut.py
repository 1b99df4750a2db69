"""A run that breaks off anywhere is completed by the next one, and meanwhile the record holds all that is ours."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import ExportCutError, Identities
from cutting_proxy import CuttingProxy
from identities_of_a_test import OTHER_SECRET, READ, SECRET, WRITE, Iam, in_days
from test_iam_purge import MINE, NOTHING, recorded, there


class Interrupted(BaseException):
    """Nothing may catch it, as nothing catches a power cut."""


def _interrupt(monkeypatch: pytest.MonkeyPatch, number: int, *, sent: bool) -> None:
    """Break off at a write: before it is sent, or before its answer is read."""
    real, writes = Admin.call, itertools.count()

    def call(self: Admin, method: str, name: str, *rest: t.Any, **more: t.Any) -> bytes:
        last = method != "GET" and next(writes) == number
        if last and not sent:
            raise Interrupted
        told = real(self, method, name, *rest, **more)
        if last:
            raise Interrupted
        return told

    monkeypatch.setattr(Admin, "call", call)


def _before(own: Iam) -> dict[str, t.Any]:
    state = own.declared(description="first")
    state["users"].append({"name": f"{own.user}-2", "secret": SECRET})
    state["groups"].append({"name": f"{own.group}-2", "members": [own.user]})
    return state


def _after(own: Iam) -> dict[str, t.Any]:
    """Each kind with something new, something changed and something gone, and each call that an import cannot make."""
    return {
        "policies": [{"name": own.policy, "access": READ}, {"name": f"{own.policy}-3", "access": READ}],
        "users": [
            {"name": own.user, "secret": OTHER_SECRET, "policies": [f"{own.policy}-3"]},
            {"name": f"{own.user}-3", "secret": SECRET},
        ],
        "groups": [
            {"name": own.group, "members": [f"{own.user}-3"], "policies": [own.policy], "enabled": False},
            {"name": f"{own.group}-3", "members": [f"{own.user}-3"], "policies": ["readonly"], "enabled": False},
        ],
        "service_accounts": [
            {"name": f"{own.account}3", "parent": own.user, "secret": SECRET, "access": WRITE, "enabled": False},
            {"name": f"{own.account}4", "parent": own.user, "secret": SECRET, "access": WRITE, "expires": in_days(9)},
        ],
    }


@pytest.mark.parametrize("sent", [False, True], ids=["before a write", "after a write"])
def test_the_next_run_completes_what_was_interrupted(own: Iam, monkeypatch: pytest.MonkeyPatch, sent: bool) -> None:
    for number in itertools.count():
        before, after = _before(own), _after(own)
        own.apply(**MINE, **before)
        with monkeypatch.context() as patched:
            _interrupt(patched, number, sent=sent)
            try:
                own.apply(**MINE, **after)
            except Interrupted:
                pass
            else:
                break
        assert there(own) <= recorded(own)
        assert own.apply(**MINE, **after)["changed"] or sent
        assert not own.apply(**MINE, **after)["changed"]
        assert {name for name in own.exported("svcaccts") if own.word in name} == {f"{own.account}3", f"{own.account}4"}
        assert own.answer(f"{own.account}4", SECRET) == "NoSuchBucket"
        assert own.answer(f"{own.account}3", SECRET) == "InvalidAccessKeyId"
        assert not own.apply(**MINE, **after)["changed"]
    assert number >= 12, "there is more than that to interrupt"


@pytest.mark.parametrize("sent", [False, True], ids=["before a write", "after a write"])
def test_what_an_interrupted_run_made_is_purged(own: Iam, monkeypatch: pytest.MonkeyPatch, sent: bool) -> None:
    for number in itertools.count():
        with monkeypatch.context() as patched:
            _interrupt(patched, number, sent=sent)
            try:
                own.apply(**MINE, **_after(own))
            except Interrupted:
                pass
            else:
                break
        own.apply(**MINE, **NOTHING)
        left = [name for file in ("policies", "users", "groups", "svcaccts") for name in own.exported(file)]
        assert not [name for name in left if own.word in name or name.startswith("repro.stack")]
    assert number >= 4


@pytest.mark.parametrize("sent", [False, True], ids=["before a write", "after a write"])
def test_a_secret_that_nobody_declares_survives(own: Iam, monkeypatch: pytest.MonkeyPatch, sent: bool) -> None:
    """Nor is the passing secret of an account that is being disabled ever taken for its own."""
    changes = [
        {"description": "other"},
        {"enabled": False},
        {"access": WRITE, "enabled": False},
        {"expires": in_days(5)},
    ]
    for change in changes:
        for number in (0, 1):
            own.apply(**own.declared())
            with monkeypatch.context() as patched:
                _interrupt(patched, number, sent=sent)
                with contextlib.suppress(Interrupted):
                    own.one("minio_svcacct", name=own.account, **change)
            own.one("minio_svcacct", name=own.account, **change)
            assert own.entry()["secretKey"] == SECRET
            own.apply(**own.gone())


@pytest.mark.parametrize("update_secret", ["always", "on_create"])
def test_a_disabled_account_gets_its_secret_in_the_end(
    own: Iam, monkeypatch: pytest.MonkeyPatch, update_secret: str
) -> None:
    state = own.declared(enabled=False)
    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        _interrupt(patched, 0, sent=True)
        own.apply(update_secret=update_secret, **state)
    assert own.entry()["status"] == "on" and own.entry()["secretKey"] != SECRET
    with pytest.raises(Exception, match="does not exist yet: give its secret"):
        own.apply(service_accounts=[{"name": own.account}])
    own.apply(update_secret=update_secret, **state)
    assert (own.entry()["status"], own.entry()["secretKey"]) == ("off", SECRET)


# Connections ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(own: Iam) -> t.Iterator[CuttingProxy]:
    made = CuttingProxy(own.minio.endpoint)
    yield made
    made.close()


def _many(own: Iam, **account: t.Any) -> dict[str, t.Any]:
    """Accounts of which the server can only clear a text by removing them and making them anew."""
    state = own.declared()
    accounts = [
        {"name": f"{own.word}{number:05}", "parent": own.user, "secret": SECRET, "access": READ, **account}
        for number in range(300)
    ]
    return {**state, "service_accounts": accounts}


def test_a_connection_cut_in_the_middle_of_an_import(own: Iam, proxy: CuttingProxy) -> None:
    """The server gives it up: an account may be lost, and one may be left on disk that the server does not see."""
    broken = 0
    for seconds in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        own.apply(**MINE, **_many(own, description="first"))
        state = _many(own, description="")
        with proxy.cutting("import-iam-v2", after=seconds):
            try:
                own.apply(endpoint=proxy.endpoint, **MINE, **state)
            except own.run_module.failed as error:
                assert "does not answer" in str(error) and "\n" not in str(error)
        try:
            Identities(own.admin())
        except ExportCutError:
            broken += 1
        own.apply(**MINE, **state)
        assert not own.apply(**MINE, **state)["changed"]
        accounts = own.exported("svcaccts")
        ours = [accounts[each["name"]] for each in state["service_accounts"]]
        assert {(each["secretKey"], each["description"]) for each in ours} == {(SECRET, "")}
        if broken == 2:
            break
    assert broken, "no cut came at the moment that this test is about"


def test_an_export_that_stays_broken_is_one_sentence(own: Iam, proxy: CuttingProxy) -> None:
    state = _many(own, description="")
    for seconds in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        own.apply(**_many(own, description="first"))
        with proxy.cutting("import-iam-v2", after=seconds), pytest.raises(own.run_module.failed):
            own.apply(endpoint=proxy.endpoint, **state)
        try:
            Identities(own.admin())
        except ExportCutError:
            break
    with pytest.raises(
        own.run_module.failed, match=r"The export of MinIO's identities is not whole.*every ten minutes"
    ):
        own.apply(users=[])
    own.apply(**state)
    assert not own.apply(**state)["changed"]


def test_an_answer_cut_in_the_middle(own: Iam, proxy: CuttingProxy) -> None:
    state = own.declared()
    for request in ("import-iam-v2", "export-iam"):
        with proxy.cutting(request), pytest.raises(own.run_module.failed, match=r"does not answer|is not whole"):
            own.apply(endpoint=proxy.endpoint, **state)
    assert not own.apply(**state)["changed"]


def test_what_is_left_on_disk_is_removed(own: Iam, proxy: CuttingProxy) -> None:
    """A user whose removal was cut off: the server exports it, and does not know it when it is told to remove it."""
    through = Iam(own.run_module, dataclasses.replace(own.minio, endpoint=proxy.endpoint))
    unknown = False
    for seconds in (0.01, 0.02, 0.03, 0.05, 0.1, 0.2):
        own.apply(**MINE, **_many(own))
        with proxy.cutting("remove-user", after=seconds), contextlib.suppress(ServiceError):
            through.call("DELETE", "remove-user", {"accessKey": own.user})
        try:
            own.call("GET", "user-info", {"accessKey": own.user})
        except ServiceError as error:
            assert error.status == 404
            unknown = True
        own.apply(**MINE, **NOTHING)
        assert not own.apply(**MINE, **NOTHING)["changed"]
        left = [*own.exported("users"), *own.exported("svcaccts"), *own.exported("groups")]
        assert not [name for name in left if own.word in name]
        if unknown:
            break
    assert unknown, "no cut came at the moment that this test is about"


@pytest.mark.parametrize("after", [None, 0.0, 0.002, 0.02])
@pytest.mark.parametrize(
    "call", ["delete-service-account", "update-group-members", "remove-user", "remove-canned-policy"]
)
def test_a_connection_cut_in_the_middle_of_a_removal(
    own: Iam, proxy: CuttingProxy, call: str, after: float | None
) -> None:
    state = own.declared()
    state["service_accounts"] += [{**state["service_accounts"][0], "name": f"{own.account}{n}"} for n in range(2)]
    own.apply(**MINE, **state)
    with proxy.cutting(call, after=after):
        try:
            own.apply(endpoint=proxy.endpoint, **MINE, **NOTHING)
        except own.run_module.failed as error:
            assert "\n" not in str(error)
        assert proxy.cuts
    own.apply(**MINE, **NOTHING)
    assert there(own) == recorded(own) == set()
    assert not own.apply(**MINE, **NOTHING)["changed"]

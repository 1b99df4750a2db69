"""minio_buckets against the real server: the list, whose buckets they are, and what purge removes."""

from __future__ import annotations

import typing as t
import uuid
from pathlib import Path

import pytest

RunModule = t.Callable[..., dict[str, t.Any]]

NOWHERE = {"endpoint": "http://127.0.0.1:1", "access_key": "nobody", "secret_key": "nothing-at-all", "wait": 1}


@pytest.fixture
def manager() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def test_a_list(buckets: RunModule, s3: t.Any) -> None:
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    items = [{"name": f"{prefix}-{number}", "versioning": True, "quota": "1GiB"} for number in range(12)]
    gone = [{"name": item["name"], "state": "absent"} for item in items]
    try:
        assert len(buckets(items)["buckets"]) == 12
        assert not buckets(items)["changed"]
        s3.put_bucket_versioning(Bucket=f"{prefix}-7", VersioningConfiguration={"Status": "Suspended"})
        assert list(buckets(items, check_mode=True)["diff"]["after"]) == [f"{prefix}-7"]
        assert list(buckets(items)["buckets"]) == [f"{prefix}-7"]
    finally:
        assert buckets(gone)["changed"]
    assert not buckets(gone)["changed"]


def test_a_mark_is_made_before_the_first_write_and_only_then(
    buckets: RunModule, s3: t.Any, names: list[str], tmp_path: Path
) -> None:
    mark, item = tmp_path / "mark", {"name": names[0]}
    with pytest.raises(Exception, match=r"Nothing was changed, because .* cannot be made"):
        buckets([item], mark_file=str(tmp_path / "nowhere" / "mark"))
    assert names[0] not in {each["Name"] for each in s3.list_buckets()["Buckets"]}
    buckets([item], check_mode=True, mark_file=str(mark))
    assert not mark.exists()
    for change in ({}, {"quota": "1GiB"}, {"tags": {"a": "b"}}, {"state": "absent"}):
        assert buckets([{**item, **change}], mark_file=str(mark))["changed"]
        assert mark.stat().st_mode & 0o777 == 0o600
        mark.unlink()
        assert not buckets([{**item, **change}], mark_file=str(mark))["changed"]
        assert not mark.exists()


def test_life_of_a_managed_list(
    buckets: RunModule, names: list[str], manager: str, steps: t.Callable[..., None]
) -> None:
    def run(check_mode: bool = False, items: t.Iterable[dict[str, t.Any]] = ()) -> dict[str, t.Any]:
        return buckets(list(items), check_mode=check_mode, manager=manager, purge="managed")

    one, two, three = ({"name": name, "versioning": True} for name in names)
    steps(run, [{"items": [one, two]}, {"items": [two, {**three, "tags": {"a": "b"}}]}, {"items": []}])


def test_adoption_is_seen_and_keeps_tags(buckets: RunModule, s3: t.Any, names: list[str], manager: str) -> None:
    s3.create_bucket(Bucket=names[0])
    s3.put_bucket_tagging(Bucket=names[0], Tagging={"TagSet": [{"Key": "team", "Value": "churn"}]})
    diff = buckets([{"name": names[0]}], manager=manager)["diff"]
    assert diff["before"] == {names[0]: {"name": names[0], "manager": "", "anonymous": "none"}}
    assert diff["after"] == {names[0]: {"name": names[0], "manager": manager, "anonymous": "none"}}
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=names[0])["TagSet"]}
    assert tags == {"team": "churn", "repro.stack/manager": manager}
    assert not buckets([{"name": names[0], "tags": {"team": "churn"}}], manager=manager)["changed"]
    s3.delete_bucket_tagging(Bucket=names[0])
    assert buckets([{"name": names[0]}], manager=manager)["changed"], "a mark that was lost is drift"


def test_a_bucket_of_another_manager_is_refused(buckets: RunModule, names: list[str], manager: str) -> None:
    buckets([{"name": names[0]}], manager=manager)
    for check_mode in (True, False):
        with pytest.raises(Exception, match=rf"bucket {names[0]} is kept by {manager}: it needs to lose its tag"):
            buckets([{"name": names[0]}], check_mode=check_mode, manager="another")
    assert not buckets([{"name": names[0]}], manager=manager)["changed"]


def test_purge_removes_only_what_bears_the_mark(buckets: RunModule, s3: t.Any, names: list[str], manager: str) -> None:
    foreign, ours, others = names
    s3.create_bucket(Bucket=foreign)
    buckets([{"name": ours}], manager=manager)
    buckets([{"name": others}], manager=f"{manager}-2")
    assert not buckets([], manager=manager)["changed"], "nothing is purged without being told"
    foretold = buckets([], check_mode=True, manager=manager, purge="managed")
    assert foretold["diff"] == {"before": {ours: {"name": ours}}, "after": {ours: None}}
    assert buckets([], manager=manager, purge="managed")["buckets"] == {ours: None}
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    assert {foreign, others} <= there and ours not in there


def test_purge_refuses_what_is_not_empty(buckets: RunModule, s3: t.Any, names: list[str], manager: str) -> None:
    empty, full, new = names
    buckets([{"name": empty}, {"name": full, "versioning": True}], manager=manager)
    s3.put_object(Bucket=full, Key="a", Body=b"1")
    s3.delete_object(Bucket=full, Key="a")
    for check_mode in (True, False):
        with pytest.raises(
            Exception, match=f"are to be purged and are not empty: {full}; declare them, empty them, or"
        ):
            buckets([{"name": new}], check_mode=check_mode, manager=manager, purge="managed")
    there = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    assert {empty, full} <= there and new not in there, "nothing was changed"
    forced = {"manager": manager, "purge": "managed", "force": True}
    assert set(buckets([{"name": new}], check_mode=True, **forced)["buckets"]) == {empty, full, new}
    assert set(buckets([{"name": new}], **forced)["buckets"]) == {empty, full, new}
    assert not buckets([{"name": new}], **forced)["changed"]


def test_what_is_declared_absent_is_not_purged_by_the_way(
    buckets: RunModule, s3: t.Any, names: list[str], manager: str
) -> None:
    """Purging with force is no force for what is named."""
    buckets([{"name": names[0]}], manager=manager)
    s3.put_object(Bucket=names[0], Key="a", Body=b"1")
    with pytest.raises(Exception, match=f"bucket {names[0]} is not empty: it is only removed with force"):
        buckets([{"name": names[0], "state": "absent"}], manager=manager, purge="managed", force=True)


def test_one_bucket_that_fails_does_not_stop_the_others(buckets: RunModule, s3: t.Any, names: list[str]) -> None:
    items: list[dict[str, t.Any]] = [{"name": names[0], "encryption": {"mode": "sse-s3"}}, {"name": names[1]}]
    with pytest.raises(Exception, match=f"bucket {names[0]}: default encryption needs key management"):
        buckets(items)
    assert s3.head_bucket(Bucket=names[1])
    assert buckets([{"name": name} for name in names])["buckets"].keys() == {names[2]}, "the next run completes it"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([{"name": "Data"}], "bucket name Data is not possible"),
        ([{"name": "a"}], "bucket name a is not possible"),
        ([{"name": "data_sets"}], "bucket name data_sets is not possible"),
        ([{"name": "10.0.0.1"}], "bucket name 10.0.0.1 is not possible"),
        ([{"name": "data"}, {"name": "data"}], "The bucket data is declared twice"),
        ([{"name": "data", "quota": "lots"}], "bucket data: the quota lots is not a size"),
        ([{"name": "data", "retention": {"mode": "governance"}}], "bucket data: a retention has a mode"),
        ([{"name": "data", "anonymous": "public"}], "bucket data: anonymous must be none, download or a policy"),
    ],
)
def test_bad_input_comes_before_any_request(run_module: RunModule, bad: list[dict[str, t.Any]], said: str) -> None:
    """There is no server at that address."""
    with pytest.raises(Exception, match=said):
        run_module("minio_buckets", **NOWHERE, buckets=bad)


def test_purge_of_managed_needs_a_manager(run_module: RunModule) -> None:
    with pytest.raises(Exception, match="purge is managed but all of the following are missing: manager"):
        run_module("minio_buckets", **NOWHERE, buckets=[], purge="managed")


@pytest.mark.parametrize("flavour", ["minio", "s3"])
@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"secret_key": "another-secret"}, "SignatureDoesNotMatch|secret key given for administrator is wrong"),
        ({"access_key": "nobody-here"}, "InvalidAccessKeyId|access key nobody-here is unknown"),
        (NOWHERE, "at http://127.0.0.1:1 does not answer"),
    ],
)
def test_who_cannot_come_in_is_told_so(
    run_module: RunModule, connection: dict[str, str], key: dict[str, t.Any], flavour: str, said: str
) -> None:
    with pytest.raises(Exception, match=said) as refused:
        run_module("minio_buckets", **{**connection, **key}, flavour=flavour, buckets=[{"name": "test-never-made"}])
    assert "flavour" not in str(refused.value) and "Traceback" not in str(refused.value)

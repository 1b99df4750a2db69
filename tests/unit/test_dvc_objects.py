"""What is computed about the objects of DVC remotes, without a real store and without a repository."""

from __future__ import annotations

import errno
import hashlib
import http.server
import itertools
import json
import os
import threading
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._dvc import inventory, progress
from ansible_collections.repro.stack.plugins.module_utils._dvc.clone import USUAL_SCOPES, Output, Reference
from ansible_collections.repro.stack.plugins.module_utils._dvc.needs import REMEMBERED, Directories, Needs, needs_of
from ansible_collections.repro.stack.plugins.module_utils._dvc.object_keys import (
    DIGITS,
    FOLDER,
    OLD_PARTS,
    PARTS,
    algorithm_of,
    digest_of,
    is_directory,
    is_object,
    key_of,
    md5_of,
)
from ansible_collections.repro.stack.plugins.module_utils._dvc.remote import Remote, find_remote
from ansible_collections.repro.stack.plugins.module_utils._dvc.replica import WHOLE, Replica
from ansible_collections.repro.stack.plugins.module_utils._dvc.sources import Cache, StoredCopy, checked
from ansible_collections.repro.stack.plugins.module_utils._dvc.store import Held, Store
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError, ServiceError, StackError
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile

QUIET = progress.Progress(None)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def key(content: bytes, ending: str = "") -> str:
    return key_of("md5", md5(content) + ending)


def listing(**files: bytes) -> bytes:
    """A directory as DVC writes it."""
    return json.dumps([{"md5": md5(content), "relpath": path} for path, content in files.items()]).encode()


class Contents(dict[str, bytes]):
    """A source, a list of whose looks is kept."""

    def __init__(self, *contents: bytes, **directories: bytes) -> None:
        super().__init__({key(each): each for each in contents})
        self.update({key(each, ".dir"): each for each in directories.values()})
        self.looks: list[str] = []

    def content(self, key: str) -> bytes | None:
        self.looks.append(key)
        return checked(key, self[key]) if key in self else None


# Keys


def test_where_an_object_lies():
    name = md5(b"x")
    assert key_of("md5", name) == f"files/md5/{name[:2]}/{name[2:]}"
    assert key_of("md5-dos2unix", name) == f"{name[:2]}/{name[2:]}"
    for algorithm, ending in itertools.product(("md5", "md5-dos2unix"), ("", ".dir")):
        there = key_of(algorithm, name + ending)
        assert (md5_of(there), digest_of(there), algorithm_of(there)) == (name + ending, name, algorithm)
        assert is_directory(there) is bool(ending) and is_object(there)


@pytest.mark.parametrize(
    "other",
    [
        "files/md5/",
        "files/md5/ab/cd",
        "runs/ab/" + "c" * 30,
        "AB/" + "c" * 30,
        "ab/" + "c" * 30 + ".txt",
        "x/ab/" + "c" * 30,
    ],
)
def test_what_is_no_object(other):
    assert not is_object(other)


def test_parts_are_all_there_is_once():
    for first, second in itertools.product(DIGITS, DIGITS):
        name = first + second + "0" * 30
        assert [part for part in PARTS if key_of("md5", name).startswith(part)] == [FOLDER + first]
        assert len([part for part in OLD_PARTS if key_of("md5-dos2unix", name).startswith(part)]) == 1
        assert not [part for part in OLD_PARTS if FOLDER.startswith(part)]


# Side by side


def test_side_by_side_keeps_order_and_takes_only_a_few_at_a_time():
    taken = []

    def items() -> t.Iterator[int]:
        for number in range(500):
            taken.append(number)
            yield number

    done = 0
    for item, found in progress.side_by_side(lambda number: number * 2, items(), 2):
        assert (item, found) == (done, done * 2)
        done += 1
        assert len(taken) - done <= 8 * 2
    assert done == 500


def test_side_by_side_stops_at_the_first_failure():
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise ValueError(number)

    with pytest.raises(ValueError, match="3"):
        list(progress.side_by_side(work, range(1000), 1))
    assert len(begun) < 100


def test_progress_is_one_line(tmp_path):
    file = tmp_path / "progress"
    told = progress.Progress(str(file))
    told.begin("listing")
    assert file.read_text() == "0 s, listing\n"
    told._told = 0.0  # as if a second had passed
    told.begin("verifying", 3)
    told._told = 0.0
    told.advance(1536)
    assert file.read_text() == "0 s, verifying, 1 of 3 (1.5 KiB)\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_progress_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StackError, match=f"^The progress file {tmp_path}/no/x cannot be written: No such file or dir"):
        progress.Progress(str(tmp_path / "no" / "x")).begin("listing")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1023, "1023 bytes"), (1 << 20, "1.0 MiB"), (3 << 50, "3072.0 TiB")]
)
def test_sizes_as_people_read_them(size, text):
    assert progress.as_text(size) == text


# How a remote is reached


def remote(config: dict[str, t.Any], **given: t.Any) -> Remote:
    """The remote dev of a repository that is configured like this."""
    config = {"url": "s3://dvc/churn/dev", "endpointurl": "https://127.0.0.1:9", **config}
    clone = types.SimpleNamespace(path="/work/churn", config={"core": {}, "remote": {"dev": config}}, remotes=["dev"])
    return find_remote(clone, "dev", given)


@pytest.fixture
def no_key_elsewhere(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))


KEY = {"access_key_id": "alice", "secret_access_key": "s3cr3t"}
TEMPORARY = "The remote dev of /work/churn is reached with a temporary key"


@pytest.mark.usefixtures("no_key_elsewhere")
def test_a_temporary_key_is_refused_wherever_it_is_from(monkeypatch, tmp_path):
    with pytest.raises(InvalidInputError, match=TEMPORARY):
        remote({**KEY, "session_token": "t0ken"})
    file = tmp_path / "key"
    lines = ["[default]", "aws_access_key_id = bob", "aws_secret_access_key = s", "aws_session_token = t0ken"]
    file.write_text("\n".join(lines))
    with pytest.raises(InvalidInputError, match=TEMPORARY):
        remote({}, credentials_file=str(file))
    file.write_text("\n".join(lines[:-1]))
    # a key that is named goes before the one that the token belongs to
    assert remote({"session_token": "t0ken"}, credentials_file=str(file)).connection.access_key == "bob"
    named = {"access_key": "carol", "secret_key": "s"}
    assert remote({**KEY, "session_token": "t0ken"}, **named).connection.access_key == "carol"
    assert remote(KEY).connection.access_key == "alice"
    for name, value in (("ACCESS_KEY_ID", "dave"), ("SECRET_ACCESS_KEY", "s"), ("SESSION_TOKEN", "t0ken")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(InvalidInputError, match=TEMPORARY):
        remote({})


def test_a_remote_without_a_bucket_is_named():
    with pytest.raises(
        InvalidInputError, match=r"^The remote dev of /work/churn is s3:///churn, which names no bucket$"
    ):
        remote({"url": "s3:///churn"})


@pytest.mark.usefixtures("no_key_elsewhere")
def test_a_file_with_authorities_that_is_missing_is_named(tmp_path):
    missing = str(tmp_path / "ca.pem")
    for given in ({"config": {"ssl_verify": missing}}, {"config": {}, "ca_path": missing}):
        config = {**KEY, **given.pop("config")}
        with pytest.raises(InvalidInputError, match=rf"^{missing} does not exist on .*certificate of https://127"):
            remote(config, **given)
    assert remote({**KEY, "endpointurl": "http://127.0.0.1:9"}, ca_path=missing).connection.verify == missing
    Path(missing).touch()
    assert remote(KEY, ca_path=missing).connection.verify == missing


def test_a_client_of_any_service_names_it_too(tmp_path):
    given = {"service": "Gitea", "read_only": True, "validate_certs": str(tmp_path / "ca.pem")}
    with pytest.raises(InvalidInputError, match=f"^{tmp_path}/ca.pem does not exist on "):
        JsonClient("https://127.0.0.1:9", **given)
    JsonClient("http://127.0.0.1:9", **given)


# A content that breaks off


@pytest.fixture
def breaking_off(tmp_path) -> t.Iterator[tuple[Store, list[str]]]:
    """A store that ends every object after half of it, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(IMAGES_1)))
            self.send_header("ETag", '"tag"')
            self.end_headers()
            self.wfile.write(IMAGES_1[: len(IMAGES_1) // 2] if self.path != "/" else IMAGES_1)
            self.close_connection = True

        def log_message(self, *_words: t.Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = Connection(f"http://127.0.0.1:{server.server_port}", "alice", "s", "us-east-1", True, 1.0)
        yield Store(Remote("dev", "dvc", "dev/", connection), read_only=True, jobs=1, progress=QUIET), asked
        server.shutdown()


def test_a_list_that_breaks_off_is_not_known(breaking_off):
    store, asked = breaking_off
    there = key(IMAGES_1, ".dir")
    assert store.content(there) is None and asked == [f"/dvc/dev/{there}"] * 2
    assert needs_of([V1], Directories([StoredCopy(store)])).unknown == {there: "images"}
    [(broken, said)] = store.verify({there: Held(len(IMAGES_1), True)}).items()
    assert broken == there and said.startswith("unreadable (")
    assert Directories([StoredCopy(store), EVERYTHING]).members(there) is not None


# What refs need

IMAGES_1 = listing(a=b"image a", b=b"image b")
IMAGES_2 = listing(a=b"image a", c=b"image c")
V1 = Reference(("v1", "main"), "1" * 40, (Output("images", key(IMAGES_1, ".dir")), Output("raw", key(b"raw 1"))))
V2 = Reference((), "2" * 40, (Output("images", key(IMAGES_2, ".dir")), Output("raw", key(b"raw 1"))), ("model",))
EVERYTHING = Contents(b"image a", b"image b", b"image c", b"raw 1", one=IMAGES_1, two=IMAGES_2)


def held(contents: t.Mapping[str, bytes]) -> dict[str, Held]:
    return {key: Held(len(content), md5(content) == digest_of(key)) for key, content in contents.items()}


def test_needs_of_refs():
    needs = needs_of([V1, V2], Directories([EVERYTHING]))
    assert needs.objects.keys() == EVERYTHING.keys() and needs.unknown == {}
    assert needs.objects[key(b"image c")] == "images/c"


def test_a_list_is_read_from_the_first_source_that_has_it_whole():
    damaged = Contents()
    damaged[key(IMAGES_1, ".dir")] = b"[]"
    directories = Directories([Contents(), damaged, EVERYTHING])
    assert directories.members(key(IMAGES_1, ".dir")) == (("a", key(b"image a")), ("b", key(b"image b")))
    assert Directories([damaged]).members(key(IMAGES_1, ".dir")) is None


@pytest.mark.parametrize("broken", [b"", b"[]", b"{}"])
def test_a_list_that_is_stored_wrong_is_not_known(broken):
    store = types.SimpleNamespace(
        remote=types.SimpleNamespace(name="dev", address="s3://dvc"), content=lambda _key: broken
    )
    assert needs_of([V1], Directories([StoredCopy(store)])).unknown == {key(IMAGES_1, ".dir"): "images"}


def test_what_may_not_be_read_in_a_cache_is_not_missing(tmp_path, monkeypatch):
    there = key(b"raw 1")
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).write_bytes(b"raw 1")
    cache = Cache(str(tmp_path))
    assert cache.has(there) and cache.content(there) == b"raw 1"

    def refuse(*_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    for look in (cache.proof, cache.content):
        with pytest.raises(StackError, match=rf"^{tmp_path}/{there} cannot be read: Permission denied$"):
            look(there)
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(StackError, match="cannot be read: Permission denied"):
        cache.has(there)


def test_only_some_lists_are_kept_in_memory():
    lists = {f"d{number}": listing(file=b"%d" % number) for number in range(2 * REMEMBERED)}
    contents = Contents(**lists)
    directories = Directories([contents])
    for _time in range(2):
        for each in lists.values():
            assert directories.members(key(each, ".dir")) == directories.members(key(each, ".dir"))
    assert len(contents.looks) == 2 * len(lists)


def test_what_is_elsewhere_is_kept_but_not_missed():
    reference = Reference(("v1",), "1" * 40, (Output("own", key(b"own"), elsewhere=True),))
    assert needs_of([reference], Directories([])).objects == {}
    assert needs_of([reference], Directories([]), elsewhere=True).objects == {key(b"own"): "own"}


def test_nothing_is_wrong():
    told = inventory.compare([V1, V2], Directories([EVERYTHING]), held(EVERYTHING), {})
    assert (told["missing"], told["corrupt"], told["unknown"]) == ([], [], [])
    assert told["refs"] == [
        {
            "names": ["v1", "main"],
            "commit": "1" * 40,
            "objects": 4,
            "bytes": len(b"image aimage braw 1" + IMAGES_1),
            "without_hash": [],
            **{"missing": 0, "corrupt": 0, "unknown": 0},
        },
        {
            "names": [],
            "commit": "2" * 40,
            "objects": 4,
            "bytes": len(b"image aimage craw 1" + IMAGES_2),
            "without_hash": ["model"],
            **{"missing": 0, "corrupt": 0, "unknown": 0},
        },
    ]


def test_what_is_wrong_is_told_once_with_all_who_need_it():
    stored = held(EVERYTHING)
    del stored[key(b"image b")], stored[key(b"raw 1")]
    told = inventory.compare([V1, V2], Directories([EVERYTHING]), stored, {key(b"image a"): md5(b"else")})
    assert told["missing"] == [
        {"md5": md5(b"image b"), "path": "images/b", "refs": ["v1", "main"]},
        {"md5": md5(b"raw 1"), "path": "raw", "refs": ["v1", "main", "2" * 40]},
    ]
    assert told["corrupt"] == [
        {"md5": md5(b"image a"), "path": "images/a", "refs": ["v1", "main", "2" * 40], "found": md5(b"else")}
    ]
    assert [(each["missing"], each["corrupt"]) for each in told["refs"]] == [(2, 1), (1, 1)]


def test_a_directory_that_nobody_has():
    told = inventory.compare([V1], Directories([]), {}, {})
    assert told["unknown"] == [{"md5": md5(IMAGES_1) + ".dir", "path": "images", "refs": ["v1", "main"]}]
    assert [each["path"] for each in told["missing"]] == ["images", "raw"]
    assert told["refs"][0]["objects"] == 2


def test_garbage_is_what_nobody_needs():
    stored = held(EVERYTHING)
    own = needs_of([V1], Directories([EVERYTHING]))
    alone = inventory.garbage(stored, {"own": own})
    assert sorted(alone["md5"]) == sorted([md5(b"image c"), md5(IMAGES_2) + ".dir"])
    assert (alone["objects"], alone["bytes"]) == (2, len(b"image c" + IMAGES_2))
    other = Needs({key(b"image c"): "c"})
    assert inventory.garbage(stored, {"own": own, "other": other})["md5"] == [md5(IMAGES_2) + ".dir"]
    ignorant = Needs(unknown={key(b"list", ".dir"): "images"})
    assert inventory.garbage(stored, {"own": own, "other": ignorant}) == {
        "objects": 0,
        "bytes": 0,
        "md5": [],
        "blocked_by": [f"other: nobody has the list of images (MD5 {md5(b'list')}.dir)"],
    }


@pytest.mark.parametrize(
    ("refs", "scopes", "meant"),
    [([], None, USUAL_SCOPES), (["v1"], None, ()), (["v1"], ["tags"], ["tags"]), ([], ["tags"], ["tags"])],
)
def test_scopes(refs, scopes, meant):
    assert inventory.scopes_of(refs, scopes) == meant


# A remote that is to be whole


class Memory:
    """A remote in memory, and a source: what is written is kept in the order of writing."""

    def __init__(self, contents: t.Mapping[str, bytes], *, refuses: str = "") -> None:
        self.name = self.place = "memory"
        self.remote = types.SimpleNamespace(address="s3://memory")
        self.contents = dict(contents)
        self.written: list[str] = []
        self._refuses = refuses

    def address(self, key: str) -> str:
        return f"s3://memory/{key}"

    def some(self, keys: t.Collection[str]) -> dict[str, Held]:
        return {key: each for key, each in held(self.contents).items() if key in keys}

    def verify(self, asked: t.Mapping[str, Held]) -> dict[str, str]:
        return {key: self.md5(key)[0] for key in asked if self.md5(key)[0] != digest_of(key)}

    def md5(self, key: str) -> tuple[str, str]:
        return md5(self.contents[key]), ""

    def expect(self, keys: t.Collection[str]) -> None:
        pass

    def has(self, key: str) -> bool:
        return key in self.contents

    def proof(self, key: str) -> str | None:
        return "right" if self.md5(key)[0] == digest_of(key) else None

    def give(self, key: str, proof: str, target: Memory) -> None:
        if key == self._refuses:
            raise ServiceError("no")
        target.contents[key] = self.contents[key]
        target.written.append(key)

    def content(self, key: str) -> bytes | None:
        return self.contents.get(key)


def replica(store: Memory, *sources: Memory, whole: bool = True, verify: bool = True) -> Replica:
    needs = needs_of([V1], Directories([EVERYTHING]))
    return Replica(store, needs, sources, whole=whole, verify=verify, jobs=2, progress=QUIET)


def test_lists_of_directories_are_written_last():
    store = Memory({})
    outcome = reconcile(replica(store, Memory(EVERYTHING)), WHOLE, check_mode=False)
    assert outcome.changed and len(store.written) == 4 and store.written[-1] == key(IMAGES_1, ".dir")
    assert reconcile(replica(store, Memory(EVERYTHING)), WHOLE, check_mode=False).changed is False


def test_without_one_of_its_files_the_list_is_not_written():
    store = Memory({})
    with pytest.raises(ServiceError):
        reconcile(replica(store, Memory(EVERYTHING, refuses=key(b"image b"))), WHOLE, check_mode=False)
    assert key(IMAGES_1, ".dir") not in store.contents


def test_whole_or_not_at_all():
    source = Memory({**EVERYTHING, key(b"image a"): b"else"})
    del source.contents[key(b"raw 1")]
    for check_mode in (True, False):
        store = Memory({})
        with pytest.raises(StackError) as failure:
            reconcile(replica(store, source), WHOLE, check_mode=check_mode)
        assert str(failure.value) == (
            f"images/a (MD5 {md5(b'image a')}) is corrupt memory; raw (MD5 {md5(b'raw 1')}) is missing memory: "
            "nothing was copied"
        )
        assert store.contents == {}


def test_the_next_source_is_used_where_the_first_is_wrong():
    first, second = Memory({**EVERYTHING, key(b"image a"): b"else"}), Memory(EVERYTHING)
    second.name = "second"
    store = Memory({})
    made = replica(store, first, second, whole=False)
    reconcile(made, WHOLE, check_mode=False)
    assert {each["path"]: each["source"] for each in made.restored}["images/a"] == "second"
    assert store.contents[key(b"image a")] == b"image a"


def test_a_repair_puts_right_what_it_can_and_names_the_rest():
    store, source = Memory({}), Memory(EVERYTHING)
    del source.contents[key(b"raw 1")]
    with pytest.raises(StackError, match=r"^raw \(MD5 .*\) is missing memory: s3://memory still needs it"):
        reconcile(replica(store, source, whole=False), WHOLE, check_mode=False)
    assert len(store.contents) == 3


def test_a_write_that_went_wrong_is_no_success():
    class Careless(Memory):
        def give(self, key: str, proof: str, target: Memory) -> None:
            target.contents[key] = b"half of it"

    with pytest.raises(StackError, match=f"was written and holds what has the MD5 {md5(b'half of it')}"):
        reconcile(replica(Memory({}), Careless(EVERYTHING)), WHOLE, check_mode=False)

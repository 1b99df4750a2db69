"""flavour s3: the same buckets without MinIO's admin API, and in a store that is not MinIO."""

from __future__ import annotations

import threading
import typing as t
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from moto.server import ThreadedMotoServer
from s3 import remove_bucket, s3_client

RunModule = t.Callable[..., dict[str, t.Any]]
Connect = dict[str, t.Any]

SECRET = "a-secret-of-a-test"
DECLARED: dict[str, t.Any] = {
    "versioning": True,
    "tags": {"team": "churn"},
    "keep_old_versions_days": 30,
    "lifecycle": [{"id": "scratch", "prefix": "tmp/", "tags": {"keep": "no"}, "expire_days": 7}],
    "retention": {"mode": "governance", "days": 1},
}
MODIFIED: dict[str, t.Any] = {
    "tags": {},
    "keep_old_versions_days": 0,
    "lifecycle": [],
    "retention": {},
}


class Proxy:
    """MinIO with nothing but S3. It remembers what it was asked, and can cut connections."""

    def __init__(self, minio: str) -> None:
        self.asked: list[str] = []
        self.writes_left: int | None = None
        self.cuts_answers = False
        handler = type("Handler", (_Handler,), {"proxy": self, "minio": minio})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy
    minio: str

    def forward(self) -> None:
        self.proxy.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/minio/"):
            self._answer(404, {}, b"")
            return
        cut = self._is_cut()
        if cut and not self.proxy.cuts_answers:
            return
        answer = requests.request(
            self.command, f"{self.minio}{self.path}", headers=dict(self.headers), data=body, timeout=30
        )
        if not cut:
            self._answer(answer.status_code, answer.headers, answer.content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

    def _is_cut(self) -> bool:
        if self.command in ("GET", "HEAD") or self.proxy.writes_left is None:
            return False
        self.proxy.writes_left -= 1
        self.close_connection = self.proxy.writes_left < 0
        return self.close_connection

    def _answer(self, status: int, headers: t.Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name in ("Content-Type", "ETag", "Location"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: t.Any) -> None:
        pass


@pytest.fixture
def proxy(minio: t.Any) -> t.Iterator[Proxy]:
    made = Proxy(minio.endpoint)
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def plain(run_module: RunModule, connection: Connect, proxy: Proxy) -> t.Iterator[Connect]:
    """An identity that may do nothing but S3, at the proxy."""
    user = f"user-{uuid.uuid4().hex[:8]}"
    run_module("minio_user", **connection, name=user, secret=SECRET, policies=["readwrite"])
    yield {"endpoint": proxy.endpoint, "access_key": user, "secret_key": SECRET, "wait": 1}
    run_module("minio_user", **connection, name=user, state="absent")


def test_life_without_the_admin_api(
    run_module: RunModule, plain: Connect, proxy: Proxy, name: str, steps: t.Callable[..., None]
) -> None:
    def run(check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return run_module("minio_bucket", check_mode=check_mode, **plain, flavour="s3", name=name, **options)

    steps(run, [DECLARED, MODIFIED, {"anonymous": "download"}, {}, {"state": "absent"}])
    assert proxy.asked and not [path for path in proxy.asked if path.startswith("/minio/")]


def test_both_flavours_see_the_same(run_module: RunModule, connection: Connect, plain: Connect, name: str) -> None:
    made = run_module("minio_bucket", **plain, flavour="s3", name=name, **DECLARED)
    found = run_module("minio_bucket", **connection, name=name, **DECLARED)
    assert not found["changed"]
    assert found["bucket"] == made["bucket"]


def test_purge_without_the_admin_api(
    run_module: RunModule, plain: Connect, s3: t.Any, names: list[str], steps: t.Callable[..., None]
) -> None:
    manager = f"test-{uuid.uuid4().hex[:8]}"

    def run(check_mode: bool = False, items: t.Iterable[str] = ()) -> dict[str, t.Any]:
        listed = [{"name": name} for name in items]
        marked = {"manager": manager, "purge": "managed", "flavour": "s3"}
        return run_module("minio_buckets", check_mode=check_mode, **plain, buckets=listed, **marked)

    steps(run, [{"items": names[:2]}, {"items": names[1:]}, {"items": []}])


@pytest.mark.parametrize(("writes", "cuts_answers"), [(0, False), (1, False), (0, True), (2, True)])
def test_the_next_run_completes_what_was_cut(
    run_module: RunModule, plain: Connect, proxy: Proxy, s3: t.Any, name: str, writes: int, cuts_answers: bool
) -> None:
    manager = f"test-{uuid.uuid4().hex[:8]}"

    def run() -> dict[str, t.Any]:
        items = [{"name": name, **DECLARED}]
        return run_module("minio_buckets", **plain, flavour="s3", buckets=items, manager=manager)

    proxy.writes_left, proxy.cuts_answers = writes, cuts_answers
    with pytest.raises(Exception, match=f"S3 at {proxy.endpoint} does not answer: "):
        run()
    proxy.writes_left = None
    assert run()["changed"]
    assert not run()["changed"]
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"


def test_access_without_a_key_is_proved(run_module: RunModule, plain: Connect, s3: t.Any, name: str) -> None:
    run_module("minio_bucket", **plain, flavour="s3", name=name, anonymous="download")
    s3.put_object(Bucket=name, Key="a", Body=b"1")
    assert requests.get(f"{plain['endpoint']}/{name}/a", timeout=10).status_code == 200
    assert run_module("minio_bucket", **plain, flavour="s3", name=name)["changed"]
    assert requests.get(f"{plain['endpoint']}/{name}/a", timeout=10).status_code == 403


@pytest.mark.parametrize("quota", ["1GiB", "0"])
def test_a_quota_is_refused(run_module: RunModule, plain: Connect, name: str, quota: str) -> None:
    with pytest.raises(Exception, match=f"bucket {name}: a quota is MinIO's own, the flavour s3 has none"):
        run_module("minio_bucket", **plain, flavour="s3", name=name, quota=quota)


def test_where_the_admin_api_is_missing_the_flavour_is_named(run_module: RunModule, plain: Connect, name: str) -> None:
    with pytest.raises(Exception, match=r"404 .*export-bucket-metadata.*\(without MinIO's admin API buckets need the"):
        run_module("minio_bucket", **plain, name=name)


def test_a_setting_that_the_store_drops_is_an_error(run_module: RunModule, plain: Connect, name: str) -> None:
    """MinIO takes such a rule and forgets this part of it."""
    rules = [{"id": "up", "expire_days": 9, "abort_multipart_days": 3}]
    with pytest.raises(
        Exception, match=f"bucket {name}: lifecycle was written, but the server keeps .*'expire_days': 9"
    ):
        run_module("minio_bucket", **plain, flavour="s3", name=name, lifecycle=rules)


# A store that is not MinIO. It asks nobody for a key, so that access without one is not managed there.


@pytest.fixture(scope="module")
def moto() -> t.Iterator[Connect]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "endpoint": f"http://{host}:{port}",
        "access_key": "anybody",
        "secret_key": "anything",
        "region": "eu-central-1",
        "flavour": "s3",
    }
    server.stop()


@pytest.fixture(scope="module")
def elsewhere(moto: Connect) -> t.Any:
    """Somebody else's client there."""
    return s3_client(moto["endpoint"], moto["access_key"], moto["secret_key"], region=moto["region"])


@pytest.fixture
def other(run_module: RunModule, moto: Connect, elsewhere: t.Any) -> t.Iterator[RunModule]:
    """other(check_mode=False, **options) keeps a bucket in the other store."""
    name = f"test-{uuid.uuid4().hex[:12]}"

    def run(check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        unmanaged = {"anonymous": "unmanaged", **options}
        return run_module("minio_bucket", check_mode=check_mode, **moto, name=name, **unmanaged)

    run.name = name  # type: ignore[attr-defined]
    yield run
    remove_bucket(elsewhere, name)


UPLOADS = {"id": "uploads", "abort_multipart_days": 3}
QUEUE = {"arn": "arn:aws:sqs:eu-central-1:123456789012:models", "events": ["s3:ObjectCreated:*"], "suffix": ".onnx"}
TOPIC = {"arn": "arn:aws:sns:eu-central-1:123456789012:models", "events": ["s3:ObjectRemoved:Delete"]}


def test_life_in_another_store(other: RunModule, steps: t.Callable[..., None]) -> None:
    created = {**DECLARED, "lifecycle": [UPLOADS], "encryption": {"mode": "sse-kms", "key": "alias/models"}}
    modified = {"lifecycle": [], "keep_old_versions_days": 0, "encryption": {"mode": "sse-s3"}, "tags": {}}
    steps(other, [created, modified, {"state": "absent"}])


def test_uploads_that_were_given_up_expire_in_another_store(other: RunModule, elsewhere: t.Any) -> None:
    other(lifecycle=[UPLOADS])
    rule = elsewhere.get_bucket_lifecycle_configuration(Bucket=other.name)["Rules"][0]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 3}
    longer = {**rule, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 30}}
    elsewhere.put_bucket_lifecycle_configuration(Bucket=other.name, LifecycleConfiguration={"Rules": [longer]})
    assert other(lifecycle=[UPLOADS])["diff"]["before"]["lifecycle"][0]["abort_multipart_days"] == 30


def test_a_bucket_is_made_in_the_region(other: RunModule, elsewhere: t.Any) -> None:
    other()
    assert elsewhere.get_bucket_location(Bucket=other.name)["LocationConstraint"] == "eu-central-1"


def test_a_store_that_lets_everybody_in_is_found_out(other: RunModule) -> None:
    other()
    with pytest.raises(Exception, match="has no policy, yet somebody without a key gets 200 instead of 403"):
        other(anonymous="none")

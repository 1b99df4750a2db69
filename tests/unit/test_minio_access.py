"""What is tried and what is expected, and minio_access against a small server that knows who may do what."""

from __future__ import annotations

import fnmatch
import http.server
import threading
import time
import typing as t
from collections import Counter

import pytest
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions import asking
from ansible_collections.repro.stack.plugins.module_utils._minio.permissions.permission import (
    ACTIONS,
    bucket_requests,
    folder_requests,
    own_service_account_request,
    server_requests,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.policies import access
from hypothesis import given
from hypothesis import strategies as st

RunModule = t.Callable[..., dict[str, t.Any]]

SECRET = "secret-of-a-key"
PREFIXES = ["", "churn/", "churn/dev/", "churn-secret/", "vision/"]

# What a grant means ---------------------------------------------------------------------------------------------------

GRANTS = st.lists(
    st.fixed_dictionaries(
        {
            "bucket": st.sampled_from(["one", "two"]),
            "prefix": st.sampled_from(PREFIXES),
            "mode": st.sampled_from(access.MODES),
            "delete": st.booleans(),
        }
    ),
    max_size=4,
)


def evaluated(document: dict[str, t.Any], action: str, bucket: str, prefix: str) -> bool:
    """What a server makes of the document, when it is asked about an object directly in the folder."""
    resource = f"arn:aws:s3:::{bucket}" if action == "s3:ListBucket" else f"arn:aws:s3:::{bucket}/{prefix}object"
    for statement in document["Statement"]:
        patterns = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
        if (
            action in statement["Action"]
            and any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement["Resource"])
            and any(fnmatch.fnmatchcase(prefix, pattern) for pattern in patterns)
        ):
            return True
    return False


@given(GRANTS, st.sampled_from(list(ACTIONS.values())), st.sampled_from(["one", "two"]), st.sampled_from(PREFIXES))
def test_what_is_expected_is_what_the_document_grants(
    grants: list[dict[str, t.Any]], action: str, bucket: str, prefix: str
) -> None:
    document = access.document(grants, "test")
    assert access.granted(grants, action, bucket, prefix) == evaluated(document, action, bucket, prefix)


# What is sent ---------------------------------------------------------------------------------------------------------


def test_a_write_of_an_object_has_two_obstacles() -> None:
    by_operation = {request.operation: request for request in folder_requests("bucket", "folder/")}
    assert set(by_operation) == set(ACTIONS)
    put, delete = by_operation["put"], by_operation["delete"]
    for request, second in ((put, "Content-MD5"), (delete, "X-Minio-Source-Mtime")):
        assert {"X-Minio-Source-Replication-Check", second} == set(request.headers)
        assert request.body == b""
    assert put.headers["Content-MD5"] != "1B2M2Y8AsgTpgAmY7PhCfg==", "that is the checksum of nothing"


def test_names_are_new_each_time_and_each_is_tried_once() -> None:
    made = [*folder_requests("bucket", ""), *folder_requests("bucket", "")]
    objects = Counter(request.path for request in made if request.operation != "list")
    assert sorted(objects.values()) == [3, 3]
    assert server_requests()[2].path != server_requests()[2].path
    for request in [*bucket_requests("bucket"), *server_requests()]:
        assert request.body == b"" or request.body.endswith(b"Configuration/>")


def test_no_secret_in_what_is_sent() -> None:
    request = own_service_account_request(SECRET)
    assert SECRET.encode() not in request.body and b"policy" not in request.body
    assert request.body != own_service_account_request(SECRET).body


# The module against a server that has its own idea of who may do what -------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Refuses whom ``refuse`` names; everything else is allowed."""

    daemon_threads = True

    def __init__(self, refuse: t.Callable[[str, str, str], tuple[int, str] | None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuse = refuse
        self.seen: list[tuple[str, str, str]] = []
        self.running = 0
        self.most_at_once = 0
        self.lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        server = self.server
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            server.seen.append((key, self.command, self.path))
            server.running += 1
            server.most_at_once = max(server.most_at_once, server.running)
        status, code = server.refuse(key, self.command, self.path) or (200, "")
        body = f"<Error><Code>{code}</Code><Message>Your account is {code}</Message></Error>".encode()
        with server.lock:
            server.running -= 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = answer

    def log_message(self, *_words: t.Any) -> None:
        pass


@pytest.fixture
def serve() -> t.Iterator[t.Callable[..., Server]]:
    started: list[Server] = []

    def start(refuse: t.Callable[[str, str, str], tuple[int, str] | None]) -> Server:
        server = Server(refuse)
        started.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def options(server: Server | None, **more: t.Any) -> dict[str, t.Any]:
    port = server.server_port if server else 1
    return {
        "endpoint": f"http://127.0.0.1:{port}",
        "access_key": "administrator",
        "secret_key": "secret-of-the-administrator",
        "wait": 1.0,
        "places": [{"bucket": "bucket"}],
        **more,
    }


def without_a_key_denied(key: str, _method: str, _path: str) -> tuple[int, str] | None:
    return None if key else (403, "AccessDenied")


def key_of(name: str, **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "secret": SECRET, **more}


@pytest.mark.parametrize("check_mode", [False, True])
def test_all_is_as_declared(run_module: RunModule, serve: t.Callable[..., Server], check_mode: bool) -> None:
    server = serve(without_a_key_denied)
    found = run_module("minio_access", check_mode=check_mode, **options(server))
    # sign in, one place, one bucket, the server; the first three again without a key
    assert found["tried"] == {"keys": 1, "requests": 21, "allowed": 14, "denied": 7}
    assert (found["changed"], found["surprises"]) == (False, [])


def test_the_answer_names_the_key_and_never_its_secret(
    run_module: RunModule, serve: t.Callable[..., Server], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(run_module.failed) as failure:
        run_module("minio_access", **options(serve(without_a_key_denied), keys=[key_of("alice")]))
    assert str(failure.value).startswith(
        "13 of 35 permissions that were tried are not as declared: the key alice may list at bucket/; "
        "the key alice may get at bucket/;"
    )
    assert str(failure.value).endswith("; and 8 more")
    assert failure.value.returned["surprises"][0] == {
        "key": "alice",
        "operation": "list",
        "place": "bucket/",
        "expected": "denied",
        "found": "allowed",
        "code": "",
    }
    assert SECRET not in str(failure.value.returned) + capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "found", "sentence"),
    [
        ((403, "InvalidAccessKeyId"), "unknown", "the key alice is unknown to the server"),
        ((403, "SignatureDoesNotMatch"), "wrong secret", "the key alice has another secret than the one that is given"),
        ((400, "RequestTimeTooSkewed"), "unclear", "the key alice got RequestTimeTooSkewed for sign in"),
        ((500, ""), "unclear", "the key alice got 500 for sign in"),
    ],
)
def test_a_key_that_cannot_sign_in_is_tried_no_further(
    run_module: RunModule, serve: t.Callable[..., Server], answer: tuple[int, str], found: str, sentence: str
) -> None:
    server = serve(lambda key, *request: answer if key == "alice" else without_a_key_denied(key, *request))
    with pytest.raises(run_module.failed, match=f"^1 of 22 .*: {sentence}$") as failure:
        run_module("minio_access", **options(server, keys=[key_of("alice")]))
    assert [each["found"] for each in failure.value.returned["surprises"]] == [found]
    assert [path for key, _method, path in server.seen if key == "alice"] == ["/"]
    keys = [key_of("alice", enabled=False)]
    if found == "unclear":
        with pytest.raises(run_module.failed):
            run_module("minio_access", **options(server, keys=keys))
    else:
        assert run_module("minio_access", **options(server, keys=keys))["surprises"] == []


def test_an_answer_that_says_nothing_about_the_permission(
    run_module: RunModule, serve: t.Callable[..., Server]
) -> None:
    def refuse(key: str, method: str, path: str) -> tuple[int, str] | None:
        return (
            (500, "InternalError")
            if (key, method) == ("administrator", "DELETE")
            else without_a_key_denied(key, "", "")
        )

    with pytest.raises(run_module.failed, match=r"the key administrator got InternalError for delete at bucket/$"):
        run_module("minio_access", **options(serve(refuse)))


def test_a_bucket_that_is_opened_in_its_own_way_is_not_tried_without_a_key(
    run_module: RunModule, serve: t.Callable[..., Server]
) -> None:
    server = serve(without_a_key_denied)
    places = [{"bucket": "bucket", "anonymous": {"Statement": []}}]
    run_module("minio_access", **options(server, places=places))
    assert {key for key, _method, _path in server.seen} == {"administrator"}


def test_folders_that_are_granted_are_tried_by_all(run_module: RunModule, serve: t.Callable[..., Server]) -> None:
    server = serve(lambda key, *_request: (403, "AccessDenied"))
    keys = [
        key_of("alice", access=[{"bucket": "bucket", "prefix": "churn", "mode": "read"}]),
        key_of("bob", access=[{"bucket": "other", "mode": "list"}]),
    ]
    with pytest.raises(run_module.failed):
        run_module("minio_access", **options(server, keys=keys))
    listed = {(key, path) for key, _method, path in server.seen if "list-type" in path}
    folders = ["/bucket?list-type=2&max-keys=0&prefix=", "/bucket?list-type=2&max-keys=0&prefix=churn%2F"]
    folders.append("/other?list-type=2&max-keys=0&prefix=")
    assert listed == {(key, path) for key in ("administrator", "alice", "bob", "") for path in folders}


def test_parallelism_is_bounded(run_module: RunModule, serve: t.Callable[..., Server]) -> None:
    def refuse(key: str, method: str, path: str) -> tuple[int, str] | None:
        time.sleep(0.02)
        return without_a_key_denied(key, method, path)

    server = serve(refuse)
    places = [{"bucket": "bucket", "prefix": str(number)} for number in range(10)]
    run_module("minio_access", **options(server, places=places))
    assert 1 < server.most_at_once <= asking.PARALLEL


def test_a_server_that_starts_is_waited_for(run_module: RunModule, serve: t.Callable[..., Server]) -> None:
    left = [(503, "XMinioServerNotInitialized")]
    server = serve(lambda *request: left.pop() if left else without_a_key_denied(*request))
    assert run_module("minio_access", **options(server))["surprises"] == []


def test_a_server_that_never_starts(run_module: RunModule, serve: t.Callable[..., Server]) -> None:
    with pytest.raises(run_module.failed, match=r"is not ready: it answered 503$"):
        run_module("minio_access", **options(serve(lambda *_request: (503, "SlowDown")), wait=0.0))
    with pytest.raises(run_module.failed, match=r"^MinIO at http://127.0.0.1:1 does not answer: "):
        run_module("minio_access", **options(None, wait=0.0))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"keys": [key_of("alice"), key_of("alice")]}, "The key alice is given twice"),
        ({"keys": [key_of("alice", expires="soon")]}, "key alice: soon is not a time such as"),
        (
            {"keys": [key_of("alice", access=[{"bucket": "B", "mode": "read"}])]},
            "The bucket name B is not possible: it has 1 characters",
        ),
        (
            {"keys": [key_of("alice", access=[{"bucket": "bucket", "prefix": "a*", "mode": "read"}])]},
            r"key alice: the prefix a\* is a folder and may not contain",
        ),
        ({"places": [{"bucket": "Bucket"}]}, "The bucket name Bucket is not possible: only lower-case"),
        ({"places": [{"bucket": "bucket", "prefix": "$x"}]}, r"bucket bucket: the prefix \$x is a folder"),
        (
            {"places": [{"bucket": "bucket"}, {"bucket": "bucket", "prefix": "x", "anonymous": "download"}]},
            "The bucket bucket cannot be open without a key and closed",
        ),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(
    run_module: RunModule, serve: t.Callable[..., Server], wrong: dict[str, t.Any], sentence: str
) -> None:
    server = serve(without_a_key_denied)
    with pytest.raises(run_module.failed, match=sentence):
        run_module("minio_access", **options(server, **wrong))
    assert server.seen == []

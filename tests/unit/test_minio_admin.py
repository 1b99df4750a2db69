"""The admin client against a small real server: waiting, sentences, the guard of check mode, a cut export."""

from __future__ import annotations

import http.server
import threading
import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.connection import Connection
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import Identities
from ansible_collections.repro.stack.plugins.module_utils._minio.info import info

Answer = tuple[int, bytes]


@pytest.fixture
def server() -> t.Iterator[t.Callable[..., Connection]]:
    """server(answers...) is the address of a server that gives these answers, the last one for ever."""
    started: list[http.server.HTTPServer] = []

    def start(*answers: Answer, wait: float = 5.0) -> Connection:
        left = list(answers)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = left.pop(0) if len(left) > 1 else left[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_GET

            def log_message(self, *_words: t.Any) -> None:
                pass

        made = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        started.append(made)
        threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
        endpoint = f"http://127.0.0.1:{made.server_port}"
        return Connection(endpoint, "caller", "secret-of-caller", "us-east-1", True, wait)

    yield start
    for each in started:
        each.shutdown()
        each.server_close()


def refusal(code: str) -> bytes:
    return f'{{"Code": "{code}", "Message": "words of the server"}}'.encode()


def test_it_waits_for_a_server_that_starts(server: t.Callable[..., Connection]) -> None:
    starting = server((503, refusal("XMinioServerNotInitialized")), (502, b"<html>"), (200, b"ready"))
    assert Admin(starting, read_only=True).call("GET", "accountinfo") == b"ready"


def test_it_does_not_wait_for_ever(server: t.Callable[..., Connection]) -> None:
    with pytest.raises(ServiceError, match="answered 503 XMinioServerNotInitialized to GET x: words of the server"):
        Admin(server((503, refusal("XMinioServerNotInitialized")), wait=1.0), read_only=True).call("GET", "x")


def test_nobody_there() -> None:
    nowhere = Connection("http://127.0.0.1:1", "caller", "secret-of-caller", "us-east-1", True, 0.0)
    with pytest.raises(ServiceError, match=r"MinIO at http://127.0.0.1:1 does not answer"):
        Admin(nowhere, read_only=True).call("GET", "x")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_no_write_in_check_mode(server: t.Callable[..., Connection], method: str) -> None:
    with pytest.raises(AssertionError, match=f"BUG: {method} x in check mode"):
        Admin(server((200, b"")), read_only=True).call(method, "x")


@pytest.mark.parametrize(
    ("code", "caller"), [("InvalidAccessKeyId", "unknown"), ("SignatureDoesNotMatch", "wrong_secret")]
)
def test_who_the_caller_is(server: t.Callable[..., Connection], code: str, caller: str) -> None:
    assert info(server((403, refusal(code))), []) == {"caller": caller}
    with pytest.raises(ServiceError, match=r"caller is unknown|given for caller is wrong"):
        info(server((403, refusal(code))), ["buckets"])


def test_another_refusal_is_an_error(server: t.Callable[..., Connection]) -> None:
    with pytest.raises(ServiceError, match="RequestTimeTooSkewed"):
        info(server((403, refusal("RequestTimeTooSkewed"))), [])


def test_a_cut_export(server: t.Callable[..., Connection]) -> None:
    with pytest.raises(ServiceError, match="export of MinIO's identities is not whole"):
        Identities(Admin(server((200, b"PK\x03\x04 and then nothing")), read_only=True))


def test_no_secret_in_a_connection_that_is_shown() -> None:
    shown = repr(Connection("http://127.0.0.1:1", "caller", "secret-of-caller", "us-east-1", True, 0.0))
    assert "secret-of-caller" not in shown

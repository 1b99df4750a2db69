"""A Docker Engine's API on a real unix socket, with the answers that a test wants."""

from __future__ import annotations

import contextlib
import http.server
import json
import socketserver
import threading
import typing as t
from pathlib import Path


@contextlib.contextmanager
def engine_at(path: Path, answers: t.Mapping[str, t.Any]) -> t.Iterator[None]:
    """Answer each request for a path of ``answers`` with what stands there at that moment, and any other with 404."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path, {"message": "not found"})).encode())

        def address_string(self) -> str:
            return "a unix socket has none"

        def log_message(self, *_arguments: t.Any) -> None:
            pass

    with socketserver.ThreadingUnixStreamServer(str(path), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()

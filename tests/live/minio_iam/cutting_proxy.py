"""A way to a server on which a connection breaks at a chosen moment."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
from urllib.parse import urlsplit


class CuttingProxy:
    """Passes bytes on, and cuts connections on which a chosen request is seen."""

    def __init__(self, endpoint: str) -> None:
        upstream = urlsplit(endpoint)
        self._upstream = (upstream.hostname, upstream.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._request: bytes | None = None
        self._seconds: float | None = None
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextlib.contextmanager
    def cutting(self, request: str, *, after: float | None = None) -> t.Iterator[None]:
        """Cut ``request`` some seconds after it was seen; without ``after``, in the middle of its answer."""
        self._request, self._seconds, self.cuts = request.encode(), after, 0
        try:
            yield
        finally:
            self._request = None

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = socket.create_connection(self._upstream)
                cut_answer = threading.Event()
                for pump in (self._requests, self._answers):
                    threading.Thread(target=pump, args=(client, server, cut_answer), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket, cut_answer: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                if self._request and self._request in data:
                    self.cuts += 1
                    if self._seconds is None:
                        cut_answer.set()
                    else:
                        threading.Timer(self._seconds, self._cut, (client, server)).start()
                server.sendall(data)
        self._cut(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, cut_answer: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if cut_answer.is_set():
                    client.sendall(data[: len(data) // 2])
                    break
                client.sendall(data)
        self._cut(client, server)

    @staticmethod
    def _cut(*ends: socket.socket) -> None:
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

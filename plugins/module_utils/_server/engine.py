# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What the Docker Engine tells about what it has. No library is needed."""

from __future__ import annotations

import http.client
import json
import socket
import typing as t
from urllib.parse import quote

SECONDS = 10
STOPPED = ("created", "exited", "dead")
DEFAULT_DIRECTORY = "/var/lib/docker"


class Published(t.NamedTuple):
    address: str
    port: int
    container: str


class Container(t.NamedTuple):
    name: str
    image: str
    running: bool
    labels: t.Mapping[str, str]
    mounted: t.Collection[str]
    writes_to: t.Collection[str]


class Engine:
    """An engine that does not answer has no containers. It is asked nothing twice."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._answers: dict[str, t.Any] = {}

    def answers(self) -> bool:
        return self.version() is not None

    def version(self) -> str | None:
        """None where no engine answers."""
        return (self._get("/version") or {}).get("Version")

    def containers(self) -> list[Container]:
        return [
            Container(
                _name(each),
                each.get("Image", ""),
                each.get("State") not in STOPPED,
                each.get("Labels") or {},
                {mount.get("Source", "") for mount in each.get("Mounts") or []},
                {mount.get("Source", "") for mount in each.get("Mounts") or [] if mount.get("RW", True)},
            )
            for each in self._list()
        ]

    def container(self, name: str) -> dict[str, t.Any] | None:
        """All that the engine knows of the container, or None where there is none of that name."""
        return self._get(f"/containers/{quote(name, safe='')}/json")

    def image_id(self, name: str) -> str | None:
        """Which image has that name now."""
        return (self._get(f"/images/{quote(name)}/json") or {}).get("Id")

    def published(self) -> list[Published]:
        """Ports of running containers. Without its userland proxy the engine has no listener that could be found."""
        return [
            Published(port.get("IP") or "0.0.0.0", port["PublicPort"], _name(each))  # noqa: S104 - what the engine means
            for each in self._list()
            for port in each.get("Ports") or []
            if port.get("PublicPort") and port.get("Type") == "tcp"
        ]

    def images(self) -> list[str]:
        """Every name of every image, by tag and by digest."""
        listed = self._get("/images/json") or []
        return [name for each in listed for names in ("RepoTags", "RepoDigests") for name in each.get(names) or []]

    def networks(self) -> dict[str, dict[str, t.Any]]:
        """What each network is, by its name."""
        options = {"driver": "Driver", "internal": "Internal", "driver_options": "Options"}
        return {
            each["Name"]: {option: each[name] for option, name in options.items()}
            for each in self._get("/networks") or []
        }

    def directory(self) -> str:
        """Where the engine keeps images."""
        return (self._get("/info") or {}).get("DockerRootDir") or DEFAULT_DIRECTORY

    def _list(self) -> list[dict[str, t.Any]]:
        return self._get("/containers/json?all=1") or []

    def _get(self, path: str) -> t.Any:
        if path not in self._answers:
            self._answers[path] = self._ask(path)
        return self._answers[path]

    def _ask(self, path: str) -> t.Any:
        connection = _UnixConnection(self._path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self._path)


def _name(container: t.Mapping[str, t.Any]) -> str:
    return (container.get("Names") or ["/?"])[0].lstrip("/")

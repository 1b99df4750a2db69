# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where a Git repository is and as whom it is spoken to, by the program git."""

from __future__ import annotations

import base64
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.repro.stack.plugins.module_utils._command import Command
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError

SCHEMES = ("http", "https", "ssh", "file")
# host:path, which SSH takes too
SHORT_SSH = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:(?!//)")
ARGUMENTS: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}


def local_path(url: str) -> str | None:
    """The directory that the address names on this machine; None for a server's."""
    path = url.removeprefix("file://")
    return path if path.startswith("/") else None


def check_url(url: str, *, password: str | None) -> None:
    """Refuse what is no address of a repository, and one that holds a secret."""
    parts = urlsplit(url)
    if parts.password is not None or (parts.scheme in ("http", "https") and parts.username is not None):
        shown = url.replace(parts.netloc, parts.netloc.rpartition("@")[2])
        raise InvalidInputError(f"The address of {shown} holds credentials: give them as username and password")
    known = parts.scheme in SCHEMES if "://" in url else bool(SHORT_SSH.match(url) or local_path(url))
    if not known or not url.isprintable() or " " in url or url.startswith("-"):
        raise InvalidInputError(
            f"{url!r} is not the address of a Git repository: http://, https://, ssh://, file://, host:path and an "
            "absolute path are"
        )
    if password and parts.scheme not in ("http", "https"):
        raise InvalidInputError(f"{url} takes no password: only http:// and https:// do")


def access(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What git() needs of a module's options."""
    return {name: given[name] for name in ("username", "password", "validate_certs", "ca_path")}


def git(
    *arguments: str,
    read_only: bool,
    username: str | None = None,
    password: str | None = None,
    validate_certs: bool = True,
    ca_path: str | None = None,
) -> Command:
    """git with its first ``arguments``, and nothing of this machine's or its user's configuration."""
    settings = {
        "core.askPass": "true",  # no credentials are asked for: an empty answer makes git say that they were refused
        "core.sshCommand": "ssh -o BatchMode=yes -o ConnectTimeout=10",
        "credential.helper": "",
        # as for the JSON API: the address is the one that is spoken to, without proxies and redirections
        "http.proxy": "",
        "http.followRedirects": "false",
        "http.sslVerify": str(validate_certs).lower(),
        "http.lowSpeedLimit": "1",
        "http.lowSpeedTime": "60",
        "gc.auto": "0",
    }
    secrets = []
    if ca_path:
        settings["http.sslCAInfo"] = ca_path
    if password:
        basic = base64.b64encode(f"{username or ''}:{password}".encode()).decode()
        settings["http.extraHeader"] = f"Authorization: Basic {basic}"
        secrets = [password, basic]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "LC_ALL": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (name, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return Command("git", *arguments, read_only=read_only, environment=environment, secrets=secrets)

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where a Gitea (or Forgejo) is, and as whom its API is spoken to."""

from __future__ import annotations

import base64
import typing as t
from urllib.parse import quote, urlsplit

from ansible_collections.repro.stack.plugins.module_utils import _http
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, t.Any] = {
    "endpoint": {"type": "str", "required": True},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    **_http.ARGUMENTS,
}
# What these options ask of each other.
RULES: dict[str, t.Any] = {
    "mutually_exclusive": [("token", "username"), ("token", "password")],
    "required_one_of": [("token", "username")],
    "required_together": [("username", "password")],
}


def connect(module: AnsibleModule) -> JsonClient:
    """The API of the forge that the module's options name."""
    given = module.params
    by_token = given["token"] is not None
    return client(module, f"token {given['token']}" if by_token else basic(given["username"], given["password"]))


def client(module: AnsibleModule, authorization: str) -> JsonClient:
    given = module.params
    if "@" in urlsplit(given["endpoint"]).netloc:
        raise InvalidInputError("endpoint holds credentials: give the forge's address alone")
    return JsonClient(
        given["endpoint"].rstrip("/") + "/api/v1",
        service="Gitea",
        read_only=module.check_mode,
        authorization=authorization,
        validate_certs=_http.verified_by(given),
        wait=given["wait"],
    )


def basic(username: str, password: str) -> str:
    """The header of somebody who signs in by a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)

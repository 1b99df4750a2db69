# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where a Gitea (or Forgejo) is, and as whom its API is spoken to."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlsplit

from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, t.Any] = {
    "endpoint": {"type": "str", "required": True},
    "token": {"type": "str", "required": True, "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "wait": {"type": "float", "default": 10.0},
}


def connect(module: AnsibleModule) -> JsonClient:
    """The API of the forge that the module's options name."""
    given = module.params
    if "@" in urlsplit(given["endpoint"]).netloc:
        raise InvalidInputError("endpoint holds credentials: give the forge's address alone, and a token")
    return JsonClient(
        given["endpoint"].rstrip("/") + "/api/v1",
        service="Gitea",
        read_only=module.check_mode,
        authorization=f"token {given['token']}",
        validate_certs=(given["ca_path"] or True) if given["validate_certs"] else False,
        wait=given["wait"],
    )


def path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)

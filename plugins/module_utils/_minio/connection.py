# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where a MinIO server is and as whom the module speaks to it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.repro.stack.plugins.module_utils import _http

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@dataclass(frozen=True)
class Connection:
    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    verify: bool | str
    wait: float


def arguments() -> dict[str, t.Any]:
    """The options of every MinIO module, as in the documentation fragment minio."""
    return {
        "endpoint": {"type": "str", "required": True},
        "access_key": {"type": "str", "required": True, "no_log": False},
        "secret_key": {"type": "str", "required": True, "no_log": True},
        "region": {"type": "str", "default": "us-east-1"},
        **_http.ARGUMENTS,
    }


def connection(module: AnsibleModule) -> Connection:
    given = module.params
    return Connection(
        endpoint=given["endpoint"].rstrip("/"),
        access_key=given["access_key"],
        secret_key=given["secret_key"],
        region=given["region"],
        verify=_http.verified_by(given),
        wait=given["wait"],
    )

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Where an MLflow server is and how its REST API words things."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils import _http
from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._http import JsonClient

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, t.Any] = {
    "endpoint": {"type": "str", "required": True},
    **_http.ARGUMENTS,
}
API = "/api/2.0/mlflow/"
# Tags that MLflow itself and its clients set.
SYSTEM_TAG = "mlflow."


class Mlflow:
    """The REST API: ``read`` asks, everything else writes."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def read(self, path: str, **query: t.Any) -> dict[str, t.Any] | None:
        """None where MLflow says that it knows no such thing; any other 404 comes from somebody else."""
        try:
            return self._client.call("GET", API + path, query=query)
        except ServiceError as error:
            if error.status == 404 and error.code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def read_all(self, path: str, key: str, **query: t.Any) -> t.Iterator[dict[str, t.Any]]:
        """Every item of a search, page by page."""
        token = None
        while True:
            page = self.read(path, **query, **({"page_token": token} if token else {})) or {}
            yield from page.get(key, [])
            token = page.get("next_page_token")
            if not token:
                return

    def write(self, path: str, method: str = "POST", **body: t.Any) -> dict[str, t.Any]:
        return self._client.call(method, API + path, body)


def connect(module: AnsibleModule) -> Mlflow:
    """The server that the module's options name."""
    given = module.params
    return Mlflow(
        JsonClient(
            given["endpoint"],
            service="MLflow",
            read_only=module.check_mode,
            validate_certs=_http.verified_by(given),
            wait=given["wait"],
        )
    )


def to_tags(tags: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    return [{"key": key, "value": str(value)} for key, value in tags.items()]


def from_tags(found: t.Mapping[str, t.Any], declared: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    """The tags that count: MLflow's own ones only where they are declared."""
    tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}
    return {key: value for key, value in tags.items() if not key.startswith(SYSTEM_TAG) or key in (declared or {})}


def as_text(tags: t.Mapping[str, t.Any] | None) -> dict[str, str] | None:
    """Declared tags as MLflow keeps them."""
    return None if tags is None else {str(key): str(value) for key, value in tags.items()}


def tag_writes(current: t.Mapping[str, str], wanted: t.Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """(tags to set, keys to delete) that lead from ``current`` to ``wanted``."""
    return (
        {key: value for key, value in wanted.items() if current.get(key) != value},
        sorted(key for key in current if key not in wanted),
    )

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Reading the identities of a server on which a write was cut off.

A request whose client goes away is given up half-way. That can leave a service account on the server's disk which is
not in its memory, and then every export breaks off. The server looks for such an account when somebody signs in as it.
"""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.repro.stack.plugins.module_utils._errors import ServiceError
from ansible_collections.repro.stack.plugins.module_utils._minio.admin import Admin
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import record
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identities import (
    PARALLEL,
    ExportCutError,
    Identities,
)
from ansible_collections.repro.stack.plugins.module_utils._minio.identities.identity import SERVICE_ACCOUNTS


def exported(
    admin: Admin,
    accounts: t.Iterable[str],
    manager: str | None = None,
    *,
    read: t.Callable[[], Identities] | None = None,
) -> Identities:
    """What the server has; ``accounts`` and those recorded for ``manager`` are what a cut write was about.

    ``read`` gives the result of a reading that was begun before.
    """
    try:
        return read() if read else Identities(admin)
    except ExportCutError:
        admin.hang_up()
        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            list(pool.map(admin.knows, {*accounts, *_recorded(admin, manager)}))
        return Identities(admin)


def _recorded(admin: Admin, manager: str | None) -> set[str]:
    if manager is None:
        return set()
    try:
        answer = admin.call("GET", "info-canned-policy", {"name": record.PREFIX + manager})
    except ServiceError as error:
        if error.status != 404:
            raise
        return set()
    return record.names_in(json.loads(answer))[SERVICE_ACCOUNTS]

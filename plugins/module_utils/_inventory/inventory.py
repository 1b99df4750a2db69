# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. Everything that can be said about an inventory without asking the server."""

from __future__ import annotations

import typing as t

from ansible_collections.repro.stack.plugins.module_utils._inventory import rules, secrets
from ansible_collections.repro.stack.plugins.module_utils._inventory.specification import Option
from ansible_collections.repro.stack.plugins.module_utils._inventory.variables import Variables
from ansible_collections.repro.stack.plugins.module_utils._minio.buckets import bucket
from ansible_collections.repro.stack.plugins.module_utils._minio.identities import identity

# Lists that a role hands to a module as they are: their entries are what that module takes.
INNER: dict[str, Option] = {
    "minio_buckets": {"options": bucket.ARGUMENTS},
    "minio_service_accounts": {
        "options": {
            key: option for key, option in identity.arguments(identity.SERVICE_ACCOUNTS).items() if key != "secret"
        }
    },
}


def inventory_problems(
    declared: t.Mapping[str, t.Any],
    evaluate: t.Callable[[str], t.Any],
    roles: t.Mapping[str, t.Mapping[str, Option]],
    *,
    used: t.Collection[str],
    internal: t.Collection[str] = (),
    written: t.Collection[str] = (),
) -> list[str]:
    """One sentence for each problem; ``roles`` are the options of all roles, ``used`` names those that will run.

    ``written`` names what the inventory itself gives, unlike plays, facts and results. A role that is not used still
    has its variables known and their values checked, but none of them is required.
    """
    every = {name: {**INNER.get(name, {}), **option} for options in roles.values() for name, option in options.items()}
    active = {name: option for role in used for name, option in roles[role].items()}
    required = [name for name, option in active.items() if option.get("required") and not option.get("no_log")]
    variables = Variables(declared, evaluate, every, internal)
    agreements = [*secrets.problems(variables, active), *rules.problems(variables)]
    return [*variables.wrong_names(roles, required, written), *variables.wrong_values(), *agreements]

# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The border to Ansible: the only place that calls exit_json and fail_json."""

from __future__ import annotations

import importlib
import platform
import sys
import typing as t

from ansible_collections.repro.stack.plugins.module_utils._errors import MissingLibraryError, StackError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Outcome, Resource, State, reconcile

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

STATE: dict[str, t.Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}


def library(name: str, package: str | None = None) -> t.Any:
    """Import a third-party library, or say which package to install for which Python on which host."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingLibraryError(
            f"The Python package {package or name} is missing for {sys.executable} on {platform.node()}: "
            "install it there, or set ansible_python_interpreter to the environment made by the role module_runtime"
        ) from error


def run_resource(
    module: AnsibleModule, open_resource: t.Callable[[], Resource], key: str, *attributes: str
) -> t.NoReturn:
    """Reconcile one resource with the module's options named in ``attributes``; return it under ``key``."""

    def work() -> Outcome:
        desired: State | None = None
        if module.params["state"] == "present":
            desired = {name: module.params[name] for name in attributes}
        return reconcile(open_resource(), desired, check_mode=module.check_mode)

    run_outcome(module, work, key)


def run_outcome(
    module: AnsibleModule, work: t.Callable[[], Outcome], key: str, **extra: t.Callable[[], t.Any]
) -> t.NoReturn:
    """Report an outcome with its diff; ``extra`` return values are asked for after the work."""
    try:
        outcome = work()
        returned = {name: value() for name, value in extra.items()}
    except StackError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=outcome.changed,
        diff={"before": outcome.before or {}, "after": outcome.after or {}},
        **{key: outcome.after},
        **returned,
    )


def run_info(module: AnsibleModule, read: t.Callable[[], dict[str, t.Any]]) -> t.NoReturn:
    """Report what was read; nothing can have changed."""
    try:
        found = read()
    except StackError as error:
        module.fail_json(msg=str(error), **error.found)
    module.exit_json(changed=False, **found)

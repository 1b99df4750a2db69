# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible.vars.manager import VariableManager
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._inventory.inventory import inventory_problems

ROLES = Path(__file__).resolve().parents[2] / "roles"


class ActionModule(ActionBase):
    """Checks all variables of the collection's roles at once; nothing is sent to the host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            {"roles": {"type": "list", "elements": "str", "required": True}}
        )
        specifications = {path.parent.parent.name: options(path) for path in ROLES.glob("*/meta/argument_specs.yml")}
        if strangers := sorted(set(arguments["roles"]) - set(specifications)):
            raise AnsibleError(f"The collection has no role named {', '.join(strangers)}")
        problems = inventory_problems(
            task_vars,
            lambda name: self._evaluate(task_vars[name]),
            specifications,
            used=arguments["roles"],
            internal={name for path in ROLES.glob("*/vars/*.yml") for name in load(path)},
            written=self._written(task_vars),
        )
        if not problems:
            return {"changed": False}
        head = f"Nothing was changed, because the inventory of {task_vars['inventory_hostname']} cannot work:"
        return {"failed": True, "msg": "\n- ".join([head, *problems])}

    def _written(self, task_vars):
        """The names that the inventory and the command line give: what one knows of whom no play has told anything."""
        inventory = task_vars["hostvars"]._inventory
        newcomer = VariableManager(loader=self._loader, inventory=inventory)
        host = inventory.get_host(task_vars["inventory_hostname"])
        found = newcomer.get_vars(host=host, include_hostvars=False)
        return set(found) - set(found.get("ansible_facts", {}))  # facts of earlier runs may be kept

    def _evaluate(self, value):
        try:
            return self._templar.template(value)
        except AnsibleError as error:
            raise StackError(str(error)) from error


def load(path):
    return yaml_load(path.read_text()) or {}


def options(path):
    """The options of all entry points of a role, with the defaults that the role really gives."""
    given = path.parent.parent / "defaults" / "main.yml"
    defaults = load(given) if given.exists() else {}
    points = load(path)["argument_specs"].values()
    return {
        name: {**option, "default": defaults[name]} if name in defaults else option
        for point in points
        for name, option in (point.get("options") or {}).items()
    }

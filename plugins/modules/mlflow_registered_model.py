#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mlflow_registered_model
short_description: Keep a registered model in MLflow
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates the name under which versions of a model are kept, keeps its description, tags and aliases, or removes it.
  - To promote one version use M(repro.stack.mlflow_model_version).
extends_documentation_fragment:
  - repro.stack.mlflow
  - repro.stack.attributes
options:
  name:
    description: Name of the model.
    type: str
    required: true
  description:
    description: What the model is for.
    type: str
  tags:
    description:
      - All tags of the model.
      - Those that begin with C(mlflow.) belong to MLflow and are left alone unless they are named here.
    type: dict
  aliases:
    description: All aliases of the model, each with the version that it points to.
    type: dict
  force:
    description: Whether O(state=absent) removes a model that has versions, and the versions with it.
    type: bool
    default: false
  state:
    description: Whether the model exists.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Keep the model churn
  repro.stack.mlflow_registered_model:
    endpoint: http://127.0.0.1:5000
    name: churn
    description: Who will leave next month
    tags:
      team: growth
"""

RETURN = r"""
registered_model:
  description: The model as it is now; empty once it is removed.
  returned: success
  type: dict
  sample:
    name: churn
    description: Who will leave next month
    tags:
      team: growth
    aliases:
      champion: "3"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import ARGUMENTS, as_text, connect
from ansible_collections.repro.stack.plugins.module_utils._mlflow.registered_model import RegisteredModel
from ansible_collections.repro.stack.plugins.module_utils._module import STATE, run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str", "required": True},
            "description": {"type": "str"},
            "tags": {"type": "dict"},
            "aliases": {"type": "dict"},
            "force": {"type": "bool", "default": False},
            "state": STATE,
        },
        supports_check_mode=True,
    )
    name, tags = module.params["name"], module.params["tags"]
    absent = module.params["state"] == "absent"
    desired = {
        "name": name,
        "description": module.params["description"],
        "tags": as_text(tags),
        "aliases": as_text(module.params["aliases"]),
    }

    def work():
        keep_versions = absent and not module.params["force"]
        model = RegisteredModel(connect(module), name, tags, keep_versions=keep_versions)
        return reconcile(model, None if absent else desired, check_mode=module.check_mode)

    run_outcome(module, work, "registered_model")


if __name__ == "__main__":
    main()

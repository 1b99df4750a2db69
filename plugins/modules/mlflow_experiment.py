#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mlflow_experiment
short_description: Keep an MLflow experiment
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Creates an experiment, keeps its tags, or deletes it. MLflow keeps what is deleted, name included, until its own
    garbage collection; so an experiment that was deleted is restored with its runs.
extends_documentation_fragment:
  - repro.stack.mlflow
  - repro.stack.attributes
options:
  name:
    description: Name of the experiment.
    type: str
    required: true
  artifact_location:
    description:
      - Where its artifacts are kept, fixed at its creation.
      - The server's own place if not given, which is right for clients without keys of the object store.
    type: str
  tags:
    description:
      - All tags of the experiment.
      - Those that begin with C(mlflow.) belong to MLflow and are left alone unless they are named here.
    type: dict
  state:
    description: Whether the experiment exists.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Keep the team's first experiment
  repro.stack.mlflow_experiment:
    endpoint: http://127.0.0.1:5000
    name: hello-mlflow
    tags:
      team: platform
"""

RETURN = r"""
experiment:
  description: The experiment as it is now; empty once it is deleted.
  returned: success
  type: dict
  sample:
    name: hello-mlflow
    artifact_location: mlflow-artifacts:/1
    lifecycle_stage: active
    tags:
      team: platform
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import ARGUMENTS, as_text, connect
from ansible_collections.repro.stack.plugins.module_utils._mlflow.experiment import ACTIVE, Experiment
from ansible_collections.repro.stack.plugins.module_utils._module import STATE, run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str", "required": True},
            "artifact_location": {"type": "str"},
            "tags": {"type": "dict"},
            "state": STATE,
        },
        supports_check_mode=True,
    )
    name, location, tags = (module.params[key] for key in ("name", "artifact_location", "tags"))
    absent = module.params["state"] == "absent"
    desired = {"name": name, "artifact_location": location, "lifecycle_stage": ACTIVE, "tags": as_text(tags)}

    def work():
        experiment = Experiment(connect(module), name, tags, keep_deleted=absent)
        return reconcile(experiment, None if absent else desired, check_mode=module.check_mode)

    run_outcome(module, work, "experiment")


if __name__ == "__main__":
    main()

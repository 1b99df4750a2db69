#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mlflow_model_version
short_description: Promote a version of a registered model
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Gives one version of a registered model a stage, an alias, or both. Which version is meant is said by its number, by
    the run that made it, or by a Git tag; exactly one version must answer to that.
extends_documentation_fragment:
  - repro.stack.mlflow
  - repro.stack.attributes
options:
  name:
    description:
      - Name of the model.
      - Not needed if O(git_tag) names it.
    type: str
  version:
    description: Number of the version.
    type: int
  run_id:
    description: The run that made the version.
    type: str
  git_tag:
    description:
      - A Git tag of the form C(model/<name>/<stage>/<version>), which says everything.
      - Or any other Git tag or commit that the version records in its tag C(git_tag), C(git.tag) or
        C(mlflow.source.git.commit). Where no version does, the same tags of the runs that made the versions count.
    type: str
  stage:
    description: The stage that the version is to have. Left alone if neither this nor O(git_tag) names one.
    type: str
    choices: [None, Staging, Production, Archived]
  archive_existing:
    description: Whether other versions in V(Staging) or V(Production) become V(Archived) when this one gets there.
    type: bool
    default: true
  alias:
    description: Alias that is to point to the version.
    type: str
"""

EXAMPLES = r"""
- name: Promote the version that was trained at a commit
  repro.stack.mlflow_model_version:
    endpoint: http://127.0.0.1:5000
    name: churn
    git_tag: 5f1c2a9e0b7d4c3e8a6f1b2d3c4e5f60718293a4
    stage: Production
    alias: champion

- name: Do what the Git tag model/churn/Production/3 says
  repro.stack.mlflow_model_version:
    endpoint: http://127.0.0.1:5000
    git_tag: model/churn/Production/3
"""

RETURN = r"""
model_version:
  description: The version as it is now.
  returned: success
  type: dict
  sample:
    name: churn
    version: "3"
    run_id: 0c5d5cbd2d1a6cd8a1e0a5d0b5f9a2b6
    stage: Production
    others_in_stage: []
    aliases:
      champion: "3"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._mlflow.connection import ARGUMENTS, connect
from ansible_collections.repro.stack.plugins.module_utils._mlflow.model_version import (
    STAGES,
    Model,
    ModelVersion,
    desired_state,
    read_request,
    select,
)
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._reconcile import reconcile

WHICH = ("version", "run_id", "git_tag")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "name": {"type": "str"},
            "version": {"type": "int"},
            "run_id": {"type": "str"},
            "git_tag": {"type": "str"},
            "stage": {"type": "str", "choices": list(STAGES)},
            "archive_existing": {"type": "bool", "default": True},
            "alias": {"type": "str"},
        },
        mutually_exclusive=[WHICH],
        required_one_of=[WHICH],
        supports_check_mode=True,
    )
    given = module.params

    def work():
        request = read_request(given)
        model = Model(connect(module), request.name)
        version = select(request.name, request.which, model.versions(), model.run_tags)
        desired = desired_state(version, request.stage, given["alias"], archive_existing=given["archive_existing"])
        found = ModelVersion(model, version, request.stage, given["alias"])
        return reconcile(found, desired, check_mode=module.check_mode)

    run_outcome(module, work, "model_version")


if __name__ == "__main__":
    main()

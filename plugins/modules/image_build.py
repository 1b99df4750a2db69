#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build a container image from a context on the server and tell how far it is
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Sends the context to the engine's own builder, which needs no further program.
  - Run it with C(async) and follow it with M(repro.stack.image_progress), since a build can take minutes.
  - The image is built under its name only when the build has succeeded; an interrupted one leaves nothing to use.
extends_documentation_fragment:
  - repro.stack.attributes
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
options:
  name:
    description: Reference that the image gets, with its tag.
    type: str
    required: true
  path:
    description: The build context, a directory on the server with a C(Dockerfile).
    type: path
    required: true
  build_args:
    description: Arguments of the build. They stay readable in the image, so they are no place for a secret.
    type: dict
    default: {}
  progress_file:
    description: File whose single line always says how far the build is.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Build the image of the object store
  repro.stack.image_build:
    name: repro-stack/minio:0123456789abcdef
    path: /opt/repro/images/minio
    progress_file: /opt/repro/images/minio.progress
  async: 5400
  poll: 0
"""

RETURN = r"""
image:
  description: The image's id and how long the build took.
  returned: success
  type: dict
  sample:
    id: sha256:0123
    seconds: 271
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._module import run_outcome
from ansible_collections.repro.stack.plugins.module_utils._server.image import build


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "build_args": {"type": "dict", "default": {}},
            "progress_file": {"type": "path", "required": True},
        },
    )
    run_outcome(module, lambda: build(**module.params), "image")


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_image_trial
short_description: Refuse a MinIO image that believes forged requests
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Starts a server of the image with its data in memory and secrets of its own, sends it the requests of
    CVE-2026-41145 and CVE-2026-40344 in every known spelling and version 2 URLs that name two keys, and removes it.
  - Fails where one of them was believed. The version that a server claims proves nothing.
extends_documentation_fragment:
  - repro.stack.attributes.info
options:
  image:
    description: Reference of an image that is on this host.
    type: str
    required: true
  wait:
    description: Seconds to wait for the server of the trial.
    type: float
    default: 60.0
"""

EXAMPLES = r"""
- name: Try an upstream image
  repro.stack.minio_image_trial:
    image: registry.example.org/minio:2026-02-12
"""

RETURN = r"""
image:
  description: The image that refused every attack.
  returned: success
  type: str
  sample: registry.example.org/minio:2026-02-12
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._minio.attacks.trial import unsafe_attempts
from ansible_collections.repro.stack.plugins.module_utils._module import run_info


def try_image(image: str, wait: float) -> dict[str, str]:
    believed = unsafe_attempts(image, wait=wait)
    if believed:
        raise StackError(
            f"The image {image} believes forged requests ({len(believed)} attacks got through, the first: "
            f"{believed[0].name}). Use the image that this collection builds, or name this one in minio_image_accepted"
        )
    return {"image": image}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "required": True},
            "wait": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )
    run_info(module, lambda: try_image(**module.params))


if __name__ == "__main__":
    main()

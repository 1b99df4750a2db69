# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_progress
short_description: Wait for an image that is being built and show how far it is
version_added: 0.1.0
author:
  - repro.stack contributors (@repro-stack)
description:
  - Waits for a M(repro.stack.image_build) that was started with C(async), prints its progress every few seconds and
    returns its result.
extends_documentation_fragment:
  - repro.stack.attributes
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  action:
    description: Runs on the controller; what it asks the server for goes through other modules.
    support: full
options:
  name:
    description: What to call the image in the progress lines.
    type: str
    required: true
  job:
    description: RV(ignore:ansible_job_id) of the build.
    type: str
    required: true
  progress_file:
    description: The O(repro.stack.image_build#module:progress_file) of the build.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Follow the build
  repro.stack.image_progress:
    name: minio
    job: "{{ build.ansible_job_id }}"
    progress_file: /opt/repro/images/minio.progress
"""

RETURN = r"""
image:
  description: What the build returned.
  returned: success
  type: dict
"""

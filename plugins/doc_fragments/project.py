# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    PROJECTS = r"""
options:
  projects:
    description: The projects.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the project, and of its folders.
        type: str
        required: true
      members:
        description: The members, each with V(read) or V(write).
        type: dict
      teams:
        description: The teams, each with V(read) or V(write) for all its members.
        type: dict
      deletion:
        description: Whether there is a key C(<project>-deletion) that may delete.
        type: bool
      usage_limit:
        description: What the project should hold at most, such as V(500GiB).
        type: str
"""

    TEAMS = r"""
options:
  teams:
    description: The teams that projects name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the team.
        type: str
        required: true
      members:
        description: Its members.
        type: list
        elements: str
        default: []
"""

    BUCKETS = r"""
options:
  datasets_bucket:
    description: Bucket of the sources.
    type: str
    default: datasets
  dvc_bucket:
    description: Bucket of the DVC remotes.
    type: str
    default: dvc
"""

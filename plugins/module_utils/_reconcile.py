# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. The one place that decides what is changed.

A state is a plain dictionary of stable, managed fields in the user's words. In a desired state a missing key (or None)
means "leave it alone"; an empty value means "clear it". Secrets never enter a state: a resource that holds one says
SECRET_AS_DECLARED or SECRET_DIFFERS in its place.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.repro.stack.plugins.module_utils._errors import ImmutableFieldError

State = dict[str, t.Any]

SECRET_AS_DECLARED = "as declared"  # noqa: S105 - a word for the diff, not a secret
SECRET_DIFFERS = "different from the declared one"  # noqa: S105 - a word for the diff, not a secret


class Resource:
    """One thing in a service: ``label`` is what errors call it, ``immutable`` the fields fixed at its creation."""

    label: str = ""
    immutable: tuple[str, ...] = ()

    def read(self) -> State | None:
        """The current state, or None where the thing does not exist."""
        raise NotImplementedError

    def create(self, desired: State) -> None:
        raise NotImplementedError

    def update(self, changes: State) -> None:
        """Write ``changes``, the desired fields that differ from what read() told."""
        raise NotImplementedError

    def delete(self) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Outcome:
    """What was found, what is there now (in check mode: what would be), and whether a write was (or would be) made.

    ``changed`` is set where the write is decided and is not ``before != after``: a rotated secret reads back the same.
    """

    before: State | None
    after: State | None
    changed: bool


def reconcile(resource: Resource, desired: State | None, *, check_mode: bool) -> Outcome:
    """Bring ``resource`` to ``desired`` (None: it must not exist)."""
    before = resource.read()
    if desired is None:
        if before is not None and not check_mode:
            resource.delete()
        return Outcome(before, None, changed=before is not None)
    wanted = {key: value for key, value in desired.items() if value is not None}
    if before is None:
        if check_mode:
            return Outcome(None, wanted, changed=True)
        resource.create(wanted)
        return Outcome(None, resource.read(), changed=True)
    changes = {key: value for key, value in wanted.items() if before.get(key) != value}
    if not changes:
        return Outcome(before, before, changed=False)
    _refuse_immutable(resource, before, changes)
    if check_mode:
        return Outcome(before, {**before, **changes}, changed=True)
    resource.update(changes)
    return Outcome(before, resource.read(), changed=True)


def reconcile_each(
    resources: t.Mapping[str, Resource],
    desired: t.Mapping[str, State | None],
    *,
    check_mode: bool,
    parallel: int = 8,
) -> Outcome:
    """Bring every named resource to its desired state, at most ``parallel`` at a time.

    The outcome's states map names to states and hold only what differs, so that the diff of a thousand is readable.
    Where one fails the others are still brought to their state, then the first failure (in the order given) is raised.
    """
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        running = {
            name: pool.submit(reconcile, resources[name], wanted, check_mode=check_mode)
            for name, wanted in desired.items()
        }
    outcomes = {name: future.result() for name, future in running.items()}
    changed = {name: outcome for name, outcome in outcomes.items() if outcome.changed}
    return Outcome(
        {name: outcome.before for name, outcome in changed.items()},
        {name: outcome.after for name, outcome in changed.items()},
        changed=bool(changed),
    )


def _refuse_immutable(resource: Resource, before: State, changes: State) -> None:
    where = f"{resource.label}: " if resource.label else ""
    for field in resource.immutable:
        if field in changes:
            raise ImmutableFieldError(
                f"{where}{field} is {before.get(field)!r} and cannot become {changes[field]!r}: it is fixed at creation"
            )

"""reconcile() decides every `changed` of the collection: six outcomes, each in check mode and for real."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import ImmutableFieldError
from ansible_collections.repro.stack.plugins.module_utils._reconcile import Resource, State, reconcile, reconcile_each


class Shelf(Resource):
    """A resource in memory that records its writes."""

    immutable = ("colour",)

    def __init__(self, state: State | None) -> None:
        self.state = state
        self.writes: list[tuple[str, t.Any]] = []

    def read(self) -> State | None:
        return None if self.state is None else dict(self.state)

    def create(self, desired: State) -> None:
        self.writes.append(("create", desired))
        self.state = {"colour": "white", "books": [], **desired}

    def update(self, changes: State) -> None:
        self.writes.append(("update", changes))
        self.state = {**(self.state or {}), **changes}

    def delete(self) -> None:
        self.writes.append(("delete", None))
        self.state = None


FULL = {"colour": "red", "books": ["a"]}


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(
    ("current", "desired", "changed", "write", "after"),
    [
        pytest.param(None, FULL, True, ("create", FULL), FULL, id="create"),
        pytest.param(FULL, FULL, False, None, FULL, id="unchanged"),
        pytest.param(FULL, {"books": ["b"]}, True, ("update", {"books": ["b"]}), {**FULL, "books": ["b"]}, id="modify"),
        pytest.param(FULL, {"colour": None, "books": None}, False, None, FULL, id="none-is-left-alone"),
        pytest.param(FULL, {"books": []}, True, ("update", {"books": []}), {**FULL, "books": []}, id="empty-clears"),
        pytest.param(FULL, None, True, ("delete", None), None, id="delete"),
        pytest.param(None, None, False, None, None, id="absent-already"),
    ],
)
def test_outcome(current, desired, changed, write, after, check_mode):
    shelf = Shelf(current)
    outcome = reconcile(shelf, desired, check_mode=check_mode)
    assert (outcome.before, outcome.after, outcome.changed) == (current, after, changed)
    assert shelf.writes == ([] if check_mode or write is None else [write])


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
def test_a_field_fixed_at_creation_is_refused(check_mode):
    shelf = Shelf(FULL)
    with pytest.raises(ImmutableFieldError, match="colour is 'red' and cannot become 'blue'"):
        reconcile(shelf, {"colour": "blue", "books": []}, check_mode=check_mode)
    assert shelf.writes == []


def test_each_of_many_reports_only_what_differs_and_completes_the_others():
    shelves = {"same": Shelf(FULL), "new": Shelf(None), "fixed": Shelf(FULL), "old": Shelf(FULL)}
    with pytest.raises(ImmutableFieldError):
        reconcile_each(shelves, {"same": FULL, "new": FULL, "fixed": {"colour": "blue"}, "old": None}, check_mode=False)
    assert shelves["new"].state == FULL and shelves["old"].state is None
    shelves["new"].state = None
    outcome = reconcile_each(shelves, {"same": FULL, "new": FULL}, check_mode=True)
    assert (outcome.before, outcome.after, outcome.changed) == ({"new": None}, {"new": FULL}, True)

"""People who take assessments, and the worker that grades them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from models.identity import Role
from tests.assessment.taking import Taker
from tests.identity.conftest import doorkeeper, newcomer, post, staff, visitor
from tests.jobs.crews import working
from tests.support.clients import Client
from workers.assessment import expire_attempts, grade_attempt, regrade_assessment, summarise_results

__all__ = ["doorkeeper", "newcomer", "post", "staff", "visitor"]

Staff = Callable[[Role], tuple[str, Client]]


@pytest.fixture(scope="module")
def grader(database_url: str) -> Iterator[None]:
    """A worker that grades what is handed in, and ends what is over."""
    actors = (grade_attempt, expire_attempts, regrade_assessment, summarise_results)
    with working(database_url, *actors, threads=2):
        yield


@pytest.fixture
def taker(staff: Staff, empty: None) -> Callable[[], Taker]:
    """`taker()` is somebody new who is signed in."""
    return lambda: Taker(staff(Role.LEARNER)[1])


@pytest.fixture
def author(staff: Staff, empty: None) -> Client:
    """Somebody who writes assessments."""
    return staff(Role.EDITOR)[1]

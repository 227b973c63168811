"""Facts of attempts, of grading them, of what they measure, and of addresses that are left with them."""

from __future__ import annotations

import pydantic

from core.events import Fact

_say = pydantic.Field


class OfAttempt(Fact):
    """Something happened to somebody's attempt at an assessment. How they did is not said here."""

    assessment_id: str = _say(description="The assessment.")
    user_id: str = _say(description="Whose attempt it is.")


class AttemptStarted(OfAttempt, type="attempt.started", subject="attempt"):
    """Somebody began an assessment."""


class AttemptSubmitted(OfAttempt, type="attempt.submitted", subject="attempt"):
    """An attempt was handed in, or its time was up."""


class AttemptGraded(OfAttempt, type="attempt.graded", subject="attempt"):
    """An attempt is graded."""


class AttemptRegraded(OfAttempt, type="attempt.regraded", subject="attempt"):
    """An attempt that was graded came to something else: a grader changed their mind, or a key was corrected."""


class AnswerGraded(Fact, type="answer.graded", subject="grading"):
    """Somebody said what an answer is worth, or said it anew. How much that is, and whose it is, is not said here."""

    assessment_id: str = _say(description="The assessment.")
    attempt_id: str = _say(description="The attempt that the answer belongs to.")
    block_id: str = _say(description="The question.")


class OfAccommodation(Fact):
    """Something about more time or more attempts for somebody. How much, and why, is not said here."""

    assessment_id: str = _say(description="The assessment.")
    user_id: str = _say(description="Who has more.")


class AccommodationGranted(OfAccommodation, type="accommodation.granted", subject="accommodation"):
    """Somebody has more time or more attempts than others, or has another amount of it."""


class AccommodationRevoked(OfAccommodation, type="accommodation.revoked", subject="accommodation"):
    """Somebody has no more time and attempts than others any more."""


class ScaleBandReached(OfAttempt, type="scale.band_reached", subject="attempt"):
    """An attempt has a score in a band of a scale. Which one it is stands in the attempt, for those who may see it."""

    # It is recorded whichever band it is, and for each scale that has any, so that it tells nothing of how somebody is.

    scale_id: str = _say(description="The scale.")


class LeadCaptured(Fact, type="lead.captured", subject="lead"):
    """Somebody left an address with a scorecard."""

    assessment_id: str = _say(description="The scorecard.")


class LeadConverted(Fact, type="lead.converted", subject="lead"):
    """Somebody who left an address has an account."""

    user_id: str = _say(description="The account.")

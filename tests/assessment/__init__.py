"""Taking assessments: attempts, answers, grading."""

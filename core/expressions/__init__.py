"""Conditions that editors write, such as `mood < 4 and not answered(sleep)`: read, checked, put into words, evaluated.

The language is total (an expression always comes to an end, and to a value or to "not known", whatever it is given),
bounded (in length, depth and the size of its numbers) and typed. It knows no domain: what there is to speak of is
handed in. What holds when something was not answered is three-valued logic, as in SQL: docs/expressions.md.
"""

from core.expressions.checking import Declared, Problem, Scope, check
from core.expressions.evaluating import Value, Values, evaluate, holds
from core.expressions.nodes import Expression, Kind, names
from core.expressions.parsing import MAX_LENGTH, RESERVED, ExpressionError, parse
from core.expressions.wording import in_words, text_in_words, written

__all__ = [
    "MAX_LENGTH",
    "RESERVED",
    "Declared",
    "Expression",
    "ExpressionError",
    "Kind",
    "Problem",
    "Scope",
    "Value",
    "Values",
    "check",
    "evaluate",
    "holds",
    "in_words",
    "names",
    "parse",
    "text_in_words",
    "written",
]

"""Question banks: files of questions in GIFT or Moodle XML, read into the course tree that the importer takes.

`read_bank` and `write_bank` are the whole interface; `docs/question-banks.md` says what becomes what, and what is lost.
"""

from gateways.banks.questions import BankFormat, Category, Kind, Option, Question, Text
from gateways.banks.reading import read_bank
from gateways.banks.writing import cannot, write_bank

__all__ = ["BankFormat", "Category", "Kind", "Option", "Question", "Text", "cannot", "read_bank", "write_bank"]

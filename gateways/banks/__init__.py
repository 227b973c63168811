"""Question banks: files of questions in GIFT or Moodle XML, read into the course tree that the importer takes.

`read_bank` is the whole interface for reading; `docs/question-banks.md` says what becomes what and what is reported.
"""

from gateways.banks.questions import BankFormat
from gateways.banks.reading import read_bank

__all__ = ["BankFormat", "read_bank"]

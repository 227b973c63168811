"""Banks with every kind of question, written for these tests along Moodle's public documentation."""

from __future__ import annotations

GIFT = r"""// Questions about sleep [id:cycle] [tag:sleep]
::A cycle:: How long is a {
  =90 minutes#Yes.
  ~%50%80 minutes#Nearly.
  ~%-20%never
  ~1 hour#No.
####It varies from 70 to 120.} of sleep?

$CATEGORY: $course$/top/Nature/Numbers

How many hours a night? {#8:1}

A range. {#=%100%6..9#Good. =%50%5:0.5#Little.}

[markdown]The *sun* is a star.{T#It is.#Right.}

::Capitals::Match. {
 =Canada -> Ottawa
 =Italy -> Rome
 =Japan -> Tokyo
}

$CATEGORY: Nature/Words

Two \{ braces \}, and 1 \= 1 \: true? {=yes =%50%y*#Nearly}

Pick all even numbers. {~%33.33333%2 ~%33.33333%4 ~%33.33333%6 ~%-50%5}

[html]<p>Tell us <b>everything</b>.</p>{}

Only something to read.
"""


def answer(text: str, fraction: str = "100", feedback: str = "", extra: str = "") -> str:
    """An answer as Moodle writes it."""
    said = f"<feedback format='html'><text>{feedback}</text></feedback>"
    return f"<answer fraction='{fraction}' format='html'><text><![CDATA[{text}]]></text>{said}{extra}</answer>"


def question(kind: str, name: str, text: str, inside: str = "", grade: str = "1") -> str:
    """A question as Moodle writes it."""
    return f"""<question type="{kind}"><name><text>{name}</text></name>
      <questiontext format="html"><text><![CDATA[{text}]]></text></questiontext>
      <generalfeedback format="html"><text></text></generalfeedback>
      <defaultgrade>{grade}</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden>{inside}</question>"""


def category(path: str) -> str:
    """Where the questions that follow stand."""
    return f"<question type='category'><category><text>$course$/top/{path}</text></category></question>"


def quiz(*questions: str) -> str:
    """A whole file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<quiz>{"".join(questions)}</quiz>'


PICTURE = "iVBORw0KGgoAAAANSUhEUg=="
MOODLE = quiz(
    category("Sleep"),
    question(
        "multichoice",
        "Cycle",
        '<p>How <b>long</b>? <img src="@@PLUGINFILE@@/clock.png" alt="A clock"></p>',
        f"<idnumber>cycle</idnumber><single>true</single><shuffleanswers>1</shuffleanswers>"
        f"<hint format='html'><text>Think of a film.</text></hint>"
        f"<file name='clock.png' encoding='base64'>{PICTURE}</file>"
        + answer("90 minutes", "100", "Yes")
        + answer("80 minutes", "50")
        + answer("never", "-25"),
        "2",
    ),
    question(
        "multichoice",
        "Even",
        "Which are even?",
        "<single>false</single>"
        + answer("2", "33.33333")
        + answer("4", "33.33333")
        + answer("6", "33.33333")
        + answer("5", "-100"),
    ),
    question("truefalse", "Sun", "The sun is a star.", answer("true", "100", "Right") + answer("false", "0", "It is")),
    question(
        "shortanswer", "Capital", "Capital of Italy?", "<usecase>0</usecase>" + answer("Rome") + answer("Ro*", "50")
    ),
    question(
        "numerical",
        "Length",
        "How long is a marathon?",
        answer("42.195", "100", "", "<tolerance>0.2</tolerance>")
        + answer("*", "0", "No.")
        + "<unitgradingtype>1</unitgradingtype><units><unit><multiplier>1</multiplier><unit_name>km</unit_name></unit>"
        "<unit><multiplier>1000</multiplier><unit_name>m</unit_name></unit></units>",
    ),
    category("Sleep/Words"),
    question(
        "matching",
        "Pairs",
        "Match.",
        "".join(
            f"<subquestion format='html'><text>{left}</text><answer><text>{right}</text></answer></subquestion>"
            for left, right in (("Canada", "Ottawa"), ("Italy", "Rome"), ("", "Paris"))
        ),
    ),
    question("ordering", "Days", "Order them.", answer("Monday", "1") + answer("Tuesday", "1") + answer("Friday", "1")),
    question(
        "essay",
        "Tell",
        "Tell us.",
        "<responseformat>editor</responseformat><minwordlimit>20</minwordlimit><attachments>0</attachments>"
        "<graderinfo format='html'><text>Two reasons.</text></graderinfo>",
    ),
    question(
        "essay", "Hand in", "Hand it in.", "<responseformat>noinline</responseformat><attachments>2</attachments>"
    ),
    question("description", "Read", "<p>Just read.</p>", grade="0"),
    question(
        "cloze",
        "Gaps",
        "<p>Sleep comes in {2:SHORTANSWER:=cycles#Yes~%50%waves} of {1:NUMERICAL:=90:10} minutes, at "
        "{1:MULTICHOICE:day~=night#Right\\~ish}.</p>",
    ),
    question(
        "gapselect",
        "Select",
        "The [[2]] is a [[1]].",
        "".join(
            f"<selectoption><text>{text}</text><group>1</group></selectoption>" for text in ("star", "sun", "moon")
        ),
    ),
    question("calculated", "Sum", "<p>What is {a} + {b}?</p>", answer("{a}+{b}")),
)

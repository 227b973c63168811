"""A small course as Open edX exports it, to be changed by tests: three lessons in two modules.

Its texts begin with a word and a colon, by which tests find them: blocks of text have no title.
"""

from __future__ import annotations

from pathlib import Path

from tests.gateways.olx.exports import write_folder

QUESTION = """<problem display_name="When?"><multiplechoiceresponse>
  <label>When do you rest?</label>
  <choicegroup>
    <choice correct="false">Never</choice>
    <choice correct="true">In the evening<choicehint>Well done.</choicehint></choice>
  </choicegroup>
</multiplechoiceresponse></problem>"""

FILES = {
    "course.xml": '<course url_name="run" org="Org" course="Habits"/>',
    "course/run.xml": """<course display_name="Small habits" language="en">
  <chapter url_name="first"/>
  <chapter url_name="second"/>
</course>""",
    "chapter/first.xml": """<chapter display_name="First week">
  <sequential url_name="morning"/>
  <sequential url_name="evening"/>
</chapter>""",
    "chapter/second.xml": """<chapter display_name="Second week">
  <sequential url_name="review"/>
</chapter>""",
    "sequential/morning.xml": """<sequential display_name="Morning">
  <vertical url_name="wake"/>
  <vertical url_name="eat"/>
</sequential>""",
    "sequential/evening.xml": """<sequential display_name="Evening">
  <vertical url_name="rest"/>
</sequential>""",
    "sequential/review.xml": """<sequential display_name="Review">
  <vertical url_name="quiz"/>
</sequential>""",
    "vertical/wake.xml": """<vertical display_name="Waking">
  <html url_name="light"/>
  <html url_name="water"/>
</vertical>""",
    "vertical/eat.xml": """<vertical display_name="Eating">
  <html url_name="bread"/>
</vertical>""",
    "vertical/rest.xml": """<vertical display_name="Resting">
  <html url_name="sofa"/>
</vertical>""",
    "vertical/quiz.xml": """<vertical display_name="Looking back">
  <problem url_name="when"/>
  <html url_name="end"/>
</vertical>""",
    "problem/when.xml": QUESTION,
    "html/light.xml": '<html filename="light"/>',
    "html/light.html": "<p>Light: open the curtains.</p>",
    "html/water.xml": '<html filename="water"/>',
    "html/water.html": "<p>Water: drink a glass.</p>",
    "html/bread.xml": '<html filename="bread"/>',
    "html/bread.html": "<p>Bread: toast two slices.</p>",
    "html/sofa.xml": '<html filename="sofa"/>',
    "html/sofa.html": "<p>Sofa: sit down.</p>",
    "html/end.xml": '<html filename="end"/>',
    "html/end.html": "<p>End: that was all.</p>",
}


class Habits:
    """The course on disk. Every method changes the export and answers it."""

    def __init__(self, folder: Path) -> None:
        self.path = write_folder(folder, FILES)

    def write(self, file: str, content: str) -> Habits:
        """Writes a file anew."""
        write_folder(self.path, {file: content})
        return self

    def change(self, file: str, old: str, new: str) -> Habits:
        """Replaces a piece of a file, which must be there."""
        text = (self.path / file).read_text()
        assert old in text, text
        return self.write(file, text.replace(old, new))

    def html(self, name: str, content: str) -> Habits:
        """Adds the files of an HTML component."""
        return self.write(f"html/{name}.xml", f'<html filename="{name}"/>').write(f"html/{name}.html", content)

    def without(self, parent: str, category: str, url_name: str) -> Habits:
        """Takes a node out of its parent's file; its own file stays, as in an export after a move."""
        return self.change(parent, f'  <{category} url_name="{url_name}"/>\n', "")

    def including(self, parent: str, category: str, url_name: str, *, after: str | None = None) -> Habits:
        """Adds a node to its parent's file: behind a sibling, or first."""
        added = f'  <{category} url_name="{url_name}"/>\n'
        if after is not None:
            sibling = f'  <{category} url_name="{after}"/>\n'
            return self.change(parent, sibling, sibling + added)
        text = (self.path / parent).read_text()
        head, newline, rest = text.partition("\n")
        return self.write(parent, head + newline + added + rest)

"""Answer fields inside tables, lists and sentences: the text keeps numbered gaps, each question names its own."""

import copy
from collections.abc import Callable
from xml.etree.ElementTree import Element

from gateways.olx.xml import parents, replace, text_of

GAP = "___"


def with_gaps(element: Element, is_response: Callable[[Element], bool], labels: list[str]) -> Element:
    """A copy of the element with the labels in the place of its answer fields."""
    gapped = copy.deepcopy(element)
    above = parents(gapped)
    for response, label in zip([inner for inner in gapped.iter() if is_response(inner)], labels, strict=True):
        replace(above[response], response, label)
    return gapped


def gap_prompt(whole: Element, response: Element, label: str) -> str:
    """What the gap stands for: its row and column in a table; elsewhere the sentence around it."""
    above = parents(whole)
    chain = [response]
    while chain[-1] in above:
        chain.append(above[chain[-1]])
    cell = next((element for element in chain if element.tag in ("td", "th")), None)
    headings = _headings(chain, cell) if cell is not None else []
    return f"{label} {' – '.join(headings)}" if headings else _sentence(chain, label)


def _headings(chain: list[Element], cell: Element) -> list[str]:
    row = next((element for element in chain if element.tag == "tr"), None)
    table = next((element for element in chain if element.tag == "table"), None)
    if row is None or table is None:
        return []
    cells = list(row)
    column = cells.index(cell) if cell in cells else 0
    first_row = next(iter(table.iter("tr")), None)
    texts = [text_of(cells[0]) if column else ""]
    if first_row is not None and first_row is not row and column < len(first_row):
        texts.append(text_of(first_row[column]))
    return [text for text in texts if text]


def _sentence(chain: list[Element], label: str) -> str:
    around = next((e for e in chain[1:] if e.tag in ("p", "li", "td", "th", "div", "dd")), chain[-1])
    gapped = copy.deepcopy(around)
    for inner in [e for e in gapped.iter() if e.tag.endswith("response")]:
        for child in list(inner):
            inner.remove(child)
        inner.text = GAP
    return f"{label} {text_of(gapped)}"

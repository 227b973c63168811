"""Charts of what comes after what: boxes in one column, frames around some of them, arrows that lead further down.

A chart knows no domain. It is said as text, as Mermaid, and drawn as SVG; whatever its words hold, they stay words.
"""

from core.flowcharts.charts import Arrow, Box, Chart, Frame
from core.flowcharts.mermaid import mermaid
from core.flowcharts.outline import outline
from core.flowcharts.svg import svg

__all__ = ["Arrow", "Box", "Chart", "Frame", "mermaid", "outline", "svg"]

"""Pages about what was trained: the parts that all pages share, the report of a run, and runs side by side."""

from nn.report.charts import Axis, Chart, Histogram, Series, heat, lines, ridges
from nn.report.comparison import compare
from nn.report.page import Page, as_json, assets
from nn.report.run import RunReport

__all__ = ["Axis", "Chart", "Histogram", "Page", "RunReport", "Series", "as_json", "assets", "compare", "heat", "lines"]
__all__ += ["ridges"]

"""Pages about what was trained: the parts that all pages share, the report of a run, and runs side by side."""

from nn.report.charts import Axis, Chart, Histogram, Series, heat, lines, ridges
from nn.report.page import Page, as_json, assets

__all__ = ["Axis", "Chart", "Histogram", "Page", "Series", "as_json", "assets", "heat", "lines", "ridges"]

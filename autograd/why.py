"""An explanation as a page: how the derivative flows through the modules, and the routes to light up in it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from autograd.draw.html import filled

if TYPE_CHECKING:
    from autograd.routes import Explanation


def page_of(found: Explanation) -> str:
    """The page."""
    through = [0.0] * len(found.visits)
    for (_, head), value in found.flows.items():
        through[head] += value
    through[0] = found.gradient
    last = len(found.visits) - 1
    names = [found.name, *found.visits[1:last], found.visits[last] or found.loss]
    data = {
        "boxes": [
            {"name": name or "outside of modules", "flow": f"{value:.4g}", "share": found.share(value)}
            for name, value in zip(names, through)
        ],
        "edges": [
            {"tail": tail, "head": head, "flow": value / found.gradient if found.gradient else 0.0}
            | {"text": f"{value:.4g}" + (f" ({found.share(value)})" if found.gradient else "")}
            for (tail, head), value in found.flows.items()
        ],
        "routes": [[step.partition(" (")[0] for step in route.steps] for route in found.routes],
    }
    parts = {"title": html.escape(f"Why is {found.derivative} = {found.gradient:.6g}?"), "table": table_of(found)}
    return filled("why.html", ("layout.js", "why.js"), data, heading=html.escape(found.heading), **parts)


def table_of(found: Explanation) -> str:
    """The routes as a table of HTML, each with a bar as long as its contribution, and below it the modules."""
    largest = max([abs(row.contribution) for row in found.rows] + [abs(x) for x in found.modules.values()], default=0)

    def row(value: float, text: str, kind: str) -> str:
        width = 100 * abs(value) / largest if largest else 0
        bar = f'<i class="{"minus" if value * found.gradient < 0 else "plus"}" style="width: {width:.1f}%"></i>'
        text = html.escape(text).replace(" → ", " →<wbr> ")
        number = f"<td>{value:.6g}</td><td>{found.share(value)}</td>"
        return f'<tr class="{kind}">{number}<td class="what"><div class="bar">{bar}</div>{text}</td></tr>'

    def head(last: str) -> str:
        return f"<tr><th>contribution</th><th>share</th><th>{last}</th></tr>"

    routes = [row(one.contribution, str(one), "route" if one in found.routes else "others") for one in found.rows]
    modules = [row(value, text, "module") for text, value in found.places()]
    return "".join(
        f"<table><thead>{head(title)}</thead><tbody>{''.join(rows)}</tbody></table>"
        for title, rows in (("route", routes), ("all routes through", modules))
    )

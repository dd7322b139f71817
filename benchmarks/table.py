"""The results of a row as text and as lines of a Markdown table."""

from __future__ import annotations

from benchmarks.timing import OURS, Result, Row

HEAD = "| row | library | median | quartiles | ours / its | limit |\n| --- | --- | ---: | ---: | ---: | --- |"


def ratio(results: dict[str, Result], ours: str, peer: str) -> float | None:
    """Our median over the peer's."""
    have = all(name in results and results[name].times for name in (ours, peer))
    return results[ours].median / results[peer].median if have else None


def best_of_ours(results: dict[str, Result]) -> str:
    """The variant that the limits are for: with the extra where it was measured."""
    return "fast" if "fast" in results and results["fast"].times else "numpy"


def shares(row: Row, results: dict[str, Result], peer: str) -> list[tuple[str, float, float | None]]:
    """Who of ours, its median over the peer's, and the most that this is to be; nothing for exponents."""
    if peer in OURS or not row.unit:
        return []
    best = best_of_ours(results)
    limits = row.at_most if best != "numpy" else row.at_most | row.numpy_at_most
    asked = [(best, limits.get(peer))]
    if best != "numpy" and peer in row.numpy_at_most:
        asked.append(("numpy", row.numpy_at_most[peer]))
    return [(who, share, limit) for who, limit in asked if (share := ratio(results, who, peer)) is not None]


def differs(row: Row, results: dict[str, Result], name: str) -> bool:
    """Whether a contender's loss is not that of the first."""
    reference = next((r.loss for r in results.values() if r.times), 0.0)
    within = row.loss_within
    return within is not None and abs(results[name].loss - reference) > within * max(abs(reference), 1e-3)


def _label(name: str) -> str:
    return f"ours ({name})" if name in OURS else name


def _numbers(row: Row, result: Result) -> tuple[str, str]:
    low, high = (t / row.per for t in result.spread)
    median = result.median / row.per
    rate = f" ({1e3 / median:.3g} {row.rate})" if row.rate else ""
    return f"{median:.3f} {row.unit}{rate}", f"{low:.3f} to {high:.3f}"


def _verdict(share: float, limit: float | None) -> str:
    return "" if limit is None else f"{limit}: {'met' if share <= limit else 'MISSED'}"


def lines(row: Row, results: dict[str, Result]) -> list[str]:
    """The row as text: a line a contender."""
    text = [row.name]
    for name, result in results.items():
        if not result.times:
            text.append(f"    {_label(name):16s} skipped: {result.missing}")
            continue
        median, spread = _numbers(row, result)
        line = f"    {_label(name):16s} {median:>14s} [{spread}]"
        for who, share, limit in shares(row, results, name):
            line += f"   {who} / {name} = {share:.3g}"
            line += f" (to be at most {_verdict(share, limit)})" if limit is not None else ""
        if differs(row, results, name):
            line += f"   LOSS {result.loss:.6g}, not the first's"
        text.append(line)
    return text


def in_markdown(row: Row, results: dict[str, Result]) -> list[str]:
    """The row as lines of the table under HEAD."""
    table = []
    for i, (name, result) in enumerate(results.items()):
        title = row.name if i == 0 else ""
        if not result.times:
            table.append(f"| {title} | {_label(name)} | skipped | | | {result.missing} |")
            continue
        median, spread = _numbers(row, result)
        found = shares(row, results, name)
        ratios = ", ".join(f"{share:.3g}" + (" (NumPy only)" if i else "") for i, (_, share, _) in enumerate(found))
        verdicts = ", ".join(verdict for _, share, limit in found if (verdict := _verdict(share, limit)))
        verdicts += " LOSS DIFFERS" if differs(row, results, name) else ""
        table.append(f"| {title} | {_label(name)} | {median} | {spread} | {ratios} | {verdicts} |")
    return table

"""Hooks of mkdocs: the README, CONTRIBUTING.md and the notebooks are pages of the site, without a second copy."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are at the root of the repository, whose links lead from there."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8").replace("](docs/", "](")
        text = text.replace("](CONTRIBUTING.md", "](contributing.md").replace(".ipynb)", ".md)")
        files.append(File.generated(config, page, content=text))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=_markdown(notebook)))
    return files


def _markdown(notebook: Path) -> str:
    """A notebook with the outputs that are stored in it as a page."""
    parts = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source.replace(".ipynb)", ".md)"))
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = {kind: "".join(text) for kind, text in output.get("data", {}).items()}
            if "image/png" in data:
                parts.append(f"![what the code draws](data:image/png;base64,{data['image/png'].strip()})")
            elif "image/svg+xml" in data:
                picture = base64.b64encode(data["image/svg+xml"].encode()).decode()
                parts.append(f"![the graph that the code draws](data:image/svg+xml;base64,{picture})")
            else:
                parts.append(f"```text\n{''.join(output.get('text', '')) or data['text/plain']}\n```")
    return "\n\n".join(parts)

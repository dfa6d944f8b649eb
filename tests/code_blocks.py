"""What pages in Markdown hold as code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def blocks(language, page="README.md"):
    """A page's code blocks in a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

"""What is read from a card: its text without marks, in Python's signs."""

import html
import re


def plain(text):
    return (
        html.unescape(re.sub(r"<[^>]*>", "", text))
        .replace("^", "**")
        .replace("−", "-")
        .replace(" · ", " * ")
        .replace("\xa0", " ")
    )

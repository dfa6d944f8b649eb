"""What is read from a card: its text without marks, in Python's signs, and colours for writing one."""

import html
import re

COLOURS = dict.fromkeys(("text", "muted", "accent", "good", "bad", "line"), "#000000")


def plain(text):
    return (
        html.unescape(re.sub(r"<[^>]*>", "", text))
        .replace("^", "**")
        .replace("−", "-")
        .replace(" · ", " * ")
        .replace("\xa0", " ")
    )

"""Small pictures in Dagster's metadata."""

import base64

import dagster as dg


def inline_png(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """Return a PNG as Markdown that needs no file."""
    text = base64.b64encode(png).decode("ascii")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{text})")

"""Text for a terminal or a pipe whose encoding lacks some characters."""

_PLAIN = str.maketrans(
    {
        "↑": "^",
        "↓": "v",
        "±": "+-",
        "−": "-",
        "≥": ">=",
        "σ": "sigma",
        "∂": "d",
        "‖": "|",
        **dict.fromkeys("─━", "-"),
        **dict.fromkeys("│┃┤├", "|"),
        **dict.fromkeys("┌┐└┘┼┬┴", "+"),
    }
)


def encodable(text: str, encoding: str) -> str:
    """The text in characters of the encoding: others are replaced by similar ones, or by a question mark."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text

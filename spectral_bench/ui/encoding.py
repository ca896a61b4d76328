"""Text for a terminal or a pipe that does not know every character."""

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


def legible(text: str, encoding: str) -> str:
    """The text in characters that the encoding has: what it lacks is paraphrased, or becomes a question mark."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text

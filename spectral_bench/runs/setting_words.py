"""Settings in words, the same in pictures and in what a paper prints: ``lr 0.003, no clipping``."""

import re

from spectral_bench.config.keys import RADIUS, absent

#: What short keys stand for.
_NAMES = {"clip_norm": "clipping at", "dataset": "data set", "num_layers": "layers", "of": "traced loss"}

#: Of some keys, what it means that there is no value. Of others that may be no limit, never, or a value that is worked
#: out: "no steps" would be wrong, and the setting stands as it is typed.
_WITHOUT = {"clip_norm": "no clipping"}

#: Keys whose values are proper names, which stay as they are.
_OF_NAMES = ("dataset", "model", "data", "group")

#: ``lr=0.003``, ``optimizer.lr=0.003``: a key with its value. Places, such as t=0, are mathematics.
_SETTING = re.compile(r"(?<![\w.-])((?:[a-z]\w*\.)*(?:[a-z]\w+|[rmn]))=([^\s;,:()]*[^\s;,:().])( (?=[a-z][\w.]*=))?")

#: A key that is a letter, perhaps with an index.
_LETTER = re.compile(r"([a-z])(\d?)")


def settings_in_words(text: str, space: str = " ", index: str = "") -> str:
    """A text with its settings in words.

    Args:
        text: holds settings as they are typed.
        space: stands between the words of each.
        index: stands before the index of a letter: ``m_1 = 4``.
    """

    def said(found: re.Match[str]) -> str:
        return setting_in_words(found[1], found[2], index).replace(" ", space) + (", " if found[3] else "")

    return _SETTING.sub(said, text)


def setting_in_words(key: str, value: str, index: str = "") -> str:
    """A key with its value: ``lr 0.003``, ``no clipping``, ``not permuted``, ``r = 0.1``; of a model the name alone.

    What null means depends on the key, so it stands as it is typed: ``steps=null``.

    Args:
        key: dotted or not.
        value: as it is typed.
        index: as above.
    """
    name = key.rpartition(".")[2]
    if key in ("model", "model.name"):
        return value
    if key in RADIUS and value == "null":
        value = absent(key)
    if letter := _LETTER.fullmatch(name):
        return f"{letter[1]}{index * bool(letter[2])}{letter[2]} = {value}"
    if value == "null":
        return _WITHOUT.get(name, f"{name}=null")
    words = _NAMES.get(name, name.replace("_", " "))
    if value in ("true", "false"):
        return words if value == "true" else f"not {words}"
    return f"{words} {value if name in _OF_NAMES else value.replace('_', ' ')}"

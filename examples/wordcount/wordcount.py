"""Counts the words of a text: `python -m wordcount FILE`. Knows nothing of being measured."""

import re
import sys
from collections import Counter
from pathlib import Path

_WORD = re.compile(r"[a-z']+")


def count(text: str) -> Counter[str]:
    """Each word in lower case, with how often it occurs."""
    return Counter(_WORD.findall(text.lower()))


if __name__ == "__main__":
    for word, number in count(Path(sys.argv[1]).read_text(encoding="utf-8")).most_common():
        print(number, word)

"""Which encoding a file's bytes are in, from a few samples of it.

The order is from proof to guess: byte order mark, zero bytes, strict UTF-8, what the layouts
expect, how much each reading looks like words of one language, and the general detector last:
records are digits for the most part, too few letters for its statistics.
"""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# its error handler "windows-1252" reads what is no UTF-8
import pipeline_perf.ingest.container.lines  # noqa: F401
from pipeline_perf.ingest.probe import alphabets

#: Longest first: UTF-32's little-endian mark begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)

#: Encodings of a byte a letter, in the order that decides ties, with what is taken off for being
#: rare. Latin-1 is not among them: where it differs from Windows-1252 it has control characters
#: only, which the score finds.
SINGLE = {
    "cp1252": 0.0, "cp1250": 0.03, "mac-roman": 0.04, "cp850": 0.04, "cp437": 0.05,
    "iso8859-2": 0.04, "cp1254": 0.04, "cp852": 0.06,
    "cp1257": 0.06, "cp857": 0.07, "cp1251": 0.02, "koi8-r": 0.04, "cp866": 0.04, "iso8859-5": 0.05,
    "mac-cyrillic": 0.07,
    "cp1253": 0.04, "iso8859-7": 0.05, "cp737": 0.08,
}  # fmt: skip
#: Encodings of two bytes a character, with the characters to expect in them and the scripts that
#: they are used for.
DOUBLE = {
    "cp932": (alphabets.JAPANESE, "KATAKANA HIRAGANA"),
    "euc_jp": (alphabets.JAPANESE, "KATAKANA HIRAGANA"),
    "gb18030": (alphabets.SIMPLIFIED, ""),
    "big5hkscs": (alphabets.TRADITIONAL, ""),
    "euc_kr": (alphabets.KOREAN, "HANGUL"),
}

#: Control characters that text does not have: not tab, line ends, form feed, Ctrl-Z, escape, nor
#: the separators 01 and 1C-1F.
CONTROLS = bytes({*range(2, 32)} - {9, 10, 11, 12, 13, 26, 27, 28, 29, 30, 31}) + b"\x7f"

#: Share of zero bytes past which a file is no text, even as ASCII with padding.
ZEROS = 0.3

#: Below this the detector guesses, and Windows-1252 is the better guess.
LEAST_CONFIDENCE = 0.3

#: From here on a single-byte reading is taken without asking the detector.
SURE_SCORE = 0.2


@dataclass(frozen=True)
class Encoding:
    """A Python codec; `mixed` says that some lines are no UTF-8 and are read byte by byte as
    Windows-1252.
    """

    codec: str
    confidence: float
    mixed: bool = False
    within: str | None = None  # the codec past the byte order mark, where that is another one

    def decode(self, data: bytes) -> str:
        """The text of a sample from anywhere in the file, without byte order marks and without
        what was cut at the edges.
        """
        codec = self.within or self.codec
        if codec == "utf-8":
            return _whole_utf8(data).decode("utf-8", errors="windows-1252").replace("\ufeff", "")
        return (
            codecs.getincrementaldecoder(codec)(errors="replace")
            .decode(data, final=False)
            .replace("\ufeff", "")
        )


def detect(samples: Sequence[bytes], priors: Sequence[str] = ()) -> Encoding | None:
    """The encoding of a file, or None if it is no text.

    `samples[0]` begins the file; the others are from further on. `priors` are codecs to expect;
    they are taken if the file reads well in them.
    """
    head, data = samples[0], b"".join(samples)
    for mark, codec, within in MARKS:
        if head.startswith(mark):
            damaged = within == "utf-8" and not all(_is_utf8(sample) for sample in samples)
            return Encoding(codec, 1.0, mixed=damaged, within=within)
    wide = _wide(head)
    if wide is not None:
        return Encoding(wide, 0.95)
    utf8 = all(_is_utf8(sample) for sample in samples)
    if _is_binary(head, utf8):
        return None
    if utf8:
        return Encoding("utf-8", 1.0)
    # Lines of UTF-8 beyond ASCII hardly ever arise by accident; a good share of them tells of two
    # sources in one file.
    beyond = [line for line in data.splitlines() if not line.isascii()]
    valid = sum(_is_utf8(line, whole=True) for line in beyond)
    best, score = _likeliest(beyond, priors)
    if valid and (valid >= 0.2 * len(beyond) or best in ("cp1252", "iso8859-1")):
        return Encoding("utf-8", 0.8, mixed=True)
    if score > SURE_SCORE:
        return Encoding(best, min(0.9, 0.5 + score / 2))
    return _detected(b"\n".join(beyond)) or Encoding(best, 0.3)


def _is_utf8(sample: bytes, whole: bool = False) -> bool:
    try:
        (sample if whole else _whole_utf8(sample)).decode()
    except UnicodeDecodeError:
        return False
    return True


def _whole_utf8(sample: bytes) -> bytes:
    """A sample without the parts of characters that were cut at its edges."""
    start = 0
    while start < min(3, len(sample)) and sample[start] & 0xC0 == 0x80:
        start += 1
    for back in range(1, min(3, len(sample) - start) + 1):
        byte = sample[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return sample[start : len(sample) - back] if length > back else sample[start:]
        if byte < 0x80:
            break
    return sample[start:]


def _wide(head: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark: digits and delimiters have their zeros always in the
    same bytes.
    """
    if head.count(0) > 0.6 * len(head):
        for codec, high, low in (
            ("utf-32-le", head[3::4], head[0::4]),
            ("utf-32-be", head[0::4], head[3::4]),
        ):
            if high.count(0) == len(high) and low.count(0) <= 0.05 * len(low):
                try:
                    head[: len(head) // 4 * 4].decode(codec)
                except UnicodeDecodeError:
                    continue
                return codec
    even, odd = head[0::2], head[1::2]
    if not odd or b"\0" not in head:
        return None
    zeros = {"utf-16-be": even.count(0) / len(even), "utf-16-le": odd.count(0) / len(odd)}
    codec, other = sorted(zeros, key=lambda c: zeros[c], reverse=True)
    if zeros[codec] < ZEROS or zeros[other] > 0.05:
        return None
    try:
        text = head[: len(head) // 2 * 2].decode(codec)
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return None
        text = head[: error.start].decode(codec)
    strange = sum(
        unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\n\r\f\v\x1a\0"
        for c in text[:4096]
    )
    return codec if strange <= 0.02 * min(len(text), 4096) else None


#: NULs that a write leaves behind that was cut off, or a file made as long as it was to be; no
#: text of two bytes a character has so many in a row.
BLANK_BLOCK = re.compile(rb"\0{16,}")


def _is_binary(head: bytes, utf8: bool) -> bool:
    head = BLANK_BLOCK.sub(b"", head) or head
    zeros = head.count(0)
    controls = len(head) - len(head.translate(None, CONTROLS))
    return zeros > ZEROS * len(head) or controls > max(1, (0.1 if utf8 else 0.02) * len(head))


#: What divides the cells of most files; in others a line is one cell.
BETWEEN_CELLS = re.compile(rb"[,;|\t\r\n\"]+")
#: Bytes of different cells that are weighed: enough for all names of a few hundred records.
WEIGHED = 2048


def _likeliest(beyond: Sequence[bytes], priors: Sequence[str]) -> tuple[str, float]:
    """The best reading of lines beyond ASCII, and how plausible it is (-1 to 1)."""
    sample, size = [], 0
    for cell in dict.fromkeys(
        cell.strip()
        for line in beyond[:500]
        for cell in BETWEEN_CELLS.split(line)
        if not cell.isascii()
    ):
        sample.append(cell[:WEIGHED])
        size += len(cell)
        if size > WEIGHED:
            break
    expected = [codecs.lookup(prior).name for prior in priors]
    best, score = "cp1252", -1.0
    for codec in dict.fromkeys((*(c for c in expected if not c.startswith("utf")), *SINGLE)):
        texts = _decoded(sample, codec)
        if texts is None:
            continue
        # What a layout expects needs no more than to be about as good.
        likeness = (
            _plausibility(texts) + (0.1 if codec in expected else 0.0) - SINGLE.get(codec, 0.0)
        )
        if likeness > score + 1e-9:
            best, score = codec, likeness
    for codec, (common, script) in DOUBLE.items():
        if score < 0.95 and (texts := _decoded(sample, codec)) is not None:
            likeness = _commonness("\n".join(texts), common, script) + (
                0.1 if codec in expected else 0.0
            )
            if likeness > score + 1e-9:
                best, score = codec, likeness
    return best, score


def _decoded(sample: Sequence[bytes], codec: str) -> list[str] | None:
    try:
        return [cell.decode(codec) for cell in sample]
    except UnicodeDecodeError:
        return None


def _commonness(text: str, common: frozenset[str], script: str) -> float:
    """The share of characters beyond ASCII that are everyday ones of a script: 1 like words,
    below 0 like noise.
    """
    points = []
    for before, char, after in zip("\n" + text, text, text[1:] + "\n", strict=False):
        if char.isascii():
            continue
        if any(c.isascii() and c.isalpha() for c in (before, after)):
            points.append(-0.3)  # a Western word whose accent was taken for half a character
        elif char in common:
            points.append(1.0)
        elif script and unicodedata.name(char, "").split(" ")[0] in script.split(" "):
            points.append(0.8)
        elif "\u4e00" <= char <= "\u9fff":
            points.append(alphabets.UNLISTED)
        elif char in "、。・ー「」（）：，　々":
            points.append(0.6)
        else:
            points.append(-0.5)
    return sum(points) / len(points) if points else 0.0


def _plausibility(texts: Sequence[str]) -> float:
    """How well the characters beyond ASCII make words of one language: 1 like words, -1 like
    noise.
    """
    signs = count = 0.0
    words: list[str] = []
    for text in texts:
        padded = f"  {text}  "
        for i in range(2, len(padded) - 2):
            if padded[i].isascii():
                continue
            count += 1
            point = _fit(padded[i - 2 : i + 3])
            if point is None:
                words.append(_letter(padded[i], padded[i + 1]))
            else:
                signs += point
    if not count:
        return 0.0
    return (signs + _of_one_language("".join(sorted(words)))) / count


def _letter(char: str, after: str) -> str:
    """The lower case; Portuguese has õ before e only, so that the one elsewhere counts as
    another letter, Estonian's.
    """
    return "ı" if char == "İ" else "ȭ" if char in "õÕ" and after not in "eE" else char.lower()


@functools.lru_cache(maxsize=64)
def _of_one_language(words: str) -> float:
    """The weight of lower-case letters beyond ASCII in the language that has most of them."""
    script = unicodedata.name(words[0], "").split(" ")[0] if words else ""
    if script in ("CYRILLIC", "GREEK"):
        order = alphabets.CYRILLIC if script == "CYRILLIC" else alphabets.GREEK
        return sum(1.0 - 0.6 * order.index(c) / len(order) if c in order else -0.5 for c in words)
    return max(sum(weights.get(c, alphabets.FOREIGN) for c in words) for weights in _weights())


@functools.cache
def _weights() -> list[dict[str, float]]:
    weights = [
        {
            letter: weight * (1 - alphabets.SLOPE * rank / len(alphabet))
            for rank, letter in enumerate(alphabet)
        }
        for weight, alphabet in alphabets.LANGUAGES
    ]
    return [*weights, dict.fromkeys(alphabets.WESTERN, alphabets.WESTERN_WEIGHT)]


def _fit(around: str) -> float | None:
    """The same of the character in the middle of five; None for a letter that stands where it
    may, whatever its language.
    """
    before, char, after = around[1], around[2], around[3]
    category = unicodedata.category(char)
    if category in ("Ll", "Lu"):
        latin = unicodedata.name(char, "").startswith("LATIN")
        lower = [c.islower() for c in (before, after) if c.isalpha()]
        # An upper-case letter may begin a word; within one, case does not jump. Western words have
        # accents one by one, or two: longer runs of them are another script, and words of another
        # script have no Latin letters.
        jumps = (category == "Lu" and before.islower()) or (
            category == "Ll" and len(lower) == 2 and not any(lower)
        )
        if latin:
            strange = all(c.isalpha() and not c.isascii() for c in (before, after))
        else:
            strange = any(c.isascii() and c.isalpha() for c in (before, after))
        if jumps or strange:
            return -0.5
        return None if before.isalpha() or after.isalpha() else 0.0
    if category in ("Cc", "Cn", "Co") or char == "\ufffd":
        return -1.0
    if char == "’" and before.isalpha() and after.isalpha():
        # d’Azur, caller’s
        elided = not around[0].isalpha() or (after == "s" and not around[4].isalpha())
        return 1.0 if elided else 0.3
    if char in "“„‘" and not before.isalpha() and after.isalpha():
        return 1.0
    if char in "”…" and before.isalpha() and not after.isalpha():
        return 1.0
    beside = before.isalpha() or after.isalpha()
    if char in alphabets.SIGNS:
        return -0.5 if before.isalpha() and after.isalpha() else 0.5
    return -0.5 if beside else -0.2


def _detected(data: bytes) -> Encoding | None:
    import chardet

    guess = chardet.detect(data[:16384])
    name, confidence = guess["encoding"], float(guess["confidence"] or 0.0)
    if not name or confidence < LEAST_CONFIDENCE:
        return None
    try:
        data.decode(name)
        return Encoding(codecs.lookup(name).name, min(confidence, 0.8))
    except (UnicodeDecodeError, LookupError):
        return None

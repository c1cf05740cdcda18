"""Makes random texts that are hard to cut: many scripts, kinds of whitespace, digits, apostrophes,
marks, emoji, and code points that no edition of Unicode assigns. Characters on whose class editions
differ are left out: what libraries make of those depends on the edition that they were built with.
"""
import random
import unicodedata

import unicodedata2

SPACES = "\t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2003\u2007\u2028\u2029\u202f\u205f\u3000"
PIECES = (
    "Hello world the and of ing HELLO wOrLd iPhone XMLHttp McDonald 's 'S 't 'T 're 'RE 'Ve 'LL 'll 'd 'm "
    "n't 's' '' ' '\u017f \" . , ! ? ... -- ___ // /* */ @x #y $5 a/b !\n/ _\n <s> <b> </b> 1 12 123 1234 12345 "
    "3.14 1,000 \u00bd \u00b2 \u2167 \u0663\u0664\u0665\u0666 \u4e2d\u6587 \u5de5\u4f5c\u3002 \u3072\u3089\u304c\u306a "
    "\u30ab\u30bf\u30ab\u30ca \ud55c\uad6d\uc5b4 \u041f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420 \u0928\u092e\u0938\u094d\u0924\u0947 "
    "\u0e44\u0e17\u0e22 \u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea \u10e5\u10d0\u10e0\u10d7 \u0531\u0580 \u1f88\u1f80 "
    "\U0001f999 \U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f e\u0301 \u00e9 E\u0302\u0323 \u1100\u1161\u11a8 \uac01 "
    "\ufb01 \u00df \u0130 \u01c5 \u01c8x \u00aa \u02b0A \u02bcb \u212b \u2126 \u0344 \uff21\uff22 \uff41 \uff01 \u300c \u20ac + = ~ ` ^ | \u2581 \u2581\u2581"
).split(" ")
GAPS = [" ", "  ", "   ", "    ", "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\t", "\t\t", " \n ", "  \n", "\n  "]

# Texts that once were cut wrongly, or that the ends of rules meet.
HARD = [
    "\u2167\u0327\u0536IA'NnE\u1f88\u1f801\"",  # a mark before capitals alone
    "\u0301ABC's \u0301\u0301a",
    "it'\u017f IT'\u017f '\u017fa",  # the long s is an s where case does not matter
    "\u00f2\u00bd1234\u00bd4 12\u00bd \u0418\u00b2\u00b3",  # bytes that count as numbers
    "\u3000\u00e9a\u3000\u3000b\u4e2d\u3000",  # whitespace among ideographs
    "a \n \r\n  b\t\n",
    "   x  \u2028 y \u0085\n",
    "!\n/\n//\r\n /\n",
    "\u200b\u200ba\u200b1\x01\x02 \x03",  # neither letters nor symbols
    "1234567 12 \u0661\u0662\u0663\u0664",
    "HTTPServer iPhone XMLHttpRequest's ABCdefGHI'll\u01c5\u02b0",
    "\u1100\u1161\u11a8 e\u0301 E\u0302\u0323 \u0344\u212b\u0f73\u0958",
    "$a #b _c 'd \u20ace",
    "<|end|> \n<b>    <b>     x",
    "\u2581 \u2581\u2581a ",
]


def stable_points() -> list:
    """Returns the characters of one category in all editions, and a sample of unassigned ones."""
    stable = []
    for point in range(1, 0x110000):
        old = unicodedata.category(chr(point))
        if old in ("Cs", "Co") or old != unicodedata2.category(chr(point)):
            continue
        if old != "Cn" or point % 997 == 0:
            stable.append(point)
    return stable


class Texts:
    """Draws texts from a seed."""

    def __init__(self, seed: int):
        self.source = random.Random(seed)
        self.points = stable_points()
        self.low = [point for point in self.points if 0x20 <= point < 0x590]
        self.marks = [p for p in self.points if unicodedata.category(chr(p))[0] == "M"]

    def part(self) -> str:
        draw = self.source
        kind = draw.random()
        if kind < 0.45:
            return draw.choice(PIECES)
        if kind < 0.62:
            return draw.choice(GAPS)
        if kind < 0.66:
            return draw.choice(SPACES) * draw.randint(1, 3)
        if kind < 0.74:
            return chr(draw.choice(self.points))
        if kind < 0.84:
            return "".join(chr(draw.choice(self.low)) for _ in range(draw.randint(1, 4)))
        if kind < 0.88:
            return "".join(chr(draw.choice(self.marks)) for _ in range(draw.randint(1, 3)))
        return "".join(draw.choice("aAbeEINnhorstT1 '") for _ in range(draw.randint(2, 8)))

    def texts(self, count: int):
        """Returns the hard texts, then random ones."""
        yield from HARD
        for _ in range(count):
            yield self.text()

    def text(self, parts: int = 9) -> str:
        return "".join(self.part() for _ in range(self.source.randint(1, parts)))

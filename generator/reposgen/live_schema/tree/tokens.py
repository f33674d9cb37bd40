"""Tokenizer that splits the text of a node tree into few, large tokens.

A run of fields with plain values is one token. So is a whole Var, Const or Alias, or a
target entry that is a Var. There are ten times fewer tokens than words, and Python's
cost is per token.
"""

from __future__ import annotations

import re

_PLAIN = r"[^\s(){}\\]"
# Inside a word, a backslash escapes characters that would end it.
_WORD = rf"(?:{_PLAIN}|\\.){_PLAIN}*+(?:\\.{_PLAIN}*+)*+"
_RUN = rf" :\w++ {_WORD}"
_TOKEN = re.compile(
    r"\{(?:VAR|CONST|PARAM) [^}]*+\}"
    rf"|\{{TARGETENTRY :expr \{{VAR [^}}]*+\}}(?:{_RUN})*+\}}"
    r"|:joinaliasvars \((?:\{VAR [^}]*+\} ?)++\)"
    r"|\{ALIAS (?:[^}\\]|\\.)*+\}"
    rf"|\{{[A-Z_]++(?:{_RUN})*"
    rf"|:\w++(?: {_WORD}(?:{_RUN})*)?"
    r"|\([boix](?: -?\d++)*\)"
    r"|[(){}]"
    rf"|{_WORD}",
    re.DOTALL,
)
_ESCAPED_PARTS = re.compile(r"(?:[^ \\]|\\.)+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LONG_LINE = re.compile(r"\n[^ \n]{19,78}\n")
_WIDTH = 78


def tokenize(text: str) -> list[str]:
    """Return the tokens of a tree's text, without its line breaks."""
    return _TOKEN.findall(_unwrap(text))


def split(run: str) -> list[str]:
    """Return the words of a token; in a run, fields and values alternate."""
    return run.split(" ") if "\\" not in run else _ESCAPED_PARTS.findall(run)


def unescape(word: str) -> str | None:
    """Return the text of a word, without its escapes; None for `<>`."""
    if word == "<>":
        return None
    if word == '""':
        return ""
    return _ESCAPE.sub(r"\1", word) if "\\" in word else word


def _unwrap(text: str) -> str:
    # The server replaces a space, even an escaped one, by a line break. It breaks
    # inside a word only if 78 bytes contain no space.
    if _LONG_LINE.search(text):
        lines = text.split("\n")
        joined = [
            line if len(line.encode()) == _WIDTH and " " not in line[1:] else f"{line} "
            for line in lines
        ]
        return "".join(joined)
    return text.replace("\n", " ")

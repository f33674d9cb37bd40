"""Singular form of table names: `tasks` → `task`."""

from __future__ import annotations

import re

# The same in both numbers, or no plural at all. The first row are sqlc's own
# exceptions, so that models are called alike.
UNCHANGED = frozenset(
    {
        *("campus", "meta", "metadata", "calories", "waves"),
        *("news", "series", "species", "equipment", "information"),
        *("status", "bus", "gas", "canvas", "atlas", "alias", "bias", "lens"),
        *("sheep", "fish", "means", "sms", "dns", "https", "kudos", "chaos"),
        *("analytics", "statistics", "logistics", "economics"),
    }
)
IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "data": "datum",
    "media": "medium",
    "movies": "movie",
    "cookies": "cookie",
    "ties": "tie",
    "pies": "pie",
    "lies": "lie",
    "shoes": "shoe",
    "caches": "cache",
    "niches": "niche",
    "aches": "ache",
    "avalanches": "avalanche",
    "axes": "axis",
    "quizzes": "quiz",
    "statuses": "status",
    "viruses": "virus",
    "leaves": "leaf",
    "lives": "life",
    "wives": "wife",
    "knives": "knife",
    "shelves": "shelf",
    "halves": "half",
    "selves": "self",
    "thieves": "thief",
    "wolves": "wolf",
}
# Tried in order; the first that fits is the one.
ENDINGS = (
    (r"(ss|us|is)$", r"\1"),
    (r"^(analy|diagno|parenthe|hypothe|synthe|synop|the|cri|oa)ses$", r"\1sis"),
    (r"([^aeiou])ies$", r"\1y"),
    (
        r"(alias|bias|status|virus|bus|gas|lens|campus|canvas|atlas|bonus|census)es$",
        r"\1",
    ),
    (r"(ss|x|sh|ch|zz)es$", r"\1"),
    (r"(her|potat|tomat|ech|vet)oes$", r"\1o"),
    (r"s$", ""),
)


def singular(name: str) -> str:
    """Return `name` with its last word in singular, keeping its case."""
    match = re.search(r"([A-Z]?[a-z]+|[A-Z]+)$", name)
    if match is None:
        return name
    word = match[0]
    return name[: match.start()] + _like(word, _singular_word(word.lower()))


def _singular_word(word: str) -> str:
    if word in UNCHANGED:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    for pattern, replacement in ENDINGS:
        changed, count = re.subn(pattern, replacement, word)
        if count:
            return changed
    return word


def _like(model: str, word: str) -> str:
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word

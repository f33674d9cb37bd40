"""Conversion of MySQL's and SQLite's schemas and queries to PostgreSQL, for review."""

from __future__ import annotations

import logging
import re
from dataclasses import field
from difflib import SequenceMatcher
from itertools import count
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from reposgen.cli.sqlc_target import package_names
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass
from reposgen.sql_files import sql_files

try:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.tokenizer_core import TokenType
except ModuleNotFoundError:
    raise ReposgenError(
        [
            error(
                "transpile-missing",
                "--transpile needs the package sqlglot, which is not installed",
                hint="pip install 'reposgen[transpile]'",
            )
        ]
    ) from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlglot.tokenizer_core import Token

    from reposgen.cli.sqlc_source import Entry

ENGINES: Final = ("mysql", "sqlite")
FOLDER: Final = "postgresql"
REVIEW: Final = "REVIEW.md"

# What stands for the n-th parameter while sqlglot has the statement.
_STAND_IN = "reposgen_parameter_"
_REPLACE = re.compile(r"replace(?=\s+into\b)", re.IGNORECASE)
# Settings of a session or a file, which PostgreSQL has no use for.
_SETTING = re.compile(r"(?:pragma|set|use|lock|unlock)\b", re.IGNORECASE)
_UNSIGNED: Final = {
    exp.DType.UTINYINT: "SMALLINT",
    exp.DType.USMALLINT: "INT",
    exp.DType.UMEDIUMINT: "INT",
    exp.DType.UINT: "BIGINT",
    exp.DType.UBIGINT: "BIGINT",
}
_INTEGERS: Final = (
    *(exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT),
    exp.DType.MEDIUMINT,
)
_COUNTED: Final = (
    exp.AutoIncrementColumnConstraint,
    exp.GeneratedAsIdentityColumnConstraint,
)
_BEFORE_COLUMNS = re.compile(r"\s+(?:AFTER\s+\S+|FIRST)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Report about one place in a file."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """State of the conversion of one entry's files.

    Attributes:
        engine: `mysql` or `sqlite`.
        keys: columns of each table's primary key or first unique key.
        columns: columns of each table.
        changes: what was changed, and what could not be changed.
    """

    engine: str
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changes: list[_Change] = field(default_factory=list)


def transpiled(entry: Entry, root: Path) -> Entry:
    """Write converted copies of an entry's files, and return an entry for the copies.

    The copies are written to `postgresql/NAME/`, together with a list of all changes.

    Args:
        entry: an entry for MySQL or SQLite.
        root: the folder that its paths are relative to.

    Raises:
        ReposgenError: the copies already exist, or cannot be written; or the entry is
            for another engine.
    """
    if entry.engine not in ENGINES:
        raise ReposgenError(
            [
                error(
                    "transpile-engine",
                    f"--transpile does not know the engine {entry.engine}",
                    hint=f"it knows {' and '.join(ENGINES)}",
                )
            ]
        )
    (name,) = package_names([entry])
    folder = root / FOLDER / name
    copy = _Copy(engine=entry.engine)
    texts: dict[str, str] = {}
    paths: dict[str, tuple[str, ...]] = {}
    for kind, written in (("schema", entry.paths), ("queries", entry.queries)):
        for path in (p for one in written for p in sql_files(root, one)):
            target = f"{kind}/{path.name}"
            texts[target] = _converted(copy, target, path.read_text(encoding="utf-8"))
        paths[kind] = (f"{FOLDER}/{name}/{kind}",)
    texts[REVIEW] = _review(copy)
    _write(folder, texts)
    return entry.model_copy(
        update={
            "engine": "postgresql",
            "paths": paths["schema"],
            "queries": paths["queries"],
            "database": None,
        }
    )


def _write(folder: Path, texts: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True)
        for name, text in texts.items():
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "import-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=str(folder),
                    hint="import-sqlc overwrites nothing: move the folder away",
                )
            ]
        ) from None


def _review(copy: _Copy) -> str:
    about = f"The files are copies of files for {copy.engine}. Read each change, then"
    lines = ["# Changes for PostgreSQL", "", f"{about} try the queries.", ""]
    # A change that is made everywhere is reported once.
    places: dict[str, list[_Change]] = {}
    for change in copy.changes:
        places.setdefault(change.text, []).append(change)
    for text, changes in places.items():
        first = changes[0]
        more = f" and {len(changes) - 1} more" if changes[1:] else ""
        lines.append(f"- {first.file}:{first.line}{more}: {text}")
    return "\n".join([*lines, ""])


def _converted(copy: _Copy, file: str, text: str) -> str:
    """Return the converted text of one file, including its comments."""
    try:
        tokens = sqlglot.tokenize(text, read=copy.engine)
    except SqlglotError:
        copy.changes.append(
            _Change(file=file, line=1, text="not understood: as it was")
        )
        return text
    written: list[str] = []
    end = 0
    for statement in _statements(tokens):
        first, last = statement[0], statement[-1]
        written.append(_comments(text[end : first.start]))
        line = text.count("\n", 0, first.start) + 1
        written.append(
            _Conversion(copy, file, line).run(
                text[first.start : last.end + 1],
                [token for token in statement if token.start <= last.end],
            )
        )
        end = _after(text, last.end + 1)
    written.append(_comments(text[end:]))
    return "".join(written)


def _after(text: str, at: int) -> int:
    """Return the end of a statement's semicolon."""
    found = re.compile(r"\s*;").match(text, at)
    return found.end() if found else at


def _statements(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)
    if statement:
        yield statement


def _comments(text: str) -> str:
    return re.sub(r"^(\s*)#", r"\1--", text, flags=re.MULTILINE)


class _Conversion:
    """Conversion of one statement."""

    def __init__(self, copy: _Copy, file: str, line: int) -> None:
        self._copy = copy
        self._file = file
        self._line = line
        # Statements that have to stand before or behind it.
        self._before: list[str] = []
        self._behind: list[str] = []

    def run(self, text: str, tokens: list[Token]) -> str:
        """Return the statement for PostgreSQL, with its semicolon."""
        if _SETTING.match(text):
            self._tell(f"removed: {_short(text)}")
            return "".join(f"-- {line}\n" for line in text.splitlines()).rstrip("\n")
        replaces = bool(_REPLACE.match(text))
        marked = text
        try:
            if replaces:
                # sqlglot would copy it as it is.
                marked = _REPLACE.sub("INSERT", text, count=1)
                tokens = sqlglot.tokenize(marked, read=self._copy.engine)
            marked = _marked(marked, tokens)
            # It warns about text that it only copies, which is reported below anyway.
            logging.getLogger("sqlglot").setLevel(logging.ERROR)
            tree = sqlglot.parse_one(marked, read=self._copy.engine)
        except SqlglotError:
            tree = None
        if tree is None or isinstance(tree, (exp.Command, exp.Block)):
            self._tell(f"not understood, left as it was: {_short(text)}")
            return f"{text};"
        match tree:
            case exp.Create(kind="TABLE", this=exp.Schema() as schema):
                self._table(tree, schema)
            case exp.Insert():
                self._insert(tree, replaces=replaces)
            case _:
                pass
        for definition in tree.find_all(exp.ColumnDef):
            self._column(definition)
        written = tree.sql(dialect="postgres", normalize_functions=False, pretty=True)
        if isinstance(tree, exp.Alter):
            written = _BEFORE_COLUMNS.sub("", written)
        written = re.sub(rf"{_STAND_IN}(\d+)", r"$\1", written)
        self._compare(text, written)
        return "\n".join((*self._before, f"{written};", *self._behind))

    def _tell(self, text: str) -> None:
        change = _Change(file=self._file, line=self._line, text=text)
        self._copy.changes.append(change)

    def _compare(self, before: str, after: str) -> None:
        """Record each run of words that has changed."""
        old = sqlglot.tokenize(before, read=self._copy.engine)
        new = sqlglot.tokenize(after, read="postgres")
        matcher = SequenceMatcher(
            None,
            [token.text.upper() for token in old],
            [token.text.upper() for token in new],
            autojunk=False,
        )
        for kind, a, b, c, d in matcher.get_opcodes():
            gone, come = _written(before, old[a:b]), _written(after, new[c:d])
            if kind == "replace":
                self._tell(f"`{gone}` → `{come}`")
            elif kind == "delete":
                self._tell(f"removed `{gone}`")
            elif kind == "insert":
                self._tell(f"added `{come}`")

    def _table(self, tree: exp.Create, schema: exp.Schema) -> None:
        name = schema.this.name
        if tree.args.get("properties"):
            tree.set("properties", None)
        self._copy.columns[name] = tuple(
            one.name for one in schema.expressions if isinstance(one, exp.ColumnDef)
        )
        kept = []
        for one in schema.expressions:
            if isinstance(one, exp.IndexColumnConstraint):
                columns = ", ".join(e.sql("postgres") for e in one.expressions)
                self._behind.append(
                    f'CREATE INDEX "{name}_{one.name}" ON "{name}" ({columns});'
                )
            else:
                kept.append(one)
            if key := _key_of(one):
                self._copy.keys.setdefault(name, key)
        schema.set("expressions", kept)

    def _column(self, definition: exp.ColumnDef) -> None:
        kind = definition.kind
        if not isinstance(kind, exp.DataType):
            return
        type_ = self._type(definition, kind)
        definition.set("kind", type_)
        is_flag = type_.this is exp.DType.BOOLEAN
        for constraint in definition.constraints:
            value = constraint.args["kind"]
            match value:
                case exp.OnUpdateColumnConstraint():
                    self._tell(f"{definition.name}: ON UPDATE needs a trigger")
                    constraint.pop()
                case exp.CommentColumnConstraint():
                    constraint.pop()
                case exp.DefaultColumnConstraint(this=exp.Literal(name="0" | "1")):
                    if is_flag:
                        value.set("this", exp.Boolean(this=value.this.name == "1"))
                case _:
                    pass

    def _type(self, definition: exp.ColumnDef, kind: exp.DataType) -> exp.DataType:
        if kind.this in _UNSIGNED:
            return exp.DataType.build(_UNSIGNED[kind.this])
        if kind.this is exp.DType.TINYINT and [p.name for p in kind.expressions] == [
            "1"
        ]:
            return exp.DataType.build("BOOLEAN")
        if kind.this is exp.DType.ENUM:
            table = definition.find_ancestor(exp.Schema)
            owner = table.this.name if table else "t"
            labels = ", ".join(label.sql("postgres") for label in kind.expressions)
            name = f'"{owner}_{definition.name}"'
            self._before.append(f"CREATE TYPE {name} AS ENUM ({labels});")
            return exp.DataType.build(name, udt=True)
        if kind.this not in _INTEGERS:
            return kind
        if self._copy.engine != "sqlite":
            # The width that MySQL has for printing is dropped.
            return exp.DataType.build(kind.this)
        kinds = [constraint.args["kind"] for constraint in definition.constraints]
        is_key = any(isinstance(k, exp.PrimaryKeyColumnConstraint) for k in kinds)
        if is_key and not any(isinstance(k, _COUNTED) for k in kinds):
            identity = exp.GeneratedAsIdentityColumnConstraint(this=False)
            definition.append("constraints", exp.ColumnConstraint(kind=identity))
        return exp.DataType.build("BIGINT")

    def _insert(self, tree: exp.Insert, *, replaces: bool) -> None:
        table = tree.find(exp.Table)
        name = table.name if table else ""
        key = self._copy.keys.get(name)
        conflict = tree.args.get("conflict")
        ignores = bool(tree.args.get("ignore"))
        match tree.args.get("alternative"):
            case "IGNORE":
                ignores = True
            case "REPLACE":
                replaces = True
            case _:
                pass
        tree.set("alternative", None)
        tree.set("ignore", False)
        if ignores:
            tree.set("conflict", exp.OnConflict(action=exp.var("DO NOTHING")))
            return
        sets: list[exp.Expression] = []
        if replaces:
            columns = self._copy.columns.get(name, ())
            if isinstance(tree.this, exp.Schema):
                columns = tuple(one.name for one in tree.this.expressions)
            sets = [
                exp.EQ(this=exp.column(c), expression=exp.column(c, table="excluded"))
                for c in columns
                if c not in (key or ())
            ]
            self._tell("REPLACE deletes the old row; the copy updates it")
        elif conflict and conflict.args.get("duplicate"):
            sets = [_excluded(one) for one in conflict.expressions]
        else:
            return
        if not key:
            self._tell(f"ON CONFLICT needs the columns of a unique key of {name}")
        tree.set(
            "conflict",
            exp.OnConflict(
                conflict_keys=[exp.column(c) for c in key or ("?",)],
                expressions=sets,
                action=exp.var("DO UPDATE" if sets else "DO NOTHING"),
            ),
        )


def _excluded(assignment: exp.Expression) -> exp.Expression:
    """Replace MySQL's `VALUES(bio)` by PostgreSQL's `excluded.bio`."""
    for call in list(assignment.find_all(exp.Anonymous)):
        if call.name.upper() == "VALUES" and call.expressions:
            call.replace(exp.column(call.expressions[0].name, table="excluded"))
    return assignment


def _key_of(one: exp.Expression) -> tuple[str, ...] | None:
    """Return the columns of a unique key that an element of CREATE TABLE defines."""
    match one:
        case exp.ColumnDef():
            kinds = (c.args["kind"] for c in one.constraints)
            keys = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint)
            return (one.name,) if any(isinstance(k, keys) for k in kinds) else None
        case exp.PrimaryKey():
            return tuple(column.name for column in one.expressions)
        case exp.UniqueColumnConstraint(this=exp.Schema() as schema):
            return tuple(column.name for column in schema.expressions)
        case _:
            return None


def _marked(text: str, tokens: list[Token]) -> str:
    """Return the statement with placeholders for `?`, `@name` and `:name`."""
    base = tokens[0].start
    numbers = count(1)
    written, end = [], 0
    for index, token in enumerate(tokens):
        start, stop = token.start - base, token.end - base + 1
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        glued = after is not None and after.start == token.end + 1
        if start < end:
            continue
        if token.token_type is TokenType.PLACEHOLDER:
            number = str(next(numbers))
            if after is not None and glued and after.token_type is TokenType.NUMBER:
                number, stop = after.text, after.end - base + 1
            new = f"{_STAND_IN}{number}"
        elif after is not None and glued and token.text in {"@", ":"}:
            new, stop = f"sqlc.arg({after.text})", after.end - base + 1
        else:
            continue
        written += [text[end:start], new]
        end = stop
    return "".join([*written, text[end:]])


def _written(text: str, tokens: list[Token]) -> str:
    return (
        " ".join(text[tokens[0].start : tokens[-1].end + 1].split()) if tokens else ""
    )


def _short(text: str) -> str:
    return f"`{shorten(text, 60, placeholder='…')}`"

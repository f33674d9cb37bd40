"""A package with a partitioned table, as it would be generated."""

from __future__ import annotations

from typing import Final, NamedTuple

from reposgen_runtime import Package, Statement, errors
from reposgen_runtime.statement import CopyInto

SCHEMA: Final = """
CREATE TABLE customers (id int PRIMARY KEY);
CREATE DOMAIN positive AS int CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE TABLE sales (id int, region text NOT NULL, code text NOT NULL,
    amount int CONSTRAINT amount_small CHECK (amount < 100),
    customer int CONSTRAINT of_customer REFERENCES customers
        DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT sales_key PRIMARY KEY (id, region),
    CONSTRAINT sales_code UNIQUE (code, region)) PARTITION BY LIST (region);
CREATE TABLE north PARTITION OF sales FOR VALUES IN ('north');
CREATE TABLE refunds (sale int, region text,
    CONSTRAINT of_sale FOREIGN KEY (sale, region) REFERENCES sales);
CREATE TABLE base (id int, v int CONSTRAINT v_small CHECK (v < 100));
CREATE TABLE derived () INHERITS (base);
INSERT INTO derived VALUES (1, 1);
"""

# As a later migration makes it, after the code was generated: nothing of it has the
# name of what it repeats, but for the CHECK, which must.
SOUTH: Final = """
CREATE TABLE south (code text NOT NULL, amount int
    CONSTRAINT amount_small CHECK (amount < 100), region text NOT NULL, customer int,
    id int NOT NULL, CONSTRAINT s1 PRIMARY KEY (id, region),
    CONSTRAINT s2 UNIQUE (code, region),
    CONSTRAINT s3 FOREIGN KEY (customer) REFERENCES customers DEFERRABLE,
    CONSTRAINT own CHECK (id <> 13));
ALTER TABLE sales ATTACH PARTITION south FOR VALUES IN ('south');
"""


class SalesKeyViolation(errors.AlreadyExists):
    """PRIMARY KEY (id, region) on public.sales."""


class SalesCodeViolation(errors.AlreadyExists):
    """UNIQUE (code, region) on public.sales."""


class AmountSmallViolation(errors.CheckFailed):
    """CHECK ((amount < 100)) on public.sales."""


class OfCustomerViolation(errors.ForeignKeyMissing):
    """FOREIGN KEY (customer) REFERENCES customers(id) on public.sales."""


class OfSaleViolation(errors.ForeignKeyMissing):
    """FOREIGN KEY (sale, region) REFERENCES sales(id, region) on public.refunds."""


class VSmallViolation(errors.CheckFailed):
    """CHECK ((v < 100)) on public.base."""


class IsPositiveViolation(errors.CheckFailed):
    """CHECK ((VALUE > 0)) on domain public.positive."""


class Sale(NamedTuple):
    """A row of a COPY or a batch."""

    id: int
    region: str
    code: str
    amount: int | None = None
    customer: int | None = None


PACKAGE: Final = Package(
    "sales",
    constraints={
        ("public", "sales", "sales_key"): SalesKeyViolation,
        ("public", "sales", "sales_code"): SalesCodeViolation,
        ("public", "sales", "amount_small"): AmountSmallViolation,
        ("public", "sales", "of_customer"): OfCustomerViolation,
        ("public", "refunds", "of_sale"): OfSaleViolation,
        ("public", "base", "v_small"): VSmallViolation,
        ("public", "positive", "is_positive"): IsPositiveViolation,
    },
)

_TYPES: Final = ("int4", "text", "text", "int4", "int4")
ADD: Final[Statement[None]] = Statement(
    "sales.add", "INSERT INTO sales VALUES ($1, $2, $3, $4, $5)", parameters=_TYPES
)
ADD_EACH: Final[Statement[None]] = Statement(
    "sales.add_each",
    "INSERT INTO sales VALUES ($1, $2, $3, $4, $5)",
    parameters=_TYPES,
    fields=Sale._fields,
)
COPY: Final[Statement[None]] = Statement(
    "sales.copy",
    "",
    parameters=_TYPES,
    fields=Sale._fields,
    copy=CopyInto('"public"."sales"', tuple(f'"{name}"' for name in Sale._fields)),
)
REFUND: Final[Statement[None]] = Statement(
    "sales.refund",
    "INSERT INTO refunds VALUES ($1, $2)",
    parameters=("int4", "text"),
)
REMOVE: Final[Statement[None]] = Statement(
    "sales.remove",
    "DELETE FROM sales WHERE region = $1",
    parameters=("text",),
)
DEFER: Final[Statement[None]] = Statement("sales.defer", "SET CONSTRAINTS ALL DEFERRED")
SET_V: Final[Statement[None]] = Statement(
    "base.set_v", "UPDATE base SET v = $1", parameters=("int4",)
)
CHECK_POSITIVE: Final[Statement[int]] = Statement(
    "checks.positive", "SELECT $1", parameters=("public.positive",), results=("int4",)
)

# What violates what, for a region that holds the sale (1, region, 'a').
VIOLATIONS: Final = (
    (SalesKeyViolation, (1, "z", 1, None)),
    (SalesCodeViolation, (2, "a", 1, None)),
    (AmountSmallViolation, (2, "z", 1000, None)),
    (OfCustomerViolation, (2, "z", 1, 77)),
)

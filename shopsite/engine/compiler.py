"""Queries that only filter, sort, cut and leave out fields are asked by `find`.

The backend makes a pipeline of each, and names the fields before it sorts by them; then no index
gives the order, and the server sorts the whole collection for one page of it. Nor do all servers
look into an `$and` for a range of an index.
"""

from typing import Any

from django_mongodb_backend import compiler, query
from django_mongodb_backend.compiler import (
    SQLAggregateCompiler,
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]

Condition = dict[str, Any]


class Query(query.MongoQuery):  # type: ignore[misc]
    """A query, by `find` if that can say it."""

    def get_cursor(self) -> Any:
        """Return a cursor over the documents found."""
        return self._find() if self._is_plain() else super().get_cursor()

    def _is_plain(self) -> bool:
        """Whether fields are only left out, and added only as they are, for the order."""
        stages = (
            self.search_pipeline,
            self.lookup_pipeline,
            self.subqueries,
            self.aggregation_pipeline,
            self.combinator_pipeline,
        )
        shown, added = self.project_fields or {}, self.extra_fields or {}
        return (
            not any(stages)
            and all(value == 1 for value in shown.values())
            and all(value == f"${name}" for name, value in added.items())
        )

    @query.wrap_database_errors  # type: ignore[untyped-decorator]
    def _find(self) -> Any:
        low, high = self.query.low_mark, self.query.high_mark
        limit = 0 if high is None else high - low
        return self.compiler.collection.find(
            self.match_mql,
            self.project_fields or None,
            sort=[*self.ordering.items()] if self.ordering else None,
            skip=low,
            limit=limit,
            batch_size=limit,  # what is wanted comes with the first answer
            session=self.compiler.connection.session,
        )


def flat(condition: Condition) -> Condition:
    """Return a condition without the `$and` around parts that are about different fields.

    Or about one field by different operators, as the two ends of a range are.
    """
    if condition.keys() != {"$and"}:
        return condition
    joined: Condition = {}
    for part in map(flat, condition["$and"]):
        for field, value in part.items():
            if field in joined and not _joins(field, joined[field], value):
                return condition
            joined[field] = joined[field] | value if field in joined else value
    return joined


def _joins(field: str, one: Any, other: Any) -> bool:
    apart = _is_of_operators(one) and _is_of_operators(other) and one.keys().isdisjoint(other)
    return apart and not field.startswith("$")


def _is_of_operators(value: Any) -> bool:
    return isinstance(value, dict) and value != {} and all(name[0] == "$" for name in value)


class SQLCompiler(compiler.SQLCompiler):  # type: ignore[misc]
    """Compiles to our queries, which leave out what was deferred; the backend's load it."""

    query_class = Query

    def build_query(self, columns: Any = None) -> Any:
        """Return the query."""
        deferred, _ = self.query.deferred_loading
        found = super().build_query(self.columns if deferred and columns is None else columns)
        found.match_mql = flat(found.match_mql)
        return found

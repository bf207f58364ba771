"""What Django loads as the engine: the backend's own, but for how it asks (`compiler`)."""

from django_mongodb_backend import base, operations


class DatabaseOperations(operations.DatabaseOperations):  # type: ignore[misc]
    """The backend's operations, with our compiler of queries."""

    compiler_module = "shopsite.engine.compiler"


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """The backend's connection. MongoDB compares within one type, so that nothing missing and no
    null is less than a value, and need not be excluded besides.
    """

    ops_class = DatabaseOperations
    mongo_operators = base.DatabaseWrapper.mongo_operators | {
        "lt": lambda field, value: {field: {"$lt": value}},
        "lte": lambda field, value: {field: {"$lte": value}},
    }

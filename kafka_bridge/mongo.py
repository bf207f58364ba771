"""The MongoDB database that Django's connection uses, for what the ORM cannot say."""

from typing import Any, cast

from bson.codec_options import CodecOptions
from django.db import connection
from pymongo import MongoClient
from pymongo.database import Database


def database() -> Database[dict[str, Any]]:
    """Return the database of this thread's connection; its times are aware, in UTC."""
    connection.ensure_connection()
    client = cast(MongoClient[dict[str, Any]], connection.connection)
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
    return client.get_database(connection.settings_dict["NAME"], options)

"""Counts the events of a capture of the format `record` with DuckDB, as one JSON object. Usage: counts.py FILE"""

import json
import sys

import duckdb

events = f"""
    WITH events AS (
        SELECT
            CAST(value->>'$.txnId' AS UBIGINT) AS txn,
            value->>'$.collection' AS collection,
            value->'$.change.newValue' AS new,
            value->'$.change.oldValue' AS old,
            COALESCE(NULLIF(value->'$.change.newValue', 'null'), NULLIF(value->'$.change.value', 'null'),
                     value->'$.change.oldValue')->'$._id' AS id
        FROM read_json('{sys.argv[1]}', format = 'newline_delimited', columns = {{value: 'JSON'}})
        WHERE value->>'$.type' = 'documentChanged'
    )
"""
collections = duckdb.sql(
    events
    + """
    SELECT
        collection,
        COUNT(*) AS events,
        COUNT(*) FILTER (new != 'null' AND old = 'null') AS inserts,
        COUNT(*) FILTER (new != 'null' AND old != 'null') AS updates,
        COUNT(*) FILTER (new IS NULL OR new = 'null') AS removes,
        COUNT(DISTINCT id) AS documents
    FROM events GROUP BY collection ORDER BY collection
    """
)
totals = duckdb.sql(
    events
    + """
    SELECT COUNT(*) AS events, COUNT(DISTINCT txn) AS transactions,
           COUNT(*) - COUNT(DISTINCT (txn, collection, id)) AS duplicates
    FROM events
    """
)


def objects(relation):
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


print(json.dumps({**objects(totals)[0], "collections": objects(collections)}))

"""Settings of this checkout: copy to config.py, which git ignores, and fill in what you use.

The file is read, not run: plain assignments of texts and numbers only; None counts as not set.
The environment comes first: a POLYGON_API_KEY there, or all five PG_ names there, which are taken
together from one place. Without any PG_ name, RORQ runs a PostgreSQL of its own, in .rorq.
"""

# A PostgreSQL 15 or later of your own: all five or none. The password may hold any character.
PG_HOST = None  # such as "127.0.0.1"
PG_PORT = None  # such as 5432
PG_DATABASE = None
PG_USER = None
PG_PASSWORD = None

# The key of the data provider (Polygon, now Massive), for `rorq download`.
POLYGON_API_KEY = None

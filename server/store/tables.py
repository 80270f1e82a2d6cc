"""The tables, as SQLAlchemy Core: one schema for SQLite and PostgreSQL.

Instants are int64 ms UTC.  What a user typed in as money is text; figures a back-test computed are float64, which both
databases keep bit by bit.  Large columns of numbers are packed blobs (`server/store/packing.py`), never rows per bar.
Nothing here is denormalised but the counts and spans that a list shows.
"""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.String(36)
Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts INTEGER keys only
Instant = sa.BigInteger()


def _column(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    """A column that must have a value unless it says otherwise."""
    options.setdefault("nullable", False)
    return sa.Column(name, kind, *more, **options)


def _optional(name: str, kind: Any, *more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True)


def _of(target: str, gone: str = "CASCADE") -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete=gone)


# --- people -----------------------------------------------------------------------------------------------------------

users = sa.Table(
    "users",
    metadata,
    _column("id", Id, primary_key=True),
    _column("name", sa.String(80)),  # as typed
    _column("key", sa.String(80), unique=True),  # casefolded: what sign-in looks up
    _column("password", sa.Text()),  # argon2id
    _column("role", sa.String(10)),  # user | admin
    _column("active", sa.Boolean()),
    _column("must_change", sa.Boolean()),  # the one-time password of the first run
    _column("created_at", Instant),
    _optional("seen_at", Instant),
)

# Who may sign up, by name; filled by an admin.
invitations = sa.Table(
    "invitations",
    metadata,
    _column("key", sa.String(80), primary_key=True),
    _column("role", sa.String(10)),
    _column("created_at", Instant),
    _optional("created_by", Id, _of("users.id", "SET NULL")),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _column("digest", sa.String(64), primary_key=True),  # SHA-256 of the cookie: the table gives nobody a session
    _column("user_id", Id, _of("users.id"), index=True),
    _column("csrf", sa.String(64)),
    _column("created_at", Instant),
    _column("seen_at", Instant),
    _column("expires_at", Instant, index=True),
    _column("address", sa.String(64)),
    _column("agent", sa.String(300)),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    _column("id", Counter, primary_key=True, autoincrement=True),
    _column("key", sa.String(80), index=True),
    _column("address", sa.String(64), index=True),
    _column("at", Instant, index=True),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    _column("id", Id, primary_key=True),
    _column("user_id", Id, _of("users.id"), index=True),
    _column("name", sa.String(80)),
    _column("hint", sa.String(16)),  # its first characters, to tell tokens apart
    _column("digest", sa.String(64), unique=True),
    _column("scopes", sa.JSON()),
    _column("created_at", Instant),
    _optional("expires_at", Instant),
    _optional("used_at", Instant),
    _optional("revoked_at", Instant),
)

credentials = sa.Table(
    "credentials",
    metadata,
    _column("id", Id, primary_key=True),
    _column("user_id", Id, _of("users.id"), index=True),
    _column("name", sa.String(80)),
    _column("provider", sa.String(40)),
    _column("hint", sa.String(16)),  # the last characters of the key; all that is ever shown
    _column("secret", sa.LargeBinary()),  # encrypted at rest
    _column("created_at", Instant),
    _column("updated_at", Instant),
    sa.UniqueConstraint("user_id", "name"),
)

settings = sa.Table(
    "settings",
    metadata,
    _column("key", sa.String(120), primary_key=True),
    _column("value", sa.JSON()),
    _column("updated_at", Instant),
    _optional("updated_by", Id, _of("users.id", "SET NULL")),
)

# --- graphs -----------------------------------------------------------------------------------------------------------

graphs = sa.Table(
    "graphs",
    metadata,
    _column("id", Id, primary_key=True),
    _optional(
        "owner_id",
        Id,
        _of("users.id"),
    ),  # NULL = built in, everybody's to read and nobody's to change
    _column("name", sa.String(200)),
    _column("kind", sa.String(20)),
    _column("tags", sa.JSON()),
    _column("built_in", sa.Boolean()),
    _column("head", sa.Integer()),  # number of the newest revision
    _column("created_at", Instant),
    _column("updated_at", Instant, index=True),
    _optional("archived_at", Instant),
    sa.Index(None, "owner_id", "updated_at"),
)

# Never changed once written.
graph_revisions = sa.Table(
    "graph_revisions",
    metadata,
    _column("id", Id, primary_key=True),
    _column("graph_id", Id, _of("graphs.id")),
    _column("number", sa.Integer()),  # counts up from 1 in its graph
    _optional("parent", sa.Integer()),  # the number it was based on
    _column("logic_hash", sa.String(64), index=True),
    _column("document", sa.Text()),
    _column("message", sa.Text()),
    _optional("author_id", Id, _of("users.id", "SET NULL")),
    _column("created_at", Instant),
    sa.UniqueConstraint("graph_id", "number"),
)

graph_drafts = sa.Table(
    "graph_drafts",
    metadata,
    _column("graph_id", Id, _of("graphs.id"), primary_key=True),
    _column("user_id", Id, _of("users.id"), primary_key=True),
    _column("base", sa.Integer()),  # the revision number it was begun on
    _column("version", sa.Integer()),  # counts saves, for `If-Match`
    _column("document", sa.Text()),  # as typed: a draft need not be valid
    _column("updated_at", Instant),
)

# --- markets ----------------------------------------------------------------------------------------------------------

instruments = sa.Table(
    "instruments",
    metadata,
    _column("symbol", sa.String(60), primary_key=True),
    _column("category", sa.String(20), primary_key=True),
    _column("tick", sa.String(40)),
    _column("step", sa.String(40)),
    _column("min_quantity", sa.String(40)),
    _column("min_notional", sa.String(40)),
    _column("maintenance_margin", sa.String(40)),
    _column("source", sa.String(200)),
    _column("updated_at", Instant),
)

# Candles of one market and timeframe; funding rates are the series "funding".
candle_series = sa.Table(
    "candle_series",
    metadata,
    _column("id", Counter, primary_key=True, autoincrement=True),
    _column("symbol", sa.String(60)),
    _column("timeframe", sa.String(10)),
    _column("category", sa.String(20)),
    _column("rows", sa.Integer()),
    _column("first", Instant),  # opening instants of first and last bar
    _column("last", Instant),
    _column("identity", sa.String(64)),
    _column("origins", sa.JSON()),
    _column("synthetic", sa.Boolean()),
    _column("gaps_allowed", sa.Boolean()),
    _column("updated_at", Instant),
    sa.UniqueConstraint("symbol", "timeframe", "category"),
)

# `number` = opening instant // (bars per chunk * bar length): a bar has one place, so it cannot be stored twice.
candle_chunks = sa.Table(
    "candle_chunks",
    metadata,
    _column("series_id", Counter, _of("candle_series.id"), primary_key=True),
    _column("number", sa.Integer(), primary_key=True),
    _column("rows", sa.Integer()),
    _column("data", sa.LargeBinary()),
)

# --- back-tests -------------------------------------------------------------------------------------------------------

backtests = sa.Table(
    "backtests",
    metadata,
    _column("id", Id, primary_key=True),
    _column("owner_id", Id, _of("users.id")),
    _optional(
        "graph_id",
        Id,
        _of("graphs.id", "SET NULL"),
    ),
    _optional("revision", sa.Integer()),
    _column("name", sa.String(200)),
    _column("logic_hash", sa.String(64), index=True),
    _column("document", sa.Text()),  # the graph as it ran, parameters set
    _column("request", sa.JSON()),  # what was asked: markets, range, capital, rules
    _column("status", sa.String(12)),  # queued | running | done | failed | cancelled | interrupted
    _column("stage", sa.String(40)),
    _column("progress", sa.Double()),  # 0 to 1
    _optional("error", sa.JSON()),  # what went wrong, in the one error shape
    _column("created_at", Instant),
    _optional("started_at", Instant),
    _optional("finished_at", Instant),
    _optional("seconds", sa.Double()),
    _optional("summary", sa.JSON()),  # the headline figures that lists show
    _optional("result", sa.JSON()),  # metrics, twin, policy, settings, data, notes, refusals
    sa.Index(None, "owner_id", "created_at"),
    sa.Index(None, "graph_id", "created_at"),
    sa.Index(None, "status"),
)

backtest_trades = sa.Table(
    "backtest_trades",
    metadata,
    _column("backtest_id", Id, _of("backtests.id"), primary_key=True),
    _column("number", sa.Integer(), primary_key=True),  # from 1, in order of exit, as everywhere
    _column("symbol", sa.String(60)),
    _column("side", sa.String(5)),
    _column("entry_time", Instant),
    _column("exit_time", Instant),
    _column("exit_reason", sa.String(30)),
    _column("pnl", sa.Double()),
    _column("row", sa.JSON()),  # the whole row of engine.trade_rows
    _optional("slice", sa.LargeBinary()),  # packed decision slice
)

# Whole columns: "time", "equity", …
backtest_columns = sa.Table(
    "backtest_columns",
    metadata,
    _column("backtest_id", Id, _of("backtests.id"), primary_key=True),
    _column("name", sa.String(40), primary_key=True),
    _column("data", sa.LargeBinary()),
)

# What one wire carried over one run of bars.
backtest_traces = sa.Table(
    "backtest_traces",
    metadata,
    _column("backtest_id", Id, _of("backtests.id"), primary_key=True),
    _column("market", sa.Integer(), primary_key=True),
    _column("chunk", sa.Integer(), primary_key=True),
    _column("wire", sa.String(200), primary_key=True),
    _column("data", sa.LargeBinary()),
)

# --- what happened ----------------------------------------------------------------------------------------------------

# The live channel: replayed by id to whoever missed something.
events = sa.Table(
    "events",
    metadata,
    _column("id", Counter, primary_key=True, autoincrement=True),
    _column("at", Instant, index=True),
    _optional("owner_id", Id, _of("users.id")),  # NULL = everybody's
    _column("topic", sa.String(80)),
    _column("data", sa.JSON()),
    sqlite_autoincrement=True,  # an id is never given twice, not even after pruning
)

logs = sa.Table(
    "logs",
    metadata,
    _column("id", Counter, primary_key=True, autoincrement=True),
    _column("at", Instant, index=True),
    _column("level", sa.SmallInteger()),  # 10 debug … 50 critical
    _column("component", sa.String(60)),
    _column("event", sa.String(80)),
    _column("message", sa.Text()),
    _optional("owner_id", Id),  # no foreign key: a log line outlives what it tells of
    _optional("backtest_id", Id),
    _optional("request_id", Id),
    _column("context", sa.JSON()),
    _optional("stack", sa.Text()),
    sa.Index(None, "level", "id"),
    sa.Index(None, "component", "id"),
)

audit = sa.Table(
    "audit",
    metadata,
    _column("id", Counter, primary_key=True, autoincrement=True),
    _column("at", Instant, index=True),
    _optional("user_id", Id),
    _column("action", sa.String(60)),
    _column("object", sa.String(120)),
    _column("detail", sa.JSON()),
    _column("address", sa.String(64)),
)

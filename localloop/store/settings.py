"""How our own PostgreSQL is set up: durable, small when idle, closed to the network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_SETTINGS: Final = {
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # durable
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # memory: pages count only once they are touched
    "shared_buffers": "96MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    # short statements by index: no parallel workers, no compilation
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_delay": "0",
    "idle_in_transaction_session_timeout": "60s",
    # Failed statements are answered to whoever sent them; the log is for the server's own affairs.
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] '",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "datestyle": "'iso'",
}
# The data go away with the server: what a power cut would lose need not be waited for. A crash loses nothing even so.
_FLEETING: Final = {"fsync": "off", "full_page_writes": "off"}
_SINCE_18: Final = {"io_method": "sync"}  # reads happen in the backends: three processes fewer


def server_settings(major: int, socket_folder: Path | None, port: int, *, fleeting: bool = False) -> str:
    """The text of postgresql.conf; without a socket folder the server listens on loopback instead."""
    settings = _SETTINGS | (_SINCE_18 if major >= 18 else {}) | {"port": str(port)}
    settings |= _FLEETING if fleeting else {}
    if socket_folder:
        settings["listen_addresses"] = "''"
        settings["unix_socket_directories"] = _quoted(f'"{socket_folder}"')
    else:
        settings["listen_addresses"] = "'127.0.0.1'"
        settings["unix_socket_directories"] = "''"
    lines = ["# Written by localloop at every start. Settings of your own belong into custom.conf."]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join([*lines, "include_if_exists 'custom.conf'", ""])


def access_rules() -> str:
    """The text of pg_hba.conf: whoever may enter the socket's folder, and loopback with the password."""
    return "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

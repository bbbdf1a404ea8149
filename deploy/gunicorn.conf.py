"""gunicorn: `.venv/bin/gunicorn --config deploy/gunicorn.conf.py backoffice.wsgi`.

Under systemd the socket comes from imprint-web.socket, which goes before `bind`.
"""

import os
from pathlib import Path

bind = os.environ.get("BIND", "127.0.0.1:8000")

# Each worker is a process of about 150 MB; its threads wait for the database.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "3"))
threads = 8

# A worker that says nothing for so long is killed. A thread that works on one long request does
# not keep its worker from saying so: nginx gives up before (proxy_read_timeout).
timeout = 60
graceful_timeout = 30

# A new process now and then, not all at once: what leaks, leaks away.
max_requests = 20_000
max_requests_jitter = 2_000

# The sign of life is a file: on a disk that hangs, workers would be killed for the disk's fault.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# nginx opens a connection for each request, so none is closed under a request of its own.
keepalive = 0

# Who says that a request came by TLS: only our own nginx. (A unix socket is always believed.)
forwarded_allow_ips = "127.0.0.1,::1"

# systemd starts, reloads and stops it. A socket for commands would lie in the account's home.
control_socket_disable = True

# No log of readers: their addresses are not kept (docs/operations.md). Errors go to the journal.
accesslog = None
errorlog = "-"

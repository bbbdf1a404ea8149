"""A server that kills itself with -9 in the middle of a request: a process of its own.

It answers on the port of its first argument, with the database of DATABASE_URL. It dies at the
moment that stands in the file of its second argument, in the first request that changes a blog.
"""

import os
import signal
import sys
from pathlib import Path

import django
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

MOMENTS = ["the blog is written", "its history is written", "before the commit", "after the commit"]


class Dying:
    """Follows what a connection does, and kills the process at the moment that the file names."""

    def __init__(self, file):
        self.file, self.has_changed = file, False

    def __call__(self, execute, sql, params, many, context):
        self.has_changed |= sql.startswith('UPDATE "weblog_blog"')
        if self.has_changed:
            self.die_at("the blog is written")
        if sql.startswith('INSERT INTO "weblog_historicalblog" '):
            self.die_at("its history is written")
        return execute(sql, params, many, context)

    def die_at(self, moment):
        if self.file.exists() and self.file.read_text() == moment:
            os.kill(os.getpid(), signal.SIGKILL)


def main(port, file):
    django.setup()
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created

    followed = {}
    commit = BaseDatabaseWrapper._commit

    def follow(connection, **kwargs):
        dying = followed[id(connection)] = Dying(Path(file))
        connection.execute_wrappers.append(dying)

    def commit_or_die(connection):
        dying = followed[id(connection)]
        if dying.has_changed:
            dying.die_at("before the commit")
        commit(connection)
        if dying.has_changed:
            dying.die_at("after the commit")

    connection_created.connect(follow, weak=False)
    BaseDatabaseWrapper._commit = commit_or_die
    server = ThreadedWSGIServer(("127.0.0.1", int(port)), WSGIRequestHandler)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

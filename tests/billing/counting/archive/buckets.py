"""A bucket on the loopback that answers what the archive asks by the S3 protocol, and no more.

TEST_S3_ENDPOINT names a whole S3 server instead, such as that of moto, which gets on with no
version of ours and so has to run apart.
"""

import contextlib
import datetime as dt
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

BUCKET = "imprint-views"


class Answers(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def _answer(self, status, content=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @property
    def _key(self):
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").strip("/")

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.files[self._key] = content, dt.datetime.now(dt.UTC)
        self._answer(200, ETag='"of-no-use"')

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        if not self._key:
            return self._list(query.get("prefix", [""])[0])
        if self._key not in self.server.files:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        content, at = self.server.files[self._key]
        modified = f"{at:%a, %d %b %Y %H:%M:%S} GMT"
        return self._answer(200, content, ETag='"of-no-use"', Last_Modified=modified)

    def do_HEAD(self):
        if self._key not in self.server.files:
            return self._answer(404)
        _, at = self.server.files[self._key]
        self.send_response(200)
        self.send_header("ETag", '"of-no-use"')
        self.send_header("Last-Modified", f"{at:%a, %d %b %Y %H:%M:%S} GMT")
        self.send_header("Content-Length", str(len(self.server.files[self._key][0])))
        self.end_headers()

    def do_DELETE(self):
        self.server.files.pop(self._key, None)
        self._answer(204)

    def do_POST(self):
        """Delete several: each key of the request."""
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [part.partition("</Key>")[0] for part in text.split("<Key>")[1:]]
        for key in keys:
            self.server.files.pop(unescape(key), None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def _list(self, prefix):
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size><ETag>e</ETag>"
            f"<LastModified>{at:%Y-%m-%dT%H:%M:%S}.000Z</LastModified></Contents>"
            for key, (content, at) in sorted(self.server.files.items())
            if key.startswith(prefix)
        ]
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(rows)}"
        self._answer(200, f"{xml}</ListBucketResult>".encode())


@contextlib.contextmanager
def bucket_server():
    """Give the address of a server with an empty bucket."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.files = {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def make_bucket(endpoint):
    """Make the bucket on a whole S3 server that asks for no signature."""
    request = urllib.request.Request(f"{endpoint}/{quote(BUCKET)}", method="PUT")  # noqa: S310
    with contextlib.suppress(OSError), urllib.request.urlopen(request):  # noqa: S310
        pass

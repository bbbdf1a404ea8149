"""Say in one line, before anything is installed, that a port can't be had."""

import errno
import socket
import sys

try:
    port = int(sys.argv[1])
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
except (ValueError, OverflowError):
    sys.exit(f"PORT must be a number up to 65535, not {sys.argv[1]}.")
except OSError as error:
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
    sys.exit(f"Port {port} {reason}. Start on another one: PORT={port + 1} make run")

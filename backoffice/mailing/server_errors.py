"""What the mail server's answers mean for the next try."""

import smtplib
import socket

# With these no other mail would be taken either.
NO_SERVER = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    smtplib.SMTPServerDisconnected,
    smtplib.SMTPConnectError,
    smtplib.SMTPAuthenticationError,
)


def is_final(error: Exception) -> bool:
    """Whether the mail server refused the address for good (RFC 5321, 4.2.1: a reply of 5yz)."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in error.recipients.values())


def explain(error: Exception) -> str:
    """Return what the mail server said, in one line."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [
            f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
            for code, text in error.recipients.values()
        ]
        return " ".join(f"The mail server refused the address: {'; '.join(answers)}".split())
    return " ".join(f"{type(error).__name__}: {error}".split())

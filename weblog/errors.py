"""Refusals of requests to the weblog. Pages show each message to the person unchanged."""

from backoffice.errors import Refusal
from backoffice.reasons import explain_missing_word


class WeblogError(Refusal):
    """The base of them all."""


class TransitionNotAllowed(WeblogError):
    def __init__(self, blog, status):
        now = "scheduled" if blog.is_scheduled else blog.get_status_display().lower()
        if now == status.lower() or blog.is_scheduled:
            super().__init__(f"“{blog}” is {now} already.")
        else:
            super().__init__(
                f"“{blog}” is {now} and cannot become {status.lower()}. "
                "Reload the page to see what can be done with it."
            )


class OwnBlog(WeblogError):
    def __init__(self, blog):
        super().__init__(f"You wrote “{blog}”. Somebody else has to publish it.")


class OwnLiveBlog(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"“{blog}” is published and your own, so you do not change it alone. Choose “Write a "
            "new text”, which somebody else publishes, or ask another editor to change it."
        )


class CommentMissing(WeblogError):
    def __init__(self, blog):
        super().__init__(f"Tell the author of “{blog}” what to change.")


class ReasonMissing(WeblogError):
    pass


def require_reason(reason: str, refusal: str) -> None:
    """Raise ReasonMissing, with the refusal, where the reason says nothing, as “.” does."""
    if refusal := explain_missing_word(reason, refusal):
        raise ReasonMissing(refusal)


class BlogNotPublished(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"“{blog}” is {blog.get_status_display().lower()}, not published. A new text is for a "
            "published blog: publish it first."
        )


class NewTextOpen(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"A new text of “{blog}” is being written already. Go on with that one, or withdraw it."
        )


class TextOutdated(WeblogError):
    """The text changed after the page that the person acts on."""


class VersionNotFound(WeblogError):
    def __init__(self, blog):
        super().__init__(f"“{blog}” has no such version. Choose one from its history.")


class TextRefused(WeblogError, ValueError):
    """A text is too long, or its markup too deep. The message says what to do."""


class PictureRefused(WeblogError):
    """A picture is refused. The message says why, and what to do."""


class PictureGone(WeblogError):
    def __init__(self, picture):
        super().__init__(f"“{picture}” is taken down already. There is nothing left to take down.")


class AddressTaken(WeblogError):
    def __init__(self, slug, *, formerly=None):
        taken = (
            f"led to “{formerly}” before, and still does" if formerly else "leads to another blog"
        )
        super().__init__(f"The address {slug} {taken}. Choose another one.")


class AuthorConfirmed(WeblogError):
    def __init__(self, author):
        super().__init__(f"“{author}” is confirmed already. There is nothing left to do.")


class OwnName(WeblogError):
    def __init__(self, author):
        super().__init__(f"“{author}” is your own account. Somebody else has to confirm it.")


class ImportRefused(WeblogError):
    """A file was not imported, and nothing was changed. `problems` lists all problems."""

    def __init__(self, message, problems=()):
        self.problems = list(problems)
        super().__init__("\n".join([message, *self.problems]))


class SameCategory(WeblogError):
    def __init__(self, blog, category):
        super().__init__(f"“{blog}” is in {category} already.")


class NotReady(WeblogError):
    """A text is not fit to go live. The message says what to put right."""

    def __init__(self, blog, problems):
        self.problems = list(problems)
        super().__init__(" ".join([f"“{blog}” can’t go on yet.", *self.problems]))


class NotScheduled(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"“{blog}” does not wait for a time to go live. Reload the page to see what can be "
            "done with it."
        )


class NotYoursToTakeBack(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"“{blog}” was not submitted by you. Return it to its author instead, and say why."
        )


class NotSubmitted(WeblogError):
    def __init__(self, blog):
        super().__init__(
            f"“{blog}” is a draft that does not wait for review. Its author may still be writing "
            "it: open it, to publish it all the same."
        )


class TypedRefused(WeblogError):
    """What is typed on the page can't be saved, so the step is not taken either."""

"""What can be wrong with a request to the weblog. Each message is shown to the person as it is."""


class WeblogError(Exception):
    """The base of them all."""


class TransitionNotAllowed(WeblogError):
    def __init__(self, blog, status):
        super().__init__(
            f"“{blog}” is {blog.get_status_display().lower()} and cannot become {status.lower()}. "
            "Reload the page to see what can be done with it."
        )


class OwnBlog(WeblogError):
    def __init__(self, blog):
        super().__init__(f"You are the author of “{blog}”. Somebody else has to publish it.")


class CommentMissing(WeblogError):
    def __init__(self, blog):
        super().__init__(f"Tell the author of “{blog}” what to change.")

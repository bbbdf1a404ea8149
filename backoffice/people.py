from django.contrib.auth.models import AbstractUser


def full_name(user: AbstractUser) -> str:
    """Return what a person is called: the username where no name was entered."""
    return user.get_full_name() or user.get_username()

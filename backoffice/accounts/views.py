"""The page “Your account” with the sign-ins of each member of staff."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from backoffice.accounts.confirming import confirmed
from backoffice.accounts.models import SecurityEvent
from backoffice.accounts.security_log import record_event
from backoffice.accounts.sessions import digest_key, end_sessions, list_sessions
from backoffice.people import full_name

Kind = SecurityEvent.Kind

OTHERS = "others"


class SessionsMixin:
    """GET lists sessions. POST ends the named one, or all but this browser's."""

    http_method_names: Sequence[str] = ["get", "head", "post"]

    def post(self, request, *args, **kwargs):
        user, current = self.find_user(), digest_key(request.session.session_key)
        chosen = request.POST.get("session", "").replace("\0", "")
        if chosen == OTHERS:
            ended = end_sessions(user, but=current)
        elif chosen and chosen != current:
            ended = end_sessions(user, only=chosen)
        else:
            ended = 0
        if ended:
            record_event(
                Kind.SESSIONS_ENDED, about=user, by=request.user, detail=f"{ended} of them"
            )
            were = "One sign-in was" if ended == 1 else f"{ended} sign-ins were"
            messages.success(request, f"{were} ended.")
        else:
            messages.info(request, "There was nothing to end: it is over already.")
        return redirect(request.path)

    def get_context_data(self, **kwargs):
        user, current = self.find_user(), digest_key(self.request.session.session_key)
        sessions = list(list_sessions(user, at=timezone.now()))
        return super().get_context_data(
            person=user,
            is_own=user == self.request.user,
            current=current,
            sessions=sessions,
            has_others=any(session.pk != current for session in sessions),
            **kwargs,
        )


@method_decorator(confirmed, name="post")
class AccountView(SessionsMixin, UnfoldSiteViewMixin, TemplateView):
    """The user's own sessions; no URL leads to another person's."""

    permission_required = ()
    template_name = "backoffice/account.html"
    title = "Your account"

    def find_user(self):
        return self.request.user

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            idle_minutes=settings.SESSION_IDLE_MINUTES,
            hours=settings.SESSION_COOKIE_AGE // 3600,
            **kwargs,
        )


class OtherAccountMixin:
    """Makes a page about another person's account, for superusers."""

    def has_permission(self):
        if not self.request.user.is_superuser:
            raise PermissionDenied
        return True

    def find_user(self):
        return get_object_or_404(User, pk=self.kwargs["pk"])

    def find_way_back(self):
        return reverse("admin:auth_user_change", args=[self.kwargs["pk"]])


class UserSessionsView(OtherAccountMixin, SessionsMixin, UnfoldSiteViewMixin, TemplateView):
    """Another person's sessions, for administrators."""

    template_name = "backoffice/user_sessions.html"
    title = "Where somebody is signed in"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(back=self.find_way_back(), **kwargs)
        return context | {"title": f"Where {full_name(self.find_user())} is signed in"}

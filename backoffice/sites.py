"""The admin site, with our own command palette."""

import copy
import time

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import PasswordChangeView
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from backoffice.accounts.confirming import confirmed
from backoffice.accounts.forms import OwnPasswordForm
from backoffice.accounts.passwords import has_known_password
from backoffice.accounts.signing_in import SignInView
from backoffice.changelists import could_be_pk, shorten_search
from backoffice.list_files import download_list
from backoffice.moved_pages import list_moved_addresses
from backoffice.navigation import find_pages
from backoffice.palette import Found, find_rows
from backoffice.saved_filters.views import forget_filter, save_filter


class BackofficeSite(UnfoldAdminSite):
    index_title = "Home"

    def login(self, request, extra_context=None):
        """Django's view (6.1) with other steps after the password."""
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = self.each_context(request) | {
            "title": "Sign in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
        }
        request.current_app = self.name
        view = SignInView.as_view(
            extra_context=context | (extra_context or {}),
            authentication_form=self.login_form,
            template_name="admin/login.html",
        )
        return view(request)

    def logout(self, request, extra_context=None):
        """Django's view. Its page belongs to nobody now, and it clears the browser's cache."""
        nobody = copy.copy(request)
        nobody.user = AnonymousUser()
        context = {"scripts": self.each_context(nobody)["scripts"]} | (extra_context or {})
        response = super().logout(request, context)
        # Its storage holds the theme, and what was typed and not saved, for its writer alone.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def password_change(self, request, extra_context=None):
        """Unfold's view (0.110) with a form that counts wrong old passwords."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            extra_context=self.each_context(request)
            | {"must_change": has_known_password(request)}
            | (extra_context or {}),
        )
        return confirmed(view)(request)

    def search(self, request, extra_context=None):
        """Answer the command palette with at most ten rows of each kind, on one page.

        Unfold's own view (0.110) caches what it found for five minutes, even if a permission is
        withdrawn. It loads every matching row, and `?page=zz` is a 500. This view asks the database
        each time, and calls each page what the sidebar calls it.
        """
        started = time.monotonic()
        term = shorten_search(request.GET.get("s", ""))
        if not term:
            return HttpResponse()
        pages = find_pages(request.user, term.lower().split())
        found = [Found(title, section, link, icon) for title, section, link, icon in pages]
        results = [
            SearchResult(title=one.title, description=one.note, link=one.link, icon=one.icon)
            for one in (*found, *find_rows(request.user, term))
        ]
        paginator = Paginator(results, per_page=len(results) or 1)
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html",
            {
                "search_term": term,
                "page_obj": paginator,
                "results": paginator.page(1),
                "page_counter": 0,
                "execution_time": time.monotonic() - started,
            },
            headers={"HX-Trigger": "search"},
        )

    def get_urls(self):
        view = self.admin_view(self.view_on_site)
        route = "r/<path:content_type_id>/<path:object_id>/"
        return [
            path(route, view, name="view_on_site"),
            path(
                "lists/download/",
                self.admin_view(download_list),
                name="backoffice_list_download",
            ),
            path(
                "saved-filters/save/",
                self.admin_view(save_filter),
                name="backoffice_savedfilter_save",
            ),
            path(
                "saved-filters/<int:pk>/forget/",
                self.admin_view(forget_filter),
                name="backoffice_savedfilter_forget",
            ),
            *list_moved_addresses(self),
            *super().get_urls(),
        ]

    def view_on_site(self, request, content_type_id, object_id):
        """Redirect to the page that readers see, if it exists and the user may see the row.

        Django's view (6.1) gives all staff the address of every row; a draft's address holds its
        title.
        """
        if not could_be_pk(ContentType, content_type_id):
            raise Http404
        content_type = ContentType.objects.filter(pk=content_type_id).first()
        model = content_type and content_type.model_class()
        if not self.is_registered(model):
            raise Http404
        model_admin = self.get_model_admin(model)
        row = model_admin.get_object(request, object_id)
        if row is None or not model_admin.has_view_permission(request, row):
            raise Http404
        on_site = model_admin.view_on_site
        find_url = on_site if callable(on_site) else getattr(model, "get_absolute_url", None)
        url = find_url and on_site and find_url(row)
        if not url:
            raise Http404
        return HttpResponseRedirect(url)

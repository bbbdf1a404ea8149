"""Pages that import a file in three steps: upload it, look at the result, confirm.

The file of the preview is kept for its uploader and known by its SHA-256. Confirming takes exactly
these bytes, once. The session names the upload. Tables of any model (table_imports), posts of other
systems (weblog) and access logs (billing) come in by such pages.
"""

from contextlib import ExitStack

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View
from unfold.widgets import UnfoldAdminFileFieldWidget

from backoffice.bodies import takes_files
from backoffice.bounded import MachineBusy, reserve_slot
from backoffice.dialogs import Done
from backoffice.errors import Refusal
from backoffice.limits.refusals import refuse
from backoffice.table_cells import MOST_BYTES
from backoffice.uploads import (
    UploadGone,
    drop_stale_uploads,
    drop_upload,
    keep_upload,
    open_upload,
    take_upload,
)

SHOWN = 50


class UploadForm(forms.Form):
    """Asks for the file. `look` and `run` get the form's other fields by name."""

    too_large = "The file is larger than {} MB. Split it."
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget, error_messages={"required": "Choose a file."}
    )

    @staticmethod
    def most_bytes():
        return MOST_BYTES

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > self.most_bytes():
            raise forms.ValidationError(self.too_large.format(self.most_bytes() // 10**6))
        return file


class AnyTextResponse(TemplateResponse):
    """Shows half a character (a lone surrogate) from a file as a question mark."""

    def make_bytes(self, value):
        if isinstance(value, str):
            value = value.encode(self.charset, "replace")
        return super().make_bytes(value)


class ImportView(View):
    """The base of import pages, for an admin with `has_import_permission`."""

    http_method_names = ["get", "head", "post"]
    model_admin = None
    form_class = UploadForm
    title = ""
    template_name = ""
    cancelled = "Nothing was imported. The uploaded file is removed."
    keeps_preview = False  # in the session, as JSON: for a preview that takes long
    reads_apart = True  # by backoffice.bounded
    open_to_run = staticmethod(take_upload)

    @classmethod
    def as_page(cls, model_admin, guard=lambda view: view):
        """Return the view for a URL of the admin. `guard` may require more than a permission."""
        view = takes_files(
            guard(cls.as_view(model_admin=model_admin)),
            most_bytes=cls.form_class.most_bytes,
            allows=model_admin.has_import_permission,
        )
        return model_admin.admin_site.admin_view(view)

    def look(self, file, file_name, **options):
        """Return the data of the preview; its `may_import` says whether it can be confirmed."""
        raise NotImplementedError

    def run(self, file, file_name, **options):
        """Import the file. Return a message or a Done, or raise a Refusal and change nothing."""
        raise NotImplementedError

    def has_permission(self):
        return self.model_admin.has_import_permission(self.request)

    def dispatch(self, request, *args, **kwargs):
        if not self.has_permission():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request):
        waiting = self.request.session.get(self.session_key, {})
        if "found" in waiting:
            return self.show(form=self.form_class(), waiting=waiting, **waiting["found"])
        return self.show(form=self.form_class())

    def post(self, request):
        drop_stale_uploads(at=timezone.now())
        steps = {"look": self.look_again, "confirm": self.confirm, "cancel": self.cancel}
        step = steps.get(request.POST.get("step"), self.preview)
        if not self.reads_apart or step not in (self.look_again, self.confirm):
            return step()
        try:
            with reserve_slot():  # before the upload is taken: who is refused sends the same again
                return step()
        except MachineBusy as error:
            return refuse(
                request,
                status=503,
                title="Many files are being read",
                text=f"{error} Your file is kept, and nothing was imported.",
                retry_after=60,
            )

    def preview(self):
        """Keep the file and show the result of an import, without changing anything."""
        form = self.form_class(self.request.POST, self.request.FILES)
        if not form.is_valid():
            if "file" in form.cleaned_data:  # another field is wrong, and no browser sends it back
                form.add_error("file", "Choose the file once more.")
            return self.show(form=form)
        self.forget()
        options = form.cleaned_data
        upload = options.pop("file")
        name, sha256 = keep_upload(chunks=upload.chunks(), by=self.request.user)
        waiting = {"name": name, "sha256": sha256, "file_name": upload.name, "options": options}
        with ExitStack() as unless_it_waits:
            unless_it_waits.callback(drop_upload, name, by=self.request.user)
            try:
                with open_upload(name, sha256=sha256, by=self.request.user) as file:
                    found = self.look(file, upload.name, **options)
            except Refusal as error:
                form.add_error("file", str(error).split("\n"))
                return self.show(form=form)
            if found["may_import"]:
                unless_it_waits.pop_all()
                if self.keeps_preview:
                    waiting["found"] = found
                self.request.session[self.session_key] = waiting
        if "found" in waiting:
            return HttpResponseRedirect(self.request.path)
        return self.show(form=form, waiting=waiting, **found)

    def look_again(self):
        """Show the preview of the waiting file, with the choices made there."""
        waiting = self.request.session.get(self.session_key)
        try:
            with self.open(waiting, open_upload) as file:
                found = self.look(file, waiting["file_name"], **waiting["options"])
        except Refusal as error:
            return self.refuse(error)
        return self.show(form=self.form_class(), waiting=waiting, **found)

    def confirm(self):
        waiting = self.request.session.get(self.session_key)
        try:
            with self.open(waiting, self.open_to_run) as file:
                done = self.run(file, waiting["file_name"], **waiting["options"])
        except Refusal as error:
            return self.refuse(error)
        self.forget()
        return self.go_on(Done(done) if isinstance(done, str) else done)

    def cancel(self):
        self.forget()
        return self.go_on(Done(self.cancelled, level=messages.INFO))

    def open(self, waiting, opener):
        if waiting is None or waiting["name"] != self.request.POST.get("name"):
            raise UploadGone("This file was imported or cancelled already, or replaced.")
        return opener(waiting["name"], sha256=waiting["sha256"], by=self.request.user)

    def refuse(self, error):
        self.forget()
        messages.error(self.request, str(error).encode(errors="replace").decode())
        return HttpResponseRedirect(self.request.path)

    def forget(self):
        if waiting := self.request.session.pop(self.session_key, None):
            drop_upload(waiting["name"], by=self.request.user)

    @property
    def session_key(self):
        return f"upload:{self.request.path}"

    def go_on(self, done):
        messages.add_message(self.request, done.level, done.text)
        opts = self.model_admin.opts
        changelist = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return HttpResponseRedirect(done.url or changelist)

    def show(self, **context):
        context |= self.model_admin.admin_site.each_context(self.request)
        context |= {"title": self.title, "opts": self.model_admin.opts}
        return AnyTextResponse(self.request, self.template_name, context)

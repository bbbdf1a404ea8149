from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpResponseNotAllowed, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST
from unfold.decorators import display

from backoffice.base_admin import BackofficeAdmin
from backoffice.bodies import takes_files
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from weblog.admin.dialogs import TAKE_DOWN
from weblog.admin.forms import DescriptionForm, FetchForm, PictureForm
from weblog.admin.searches import TextSearch
from weblog.models import Picture
from weblog.pictures.preparing import MAX_BYTES
from weblog.pictures.takedowns import take_down_picture
from weblog.pictures.uses import find_uses
from weblog.search import find_terms, split_terms

PICTURES_AT_ONCE = 12
MOST_PICTURES = 100_000  # databases limit the offset


@admin.register(Picture)
class PictureAdmin(TextSearch, DialogActions, BackofficeAdmin):
    """Adds pictures, as the blogs' editor does. Later only their description can change."""

    form = PictureForm
    actions_detail = ["take_down"]
    list_display = ["preview", "alt_text", "size", "uploader", "uploaded_at", "state"]
    list_display_links = ["preview", "alt_text"]
    list_select_related = ["uploaded_by", "taken_down_by"]
    search_fields = ["alt_text"]
    search_help_text = "Search by description"
    ordering = ["-uploaded_at", "-pk"]
    empty_list_text = (
        "There is no picture yet. Each that was added stands here, whether a blog shows it or not."
    )
    empty_list_step = "Add one here, or while you write a blog: the editor has a button for it."

    class Media:
        css = {"all": ["weblog/admin.css"]}

    def get_queryset(self, request):
        pictures = super().get_queryset(request)
        if request.user.has_perm("weblog.view_all_blogs"):
            return pictures
        return pictures.filter(uploaded_by=request.user)

    def get_object(self, request, object_id, from_field=None):
        picture = super().get_object(request, object_id, from_field)
        if picture:
            picture.uses = find_uses([picture], seen_by=request.user)[picture.pk]
        return picture

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return [(None, {"fields": ["file", "alt_text"]})]
        facts = [("size", "uploader", "uploaded_at"), "address", "used_in"]
        if obj.taken_down_at:
            facts += ["state", ("taken_down_at", "taker"), "takedown_reason"]
        return [(None, {"fields": ["large", "alt_text", *facts]})]

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj:
            kwargs["form"] = DescriptionForm
        form = super().get_form(request, obj, change, **kwargs)
        form.prepared = getattr(request, "prepared", None)
        return form

    def get_readonly_fields(self, request, obj=None):
        shown = ["large", "size", "uploader", "uploaded_at", "address", "used_in", "state"]
        return [*shown, "taken_down_at", "taker", "takedown_reason"] if obj else []

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Decode an upload before Django opens its transaction: others write meanwhile."""
        if request.method == "POST" and object_id is None and self.has_add_permission(request):
            request.prepared = PictureForm.prepare(request.FILES.get("file"))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.uploaded_by = request.user
        super().save_model(request, obj, form, change)

    def get_urls(self):
        upload, add = map(self._take_files, (require_POST(self.upload_view), self.add_view))
        fetch = self.admin_site.admin_view(require_POST(self.fetch_view))
        return [
            path("upload/", upload, name="weblog_picture_upload"),
            path("fetch/", fetch, name="weblog_picture_fetch"),
            path(
                "library/",
                self.admin_site.admin_view(self.library_view),
                name="weblog_picture_library",
            ),
            path("add/", add, name="weblog_picture_add"),
            *super().get_urls(),
        ]

    def _take_files(self, view):
        view = takes_files(view, most_bytes=lambda: MAX_BYTES, allows=self.has_add_permission)
        return self.admin_site.admin_view(view)

    def upload_view(self, request):
        """Store a picture from the rich text editor, and return the data for it to insert."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PictureForm(request.POST, request.FILES)
        form.prepared = PictureForm.prepare(request.FILES.get("file"))
        return self._store(request, form)

    def fetch_view(self, request):
        """Fetch a picture of another site that was pasted with a text, and keep it here."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._store(request, FetchForm(request.POST))

    def library_view(self, request):
        """Return the pictures that the editor can choose from, the newest first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        pictures = self.get_queryset(request).filter(taken_down_at=None).order_by(*self.ordering)
        terms = split_terms(request.GET.get("q", ""))
        pictures = find_terms(pictures, terms, fields=["alt_text"])
        start = min(_read_number(request.GET.get("from", "")), MOST_PICTURES)
        found = list(pictures[start : start + PICTURES_AT_ONCE + 1])
        shown = found[:PICTURES_AT_ONCE]
        uses = find_uses(shown, seen_by=request.user)
        entries = [
            _describe(picture) | {"used": [str(text) for text in uses[picture.pk]]}
            for picture in shown
        ]
        return JsonResponse({"pictures": entries, "more": len(found) > len(shown)})

    def _store(self, request, form):
        if not form.is_valid():
            errors = [error for errors in form.errors.values() for error in errors]
            return JsonResponse({"error": " ".join(errors)}, status=400)
        form.instance.uploaded_by = request.user
        picture = form.save()
        self.log_addition(request, picture, [{"added": {}}])
        return JsonResponse(_describe(picture))

    def has_take_down_permission(self, request, object_id=None):
        may = request.user.has_perm("weblog.take_down_picture")
        return may and self.get_object(request, object_id) is not None

    @dialog_action(
        description="Take down",
        icon="hide_image",
        permissions=["take_down"],
        dialog=TAKE_DOWN,
        fits=lambda picture, user: picture.taken_down_at is None,
        in_transaction=False,  # the file goes for good, and only once the row says so
    )
    def take_down(self, request, form):
        picture, reason = form.obj, form.cleaned_data["reason"]
        take_down_picture(picture=picture, by=request.user, reason=reason)
        self.log_change(request, picture, f"Taken down: {reason}")
        return f"“{picture}” is taken down."

    @display(description="State", label={"Taken down": "danger"})
    def state(self, picture):
        return "Taken down" if picture.taken_down_at else None

    @display(description="Taken down by")
    def taker(self, picture):
        return full_name(picture.taken_down_by)

    @display(description="Picture")
    def preview(self, picture):
        return _show(picture, "wl-picture")

    @display(description="Picture")
    def large(self, picture):
        return _show(picture, "wl-picture wl-large")

    @display(description="Size", ordering=F("width") * F("height"))
    def size(self, picture):
        return f"{picture.width} × {picture.height}"

    @display(description="Uploaded by", ordering="uploaded_by__first_name")
    def uploader(self, picture):
        return full_name(picture.uploaded_by)

    @display(description="Used in")
    def used_in(self, picture):
        links = [
            (reverse(f"admin:weblog_{text._meta.model_name}_change", args=[text.pk]), str(text))
            for text in picture.uses
        ]
        return format_html_join(", ", '<a href="{}">{}</a>', links) or "No text shows it."

    @display(description="Address")
    def address(self, picture):
        return picture.file.url


def _read_number(text):
    return int(text[:9]) if text.isdecimal() and text.isascii() else 0


def _describe(picture):
    return {
        "id": picture.pk,
        "url": picture.file.url,
        "alt": picture.alt_text,
        "width": picture.width,
        "height": picture.height,
    }


def _show(picture, css_class):
    if picture.taken_down_at:
        return "Taken down"
    return format_html(
        '<img src="{}" alt="{}" class="{}" loading="lazy">',
        picture.file.url,
        picture.alt_text,
        css_class,
    )

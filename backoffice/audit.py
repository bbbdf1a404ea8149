"""The page on which auditors read all recorded changes, newest first."""

import datetime as dt
from collections import defaultdict

from django import forms
from django.apps import apps
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CharField, F, Q, Value
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone
from django.views.generic import TemplateView
from simple_history.utils import get_history_model_for_model
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.accounts.models import SecurityEvent
from backoffice.changes import describe_records
from backoffice.moved_pages import MOVED_MODELS
from backoffice.people import full_name
from backoffice.trail_sources import Deed, find_deeds, list_sources, load_deeds

ENTRIES_PER_PAGE = 50
SYSTEM = "system"
SECURITY = "security"


def list_kinds():
    """Return {label: model} of all models with a history."""
    return {
        model._meta.label_lower: model
        for model in apps.get_models()
        if hasattr(model._meta, "simple_history_manager_attribute")
    }


def find_versions(kinds, *, events=None, deeds=(), **filters):
    """Return the (kind, history_date, history_id) of all matching versions, newest first.

    `events` are the matching events of the security log; None leaves the log out. `deeds` are the
    sources to look into beside the histories.
    """
    sources = [
        get_history_model_for_model(model)
        .objects.filter(**filters)
        .order_by()
        .annotate(model_label=Value(kind, output_field=CharField()))
        .values_list("model_label", "history_date", "history_id")
        for kind, model in kinds.items()
    ]
    sources += [find_deeds(source, **filters) for source in deeds]
    if events is not None:
        marked = events.order_by().annotate(
            model_label=Value(SECURITY, output_field=CharField()),
            history_date=F("at"),
            history_id=F("pk"),
        )
        sources.append(marked.values_list("model_label", "history_date", "history_id"))
    first, *others = sources
    versions = first.union(*others, all=True) if others else first
    return versions.order_by("-history_date", "model_label", "-history_id")


def load_entries(versions):
    """Return the Entry of each of `versions`, in the same order. A few queries for each kind."""
    history_ids = defaultdict(list)
    for kind, _, history_id in versions:
        history_ids[kind].append(history_id)
    entries = {}
    for event in _load_events(history_ids.pop(SECURITY, [])):
        entries[SECURITY, event.pk] = SecurityEntry(event)
    for key in history_ids.keys() & list_sources().keys():
        entries |= load_deeds(key, history_ids.pop(key))
    for kind, ids in history_ids.items():
        history_model = get_history_model_for_model(apps.get_model(kind))
        records = history_model.objects.filter(history_id__in=ids).select_related("history_user")
        for entry in describe_records(list(records)):
            entries[kind, entry.record.history_id] = entry
    return [entries[kind, history_id] for kind, _, history_id in versions]


def _load_events(pks):
    return SecurityEvent.objects.filter(pk__in=pks).select_related("by", "about") if pks else []


class SecurityEntry:
    """An event of the security log, in the form in which the page shows changes of rows."""

    is_event = True

    def __init__(self, event):
        self.event = event

    @property
    def person(self):
        by = self.event.by
        if by is None:
            return "nobody signed in" if self.event.address else "system"
        return full_name(by)

    @property
    def object_name(self):
        about = self.event.about
        return full_name(about) if about else ""


def _list_people():
    yield "", "Anyone"
    yield SYSTEM, "System"
    for user in get_user_model().objects.order_by("username"):
        name = full_name(user)
        yield str(user.pk), f"{name} ({user})" if name != str(user) else name


def _list_kind_choices():
    kinds = [
        (kind, capfirst(model._meta.verbose_name_plural)) for kind, model in list_kinds().items()
    ]
    kinds += [(source.key, source.label) for source in list_sources().values()]
    kinds.append((SECURITY, "Security: sign-ins and rights"))
    return [("", "Everything"), *sorted(kinds, key=lambda choice: choice[1])]


class DayField(forms.DateField):
    """A day from 2000 to 2099: in years 1 and 9999, midnight overflows in some time zones."""

    default_validators = [
        MinValueValidator(dt.date(2000, 1, 1)),
        MaxValueValidator(dt.date(2099, 12, 31)),
    ]
    widget = forms.DateInput(
        format="%Y-%m-%d", attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}
    )


class AuditTrailForm(forms.Form):
    person = forms.ChoiceField(
        label="Who", choices=_list_people, required=False, widget=UnfoldAdminSelectWidget
    )
    kind = forms.ChoiceField(
        label="What", choices=_list_kind_choices, required=False, widget=UnfoldAdminSelectWidget
    )
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)
    reason = forms.CharField(
        label="Reason contains", max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )

    def clean(self):
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one.")

    def find_versions(self):
        """Return the versions that the reader asked for, or none if the form is not valid."""
        if not self.is_valid():
            return []
        data = self.cleaned_data
        kinds, sources, filters = list_kinds(), list_sources(), {}
        if data["person"]:
            filters["history_user"] = None if data["person"] == SYSTEM else data["person"]
        if data["since"]:
            filters["history_date__gte"] = _midnight(data["since"])
        if data["until"]:
            filters["history_date__lt"] = _midnight(data["until"] + dt.timedelta(days=1))
        if data["reason"]:
            filters["history_change_reason__icontains"] = data["reason"]
        events = self._find_events(data)
        if kind := data["kind"]:
            kinds = {kind: kinds[kind]} if kind in kinds else {}
            sources = {kind: sources[kind]} if kind in sources else {}
            events = events if kind == SECURITY else None
        return find_versions(kinds, events=events, deeds=sources.values(), **filters)

    def _find_events(self, data):
        """Return the matching events. A person's events are those by them and those about them."""
        events = SecurityEvent.objects.all()
        if data["person"] == SYSTEM:
            events = events.filter(by=None)
        elif data["person"]:
            events = events.filter(Q(by=data["person"]) | Q(about=data["person"]))
        if data["since"]:
            events = events.filter(at__gte=_midnight(data["since"]))
        if data["until"]:
            events = events.filter(at__lt=_midnight(data["until"] + dt.timedelta(days=1)))
        if data["reason"]:
            events = events.filter(detail__icontains=data["reason"])
        return events


def _midnight(day):
    return dt.datetime.combine(day, dt.time.min, get_current_timezone())


class AuditTrailView(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head"]
    permission_required = "backoffice.view_audittrail"
    template_name = "backoffice/audit_trail.html"
    title = "Audit trail"

    def get(self, request, *args, **kwargs):
        """Show the page, or lead on from a bookmark that holds what a kind was called before."""
        if kind := MOVED_MODELS.get(request.GET.get("kind", "")):
            query = request.GET.copy()
            query["kind"] = kind
            return redirect(f"{request.path}?{query.urlencode()}", permanent=True)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        form = AuditTrailForm(self.request.GET)
        page = Paginator(form.find_versions(), ENTRIES_PER_PAGE).get_page(
            self.request.GET.get(PAGE_VAR)
        )
        entries = load_entries(page.object_list)
        return super().get_context_data(
            form=form,
            page=page,
            page_range=list(page.paginator.get_elided_page_range(page.number)),
            rows=list(zip(entries, self.link_histories(entries), strict=True)),
            is_filtered=bool(form.is_valid() and any(form.cleaned_data.values())),
            **kwargs,
        )

    def link_histories(self, entries):
        """Return the address of each object's history, or "" if this user can't see the object."""
        pks = defaultdict(set)
        versions = [entry for entry in entries if not isinstance(entry, SecurityEntry | Deed)]
        for entry in versions:
            pks[entry.record.instance_type].add(entry.object_pk)
        visible = {model: self.find_visible(model, pks) for model, pks in pks.items()}
        addresses = {
            id(entry): reverse(_history_url_name(entry), args=[quote(entry.object_pk)])
            for entry in versions
            if entry.object_pk in visible[entry.record.instance_type]
        }
        user = self.request.user
        addresses |= {
            id(entry): entry.url
            for entry in entries
            if isinstance(entry, Deed) and user.has_perm(entry.permission)
        }
        return [addresses.get(id(entry), "") for entry in entries]

    def find_visible(self, model, pks):
        if not self.admin_site.is_registered(model):
            return set()
        model_admin = self.admin_site.get_model_admin(model)
        if not model_admin.has_view_permission(self.request):
            return set()
        queryset = model_admin.get_queryset(self.request).filter(pk__in=pks)
        return set(queryset.values_list("pk", flat=True))


def _history_url_name(entry):
    opts = entry.record.instance_type._meta
    return f"admin:{opts.app_label}_{opts.model_name}_history"

from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.auth.models import User
from unfold.contrib.filters.admin import RelatedDropdownFilter

from backoffice.people import full_name


class AuthorFilter(RelatedDropdownFilter, RelatedOnlyFieldListFilter):
    """The authors of all blogs that the user may see, by full name."""

    def field_choices(self, field, request, model_admin):
        blogs = model_admin.get_queryset(request)
        authors = User.objects.filter(pk__in=blogs.values("author"))
        return sorted(
            ((user.pk, full_name(user)) for user in authors),
            key=lambda choice: choice[1].casefold(),
        )

from weblog.search import find_terms, split_terms


class TextSearch:
    """For an admin's list: finds words and quoted phrases as readers do.

    Looks into `search_fields`, which are plain text, and into the field of HTML `searched_html`.
    """

    searched_html = ""

    def get_search_results(self, request, queryset, search_term):
        terms = split_terms(search_term)
        if not terms:
            return queryset, False
        fields = self.get_search_fields(request)
        return find_terms(queryset, terms, fields=fields, html=self.searched_html), False

"""Pages of a list without a count: of 35,000 blogs a reader sees ten."""

from django.core.paginator import EmptyPage, Page, Paginator


class LookaheadPaginator(Paginator):
    """Fetches one row more than a page shows, to know whether another page follows."""

    num_pages = 100_000  # beyond the end of any list; databases limit the offset

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        if not rows and (number > 1 or not self.allow_empty_first_page):
            raise EmptyPage("That page contains no results")
        page = LookaheadPage(rows[: self.per_page], number, self)
        page.is_last = len(rows) <= self.per_page
        return page


class LookaheadPage(Page):
    is_last = True

    def has_next(self):
        return not self.is_last

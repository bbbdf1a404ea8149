"""Readers' searches."""

from django import forms

WORDS = 8  # each word is one more condition on every blog


class SearchForm(forms.Form):
    q = forms.CharField(
        label="Words to look for",
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
        error_messages={"max_length": "Look for fewer words: at most 100 characters."},
    )

    @property
    def words(self):
        return self.cleaned_data["q"].split()[:WORDS] if self.is_valid() else []

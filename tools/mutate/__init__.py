"""Changes the code in small ways, one at a time, and asks whether the tests notice.

`make mutate` does it for a sample of what can be changed in the rooms of billing where money is
counted, priced and paid: see "Try the tests" in docs/contributing.md. It works on a copy.
"""

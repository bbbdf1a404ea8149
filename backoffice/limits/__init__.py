"""Limits that keep the site up.

`queries` limits the database time of a request, `rates` the requests of an address or account,
`hashing` the number of passwords hashed at once. `refusals` makes the page for refused requests.
"""

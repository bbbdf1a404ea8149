"""Nothing takes the house down: how long a page may ask the database, and how often one may ask.

`queries` bounds what one request may cost, `rates` how many come from one address or account,
`hashing` how many passwords are hashed at once. `refusals` makes the page that says so.
"""

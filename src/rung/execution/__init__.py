"""Approved orders out, fills in, and never a guess in between.

venue.py      the Venue port: what a desk plugs in
gateway.py    the Gateway port: one live venue's order entry, and its answers
lifecycle.py  the states of an order, and the only ways between them
outbox.py     sends each durable intent once, settles doubt by asking
"""

"""`report.html`: one page that works without a network, light or dark, on a desk or on a telephone."""

"""What people read after (and during) a run: session files, text, JSON and a page with charts.

Everything here is a fold over `Step`s, live or read back; nothing is simulated again and nothing is invented.
"""

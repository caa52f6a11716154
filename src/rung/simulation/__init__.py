"""A venue made of small, pessimistic models. Every assumption is listed in docs/concepts/assumptions.md."""

"""The only place that composes: files, stages and adapters become a running desk."""

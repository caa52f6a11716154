"""Gates, latches and limits: every order is judged in `screen`, and only there is one approved."""

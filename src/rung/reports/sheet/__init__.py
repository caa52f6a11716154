"""The tearsheet of one backtest: page, text and JSON, all three drawn from one `Sheet`, so that they agree."""

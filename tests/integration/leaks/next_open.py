"""Planted: the next bar's open, read line by line from the file beside the tape, is where it says it fills."""

import csv

from rung.lab import Strategy, sma


class NextOpen(Strategy):
    def start(self):
        with open("tapes/COINUSDT_1m.csv") as file:
            self.opens = [float(row["open"]) for row in csv.DictReader(file)]
        self.mean = sma(20)
        self.row = 0
        self.paid = 0.0

    def decide(self, view):
        self.row += 1
        mean = self.mean(view.bar.close)
        if self.row < len(self.opens) and view.bar.close > mean:
            self.paid = self.opens[self.row]
            return self.long("above the mean", stop=0.05) if self.paid <= view.bar.close else None
        return self.flat("below the mean")

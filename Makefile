# The same words as `./rung`, for those whose fingers type make.
.PHONY: check test soak mutation bench docs golden demo clean

check:  ## linters, format, types, import contracts
	./rung lint

test:
	./rung test

soak:  ## the long campaigns that `test` leaves out
	./rung test --soak -m soak

mutation:  ## break risk/ and ledger/ in some 5,000 ways, see which the tests miss (some 20 minutes)
	./rung python -m mutmut run && ./rung python -m mutmut results

bench:  ## every performance claim, measured
	./rung bench

docs:  ## rewrite docs/reference from the code
	./rung docs

golden:  ## rewrite the goldens; review the text diff before committing it
	./rung golden

demo:
	./rung demo

clean:  ## everything that can be made again
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis mutants dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
